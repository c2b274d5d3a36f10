import type { CameBack, PodRules } from '../domain/pod-verdict.ts';
import { backOffRulesOf, type BackOffRules } from '../domain/attempts.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { poolOf, REBOOT_DEFAULTS, RETRY_DEFAULTS, type PoolPolicy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import type { Deps } from './deps.ts';
import { rulesOf, type DrainOptions } from './drain/state.ts';
import { failure, notYet } from './failure.ts';

/** Hash of the policy that a decision followed; absent where an earlier release made it. */
export interface Followed {
  readonly policy?: string;
}

/**
 * The same, with the policy as it is in force now. A step that takes it first follows one policy, and names the one it has
 * followed, also when the file changes in the middle of it.
 */
export function withPolicyNow(deps: Deps): Deps {
  const { policy } = deps;
  const inForce = policy.current();
  const { hash, problems = [] } = policy;
  return { ...deps, policy: { current: () => inForce, hash, problems } };
}

/** The node is not in the pool any more that its rollout was begun for. */
export interface Moved extends Followed {
  readonly kind: 'moved';
  /** The pool it is in now; absent: it is in none, or in two. */
  readonly pool?: string;
  readonly because: string;
}

/** The pool that a rollout takes its node for a member of. */
export interface Place {
  readonly pool: string;
  /** The pool that it took it for a member of before, and until when. */
  readonly before?: { readonly pool: string; readonly untilMs: number };
}

/**
 * While one worker has the new policy file and another still the old one, each puts the node into another pool. Going back at
 * once would be followed by going there again, many times until both have the same, and each time is history.
 */
const NOT_BACK_WITHIN_MS = 2 * 60_000;
const BACK_AGAIN_MS = 5_000;

/**
 * Where the node's labels and the policy in force put it, when that is elsewhere than in this pool. Back where it has just
 * come from is waited for, as a failure that is retried.
 */
export function movedFrom(
  { pool, before }: Place,
  { policy }: Deps,
  { name: node, labels }: NodeFacts,
): Moved | undefined {
  const choice = poolOf(policy.current(), labels);
  const { hash } = policy;
  if (choice.kind === 'none') return { kind: 'moved', because: choice.because, policy: hash };
  const { name } = choice.pool;
  if (name === pool) return undefined;
  if (before?.pool === name && Date.now() < before.untilMs + NOT_BACK_WITHIN_MS) {
    const because = `pool: the policies of the workers differ: ${node} is in ${pool} by one and in ${name} by another`;
    throw notYet('gate-closed', because, BACK_AGAIN_MS);
  }
  const because = `it is in pool ${name} now, and no longer in ${pool}`;
  return { kind: 'moved', pool: name, because, policy: hash };
}

/** The policy of a pool as it is in force now; undefined when it is no longer in the policy. */
export function knownPool(deps: Deps, name: string): PoolPolicy | undefined {
  return deps.policy.current().pools.find((pool) => pool.name === name);
}

/**
 * The pool whose rules a node follows that is out of service: that of its rollout, else, where the rollout was begun without
 * one, that of its labels.
 */
export function poolOfTaken(
  deps: Deps,
  name: string | undefined,
  node: NodeFacts,
): PoolPolicy | undefined {
  if (name !== undefined) return knownPool(deps, name);
  const choice = poolOf(deps.policy.current(), node.labels);
  return choice.kind === 'pool' ? choice.pool : undefined;
}

/** As `knownPool`; a pool that is gone is a failure. */
export function poolPolicy(deps: Deps, name: string): PoolPolicy {
  const pool = knownPool(deps, name);
  if (!pool) throw failure('no-pool', `pool ${name} is no longer in the policy`);
  return pool;
}

export function drainOptions({ drain }: PoolPolicy): DrainOptions {
  const { gracePeriod, podSelector, skipWaitForDeleteTimeout, atOnce, onTimeout, comesBack } =
    drain;
  return {
    ...present({
      gracePeriodMs: gracePeriod,
      podSelector,
      skipWaitForDeleteTimeoutMs: skipWaitForDeleteTimeout,
    }),
    atOnce,
    onTimeout,
    comesBack,
  };
}

/** Which pods of a node have to go, as the pool's policy says. */
export const podRules = (
  { own }: Pick<Deps, 'own'>,
  pool: PoolPolicy,
  cameBack: CameBack,
): PodRules => rulesOf(drainOptions(pool), { cameBack, own });

/** When a node may be tried again, also one of a pool that has left the policy. */
export const backOffRules = (pool: PoolPolicy | undefined): BackOffRules =>
  backOffRulesOf(pool ?? { retry: RETRY_DEFAULTS, reboot: REBOOT_DEFAULTS });
