import { budgetOf, whyOut } from './budget.ts';
import { AGENT_SILENT_AFTER_MS } from './node-contract.ts';
import { isHeld, wantedSince, type NodeFacts } from './node-facts.ts';
import { isAhead } from './outside.ts';
import { poolOf, type Policy } from './policy.ts';
import { present } from './present.ts';
import { quietOf, type Quiet } from './quiet.ts';
import { troublesOf } from './trouble.ts';

/** Stands for the pool of nodes that are in none, or in two. */
export const NO_POOL = '';

/** What is countable in one pool, at one moment. */
export interface PoolCounts {
  readonly pool: string;
  /** How many nodes are in each state; every node is in exactly one. */
  readonly states: ReadonlyMap<string, number>;
  /** As the lock counts them, without permits that are not used yet. */
  readonly outOfService: number;
  /** Nodes that may be out of service at once; absent for nodes in no pool. */
  readonly mayBeOut?: number;
  /** Nodes that count against the failure budget; absent for nodes in no pool. */
  readonly troubles?: number;
  /** Nodes whose agent has not been heard for too long, or never. */
  readonly silent: number;
  readonly held: number;
  readonly quarantined: number;
  /** Nodes whose latest tries have failed. */
  readonly failing: number;
  /** How long the node that has waited longest has wanted its reboot; 0 when none does. */
  readonly longestWaitMs: number;
  /** Absent while nobody can tell, for nodes in no pool, and where the policy does not ask. */
  readonly quiet?: Quiet;
}

/** Counts every pool of the policy, also an empty one, and the nodes that are in none. */
export function fleetCounts(
  nodes: readonly NodeFacts[],
  policy: Policy,
  nowMs: number,
): PoolCounts[] {
  const members = new Map<string, NodeFacts[]>(policy.pools.map(({ name }) => [name, []]));
  for (const node of nodes) {
    const choice = poolOf(policy, node.labels);
    const pool = choice.kind === 'pool' ? choice.pool.name : NO_POOL;
    const inPool = members.get(pool) ?? [];
    inPool.push(node);
    members.set(pool, inPool);
  }
  return [...members].map(([pool, inPool]) => {
    const counts = countsOf(pool, inPool, { nowMs, awayTaints: policy.awayTaints });
    const rules = policy.pools.find(({ name }) => name === pool);
    if (!rules) return counts;
    const { maxUnavailable, reboot, quietAfter } = rules;
    return {
      ...counts,
      mayBeOut: budgetOf(maxUnavailable, inPool.length),
      troubles: troublesOf(inPool, { reboot, nowMs }).length,
      ...present({ quiet: quietAfter === 'never' ? undefined : quietOf(inPool, nowMs) }),
    };
  });
}

function countsOf(
  pool: string,
  nodes: readonly NodeFacts[],
  { nowMs, awayTaints }: { nowMs: number; awayTaints: readonly string[] },
): PoolCounts {
  const states = new Map<string, number>();
  for (const node of nodes) states.set(stateOf(node), (states.get(stateOf(node)) ?? 0) + 1);
  const count = (is: (node: NodeFacts) => boolean): number => nodes.filter(is).length;
  return {
    pool,
    states,
    outOfService: count((node) => whyOut(node, awayTaints) !== undefined),
    silent: count(({ report }) => isSilent(report?.heardAtMs ?? 0, nowMs)),
    held: count((node) => isHeld(node, nowMs)),
    quarantined: count(({ quarantine }) => quarantine !== undefined),
    failing: count(({ attempts }) => attempts?.failed !== undefined),
    longestWaitMs: Math.max(0, ...nodes.map((node) => waitMs(node, nowMs))),
  };
}

/** Whether an agent has not been heard for too long; what is dated ahead says nothing of when it was said. */
export const isSilent = (heardAtMs: number, nowMs: number): boolean =>
  nowMs - heardAtMs > AGENT_SILENT_AFTER_MS || isAhead(heardAtMs, nowMs);

/** `idle`, `waiting` for its turn, or the phase of the rollout that has the node. */
function stateOf({ rollout, report }: NodeFacts): string {
  if (rollout) return rollout.ok ? rollout.value.phase : 'unreadable';
  return report?.wants === 'required' ? 'waiting' : 'idle';
}

function waitMs(node: NodeFacts, nowMs: number): number {
  return nowMs - (wantedSince(node, nowMs) ?? nowMs);
}
