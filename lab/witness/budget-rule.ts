import type { NodeChange, NodeSight, PoolLimits } from './contract.ts';
import { budgetOf, onlyPoolOf, type RecentLimits } from './pools.ts';
import { isOurs } from './sight.ts';

/** What is known of every node at the moment of a change. */
export interface Standing {
  readonly sight: NodeSight;
  /** Since when it has been out of service without a break; absent while it is in service. */
  readonly outSinceMs?: number;
}

interface Fleet {
  readonly nodes: Iterable<Standing>;
  readonly limits: RecentLimits;
  /** An outage that began this short a time before may not have been seen by the worker in time. */
  readonly raceMs: number;
}

/**
 * The taints by which others say that a node is on its way out, or down, where a policy says nothing else. Written once more, for
 * a key that the worker forgets must not be forgotten here with it.
 */
export const ON_ITS_WAY_OUT = [
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'aws-node-termination-handler/*',
  'cloud.google.com/impending-node-termination',
  'node.cloudprovider.kubernetes.io/shutdown',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'node.kubernetes.io/out-of-service',
  'medik8s.io/*',
];

const isOnItsWayOut = (taint: string): boolean => {
  const [key = ''] = taint.split(/[=:]/);
  return ON_ITS_WAY_OUT.some((known) => known === key || known === key.replace(/\/.*/, '/*'));
};

/** Why a node is out of service; undefined while it is in service. */
export function whyOut(sight: NodeSight): string | undefined {
  const { rollout, deleting, ready, unschedulable, taints } = sight;
  if (rollout !== undefined) return 'is in a rollout';
  if (deleting) return 'is being deleted';
  if (!ready) return 'is NotReady';
  if (unschedulable) return 'is cordoned';
  const taint = taints.find(isOnItsWayOut);
  if (taint !== undefined) return `bears the taint ${taint}`;
  return undefined;
}

/**
 * G1: when the worker takes a node out of service (its record appears on the node; or it cordons or orders a reboot
 * without a record), the node and all others of its pool that are out, whoever took them out, are at most
 * `maxUnavailable`. The node must belong to exactly one pool.
 *
 * Nodes of ours count from the revision on at which they were taken. Outages by others do not count when they began in the
 * last moments before, for then the worker cannot have known. A node that is out already is not counted once more when its
 * reboot is ordered: an outage elsewhere after it was taken is not made worse by finishing.
 */
export function judgeTaking(change: NodeChange, fleet: Fleet): string | undefined {
  if (!isTaking(change)) return undefined;
  const nodes = [...fleet.nodes];
  const verdicts = fleet.limits
    .at(change.atMs)
    .map((pools) => judgeByPools(change, { pools, nodes, raceMs: fleet.raceMs }));
  // Right by any policy of the last seconds is right.
  return verdicts.includes(undefined) ? undefined : verdicts[0];
}

function isTaking(change: NodeChange): boolean {
  const { before, now } = change;
  if (before === undefined || before.rollout !== undefined || !isOurs(change)) return false;
  if (now.rollout !== undefined) return true;
  return (now.unschedulable && !before.unschedulable) || isNew(before.order, now.order);
}

function isNew(before: string | undefined, now: string | undefined): boolean {
  return now !== undefined && now !== before;
}

function judgeByPools(
  { now, atMs }: NodeChange,
  known: { pools: readonly PoolLimits[]; nodes: readonly Standing[]; raceMs: number },
): string | undefined {
  const pool = onlyPoolOf(known.pools, now);
  if (typeof pool === 'string') return `${now.name} was taken out of service, but ${pool}`;
  const members = known.nodes.filter(
    ({ sight }) => onlyPoolOf(known.pools, sight) === pool && sight.name !== now.name,
  );
  const out = members.flatMap(({ sight, outSinceMs = atMs }) => {
    const because = whyOut(sight);
    const couldBeKnown = sight.rollout !== undefined || outSinceMs <= atMs - known.raceMs;
    if (because === undefined || !couldBeKnown) return [];
    return [`${sight.name} ${because} since ${new Date(outSinceMs).toISOString()}`];
  });
  const budget = budgetOf(pool, members.length + 1);
  if (out.length < budget) return undefined;
  return (
    `${now.name} was taken out of service although ${out.length} of at most ${budget} of the pool ` +
    `${pool.name} were out: ${out.join(', ')}`
  );
}
