import type { PodRules } from '../domain/pod-verdict.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { rulesOf, type DrainOptions } from './drain/state.ts';
import { failure } from './failure.ts';

/** The policy of a pool as it is in force now. */
export function poolPolicy(deps: Deps, name: string): PoolPolicy {
  const pool = deps.policy.current().pools.find((candidate) => candidate.name === name);
  if (!pool) throw failure('no-pool', `pool ${name} is no longer in the policy`);
  return pool;
}

export function drainOptions({ drain }: PoolPolicy): DrainOptions {
  const { gracePeriod, podSelector, skipWaitForDeleteTimeout, atOnce, onTimeout } = drain;
  return {
    ...(gracePeriod === undefined ? {} : { gracePeriodMs: gracePeriod }),
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(skipWaitForDeleteTimeout === undefined
      ? {}
      : { skipWaitForDeleteTimeoutMs: skipWaitForDeleteTimeout }),
    atOnce,
    onTimeout,
  };
}

/** Which pods of a node have to go, as the pool's policy says. */
export const podRules = (pool: PoolPolicy): PodRules => rulesOf(drainOptions(pool));
