import type { PodRules } from '../domain/pod-verdict.ts';
import type { RestRules } from '../domain/past.ts';
import { REBOOT_DEFAULTS, RETRY_DEFAULTS, type PoolPolicy } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { rulesOf, type DrainOptions } from './drain/state.ts';
import { failure } from './failure.ts';

/**
 * The same, with the policy as it is in force now. A step that takes it first follows one policy, and names the one it has
 * followed, also when the file changes in the middle of it.
 */
export function withPolicyNow(deps: Deps): Deps {
  const { policy } = deps;
  const inForce = policy.current();
  return { ...deps, policy: { current: () => inForce, hash: policy.hash } };
}

/** The policy of a pool as it is in force now; undefined when it is no longer in the policy. */
export function knownPool(deps: Deps, name: string): PoolPolicy | undefined {
  return deps.policy.current().pools.find((pool) => pool.name === name);
}

/** As `knownPool`; a pool that is gone is a failure. */
export function poolPolicy(deps: Deps, name: string): PoolPolicy {
  const pool = knownPool(deps, name);
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

/** When a node may be tried again. */
export function restRules(pool: PoolPolicy | undefined): RestRules {
  const { pause, longest } = pool?.retry ?? RETRY_DEFAULTS;
  const { perDay } = pool?.reboot ?? REBOOT_DEFAULTS;
  return { pauseMs: pause, longestPauseMs: longest, rebootsPerDay: perDay };
}
