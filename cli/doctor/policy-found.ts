import { basename, dirname } from 'node:path';
import { parseCalendar } from '../../domain/window/calendar.ts';
import type { CalendarCopy } from '../../domain/window/plan.ts';
import type { Policy } from '../../domain/policy.ts';
import { policyHash } from '../../worker/policy-file.ts';
import { fileText } from '../files.ts';
import { policyIn, type PolicySource } from '../policy-source.ts';
import { CommandFailed } from '../terminal.ts';
import { releaseOf, soon, type Cluster, type Workloads } from './cluster.ts';

/** The policy as it is written for the worker. */
export interface PolicyFound {
  /** Where: a file, or a ConfigMap. */
  readonly where: string;
  readonly hash: string;
  /** Files beside it, by name: calendars. */
  readonly beside: Readonly<Record<string, string>>;
  /** What is wrong with it, or the policy in it. */
  readonly read: PolicySource | { readonly problems: readonly string[] };
}

/** Where the chart mounts it in the worker. */
const MOUNTED_AT = '/etc/lockkeeper';
const KEY = 'policy.yaml';

/** The file that LOCKKEEPER_POLICY names, as it does in the worker's own pod. */
export function policyOfFile(path: string): PolicyFound {
  const text = fileText(path);
  return found(path, { text, name: basename(path), directory: dirname(path) }, {});
}

/** The ConfigMap that the worker mounts. */
export async function policyOfConfigMap(
  { core }: Pick<Cluster, 'core'>,
  namespace: string,
  workloads: Workloads,
): Promise<PolicyFound> {
  const volumes = workloads.worker?.pod?.volumes ?? [];
  const mounted = volumes.find(({ name }) => name === 'policy')?.configMap?.name;
  const name = mounted ?? `${releaseOf(workloads)}-policy`;
  const { data = {} } = await core.readNamespacedConfigMap({ name, namespace }, soon());
  const { [KEY]: text, ...beside } = data;
  if (text === undefined) throw new CommandFailed([`ConfigMap ${name} has no ${KEY}`]);
  return found(`ConfigMap ${name}`, { text, name: KEY, directory: MOUNTED_AT }, beside);
}

function found(
  where: string,
  text: Parameters<typeof policyIn>[0],
  beside: Readonly<Record<string, string>>,
): PolicyFound {
  const hash = policyHash(text.text);
  try {
    return { where, hash, beside, read: policyIn(text) };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { where, hash, beside, read: { problems: error.lines } };
  }
}

/** The policy, where it is one. */
export const policyOf = ({ read }: PolicyFound): Policy | undefined =>
  'policy' in read ? read.policy : undefined;

/** The calendars beside it that can be read, by every place that a window may name them by. */
export function calendarsOf({ beside }: PolicyFound): ReadonlyMap<string, CalendarCopy> {
  return new Map(
    Object.entries(beside).flatMap(([name, text]) => {
      const calendar = parseCalendar(text);
      if ('problems' in calendar) return [];
      return [name, `${MOUNTED_AT}/${name}`].map((place) => [place, { calendar }] as const);
    }),
  );
}
