import { parseSelector } from '../../domain/label-selector.ts';
import { readOrder, readRollout } from '../../domain/node-contract.ts';
import type { NodeChange, NodeSight, PodsAtOrder, PodSight, PoolLimits } from './contract.ts';
import { isOurs } from './sight.ts';

/** Whether the worker has written an order in this revision. */
export function isOrdering(change: NodeChange): boolean {
  const { before, now } = change;
  return (
    before !== undefined && now.order !== undefined && now.order !== before.order && isOurs(change)
  );
}

/** Who holds the node, by its record, as an order names it. */
function ownerOf({ rollout }: NodeSight): string {
  const record = readRollout(rollout);
  if (record?.ok) return `${record.value.workflowId}/${record.value.runId}`;
  return record ? 'something unreadable' : 'nothing';
}

/**
 * G2: an order of the worker appears only on a node that is cordoned in the same revision, whose record names the very run
 * that orders, and for the boot that is running. (What is on the node is judged by `podsLeft`.)
 */
export function judgeOrder({ now }: NodeChange): string[] {
  const order = readOrder(now.order);
  if (!order?.ok) return [`the order on ${now.name} cannot be read: ${order?.because ?? ''}`];
  const { bootId, rollout } = order.value;
  const owner = ownerOf(now);
  return [
    ...(now.unschedulable ? [] : [`${now.name} was ordered to reboot while it was not cordoned`]),
    ...(owner === rollout
      ? []
      : [`${now.name} was ordered to reboot by ${rollout}, but its record says ${owner}`]),
    ...(bootId === now.bootId
      ? []
      : [`${now.name} was ordered to reboot boot ${bootId}, but boot ${now.bootId} is running`]),
  ];
}

/**
 * G2: at the revision of the order no pod was on the node but those of DaemonSets, static and finished ones, Lockkeeper's own
 * workers and uninstallation, those the pool's podSelector leaves out and those given up by skipWaitForDeleteTimeout. Pods that came in the last
 * moments before do not count: the worker may have looked just before.
 */
export function podsLeft(
  { pods, atMs }: Pick<PodsAtOrder, 'pods' | 'atMs'>,
  pool: PoolLimits | undefined,
  raceMs: number,
): string[] {
  return (
    pods
      .filter((pod) => !mayStay(pod, pool, atMs))
      // The time is cut to whole seconds, so the pod may have come up to a second later.
      .filter(({ onNodeSinceMs }) => onNodeSinceMs + 1_000 <= atMs - raceMs)
      .map(
        ({ namespace, name, onNodeSinceMs }) =>
          `${namespace}/${name} (there since ${new Date(onNodeSinceMs).toISOString()})`,
      )
  );
}

/**
 * The workers of the shipped manifests, and what uninstalls them, by who made their pods; a hash is written in the letters that
 * Kubernetes takes for one.
 */
const OWN =
  /^lockkeeper\/(Job\/lockkeeper-uninstall|StatefulSet\/lockkeeper-worker|ReplicaSet\/lockkeeper-worker-[bcdfghjklmnpqrstvwxz2456789]+)$/;

function mayStay(pod: PodSight, pool: PoolLimits | undefined, atMs: number): boolean {
  if (staysAnyway(pod)) return true;
  const { podSelector, skipWaitForDeleteTimeoutMs = 0 } = pool ?? {};
  if (podSelector !== undefined && !parseSelector(podSelector)?.(pod.labels)) return true;
  return skipWaitForDeleteTimeoutMs > 0 && goneForMs(pod, atMs) > skipWaitForDeleteTimeoutMs;
}

const staysAnyway = ({ mirror, finished, ownerKind, owner }: PodSight): boolean =>
  mirror || finished || ownerKind === 'DaemonSet' || OWN.test(owner);

function goneForMs({ deletionMs }: PodSight, atMs: number): number {
  return deletionMs === undefined ? 0 : atMs - deletionMs;
}
