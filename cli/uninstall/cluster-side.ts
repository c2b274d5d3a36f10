import { setTimeout as pause } from 'node:timers/promises';
import { PatchStrategy, setHeaderOptions, type V1DaemonSet } from '@kubernetes/client-node';
import { absent, statusOf, type KubeClient } from '../../activities/kube/client.ts';
import { listAll } from '../../activities/kube/collection.ts';
import { limited } from '../../activities/kube/request-limit.ts';
import { present } from '../../domain/present.ts';
import { CommandFailed } from '../terminal.ts';
import { leftoversOf, type Leftovers } from './leftovers.ts';
import type { ClusterSide } from './uninstall.ts';

export interface AgentsPlace {
  readonly namespace: string;
  readonly daemonSet: string;
}

const LOOK_EVERY_MS = 500;
const GONE_WITHIN_MS = 120_000;

/** The ClusterSide of a real API server. */
export function clusterSide(client: KubeClient, agents: AgentsPlace): ClusterSide {
  return {
    removeAgents: () => removeAgents(client, agents),
    leftovers: () => leftovers(client),
    clean: (found) => clean(client, found),
  };
}

/** First the DaemonSet, or it would make new ones; then until the last pod is gone, for it writes until then. */
async function removeAgents(
  { apps, core }: KubeClient,
  { namespace, daemonSet: name }: AgentsPlace,
): Promise<void> {
  const found = await apps.readNamespacedDaemonSet({ namespace, name }, limited()).catch(absent);
  if (!found) return;
  const labelSelector = selectorOf(found);
  await apps.deleteNamespacedDaemonSet({ namespace, name }, limited()).catch(absent);
  for (let left = GONE_WITHIN_MS; left > 0; left -= LOOK_EVERY_MS) {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector }, limited());
    if (items.length === 0) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new CommandFailed([
    `pods of ${namespace}/${name} are still there after ${GONE_WITHIN_MS / 1_000} s; their nodes may be away`,
  ]);
}

function selectorOf({ spec }: V1DaemonSet): string {
  const labels = Object.entries(spec?.selector.matchLabels ?? {});
  return labels.map(([key, value]) => `${key}=${value}`).join(',');
}

async function leftovers({ core }: KubeClient): Promise<Leftovers[]> {
  const { items } = await listAll((page) => core.listNode(page, limited()), leftoversOf);
  return items.filter((left) => left !== undefined);
}

/** Annotations, cordon, labels and taint in one update, as they were written; then the conditions, which have a door of their own. */
async function clean({ core }: KubeClient, found: Leftovers): Promise<boolean> {
  const { node: name, annotations, conditions } = found;
  try {
    if (annotations.length > 0) {
      const body = withoutOurs(found);
      await core.patchNode({ name, body }, patching(PatchStrategy.MergePatch));
    }
    if (conditions.length > 0) {
      const gone = conditions.map((type) => ({ type, $patch: 'delete' }));
      const body = { status: { conditions: gone } };
      await core.patchNodeStatus({ name, body }, patching(PatchStrategy.StrategicMergePatch));
    }
    return true;
  } catch (error) {
    if (statusOf(error) === 409) return false;
    absent(error);
    return true;
  }
}

/** As a merge patch, in which null removes a field. */
function withoutOurs({ resourceVersion, annotations, labels, cordon, taint }: Leftovers): object {
  const none = Object.fromEntries(annotations.map((key) => [key, null]));
  const spec = {
    ...(cordon ? { unschedulable: null } : {}),
    ...(taint ? { taints: taint.left.length > 0 ? taint.left : null } : {}),
  };
  return { metadata: { resourceVersion, annotations: none, ...present({ labels }) }, spec };
}

const patching = (how: PatchStrategy) => setHeaderOptions('Content-Type', how, limited());
