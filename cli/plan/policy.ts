import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { absent, answerOf, type KubeClient } from '../../activities/kube/client.ts';
import { limited } from '../../activities/kube/request-limit.ts';
import { policyIn, policyTextAt, type PolicySource } from '../policy-source.ts';
import { CommandFailed } from '../terminal.ts';

export interface PolicyPlace {
  /** A file. */
  readonly policy?: string;
  /** Where it is in the cluster. */
  readonly namespace: string;
  readonly configMap: string;
}

/** The policy of a file, of the worker's own one, or of the cluster, for `use`; a CommandFailed where there is none or a bad one. */
export async function withPolicy<T>(
  { policy: file = process.env['LOCKKEEPER_POLICY'], ...place }: PolicyPlace,
  kube: Pick<KubeClient, 'core'>,
  use: (source: PolicySource) => Promise<T>,
): Promise<T> {
  if (file !== undefined) return await use(policyIn(await policyTextAt(file)));
  const files = await filesOf(place, kube);
  // Calendars are read beside it, as in the worker's pod.
  const directory = await mkdtemp(join(tmpdir(), 'lockkeeper-policy-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, basename(name)), text);
    }
    const name = 'policy.yaml';
    return await use(policyIn({ name, text: files[name] ?? '', directory }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The files in the ConfigMap, as the chart writes it. */
async function filesOf(
  { namespace, configMap: name }: Omit<PolicyPlace, 'policy'>,
  { core }: Pick<KubeClient, 'core'>,
): Promise<Readonly<Record<string, string>>> {
  const asked = { namespace, name };
  const found = await core
    .readNamespacedConfigMap(asked, limited())
    .catch(absent)
    .catch((error: unknown) => {
      throw new CommandFailed([`the policy cannot be read: ${answerOf(error)}`, ADVICE]);
    });
  if (found?.data?.['policy.yaml'] !== undefined) return found.data;
  throw new CommandFailed([`there is no policy in ConfigMap ${namespace}/${name}`, ADVICE]);
}

const ADVICE = 'name its file with --policy, or its ConfigMap with --namespace and --config-map';
