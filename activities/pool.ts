import type { PodRules } from '../domain/pod-verdict.ts';
import { parseSelector } from '../domain/label-selector.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { failure } from './failure.ts';

/** The policy of a pool as it is in force now. */
export function poolPolicy(deps: Deps, name: string): PoolPolicy {
  const pool = deps.policy.current().pools.find((candidate) => candidate.name === name);
  if (!pool) throw failure('no-pool', `pool ${name} is no longer in the policy`);
  return pool;
}

/** Which pods of a node have to go, as the pool's policy says. */
export function podRules({ drain }: PoolPolicy): PodRules {
  const selected = drain.podSelector === undefined ? undefined : parseSelector(drain.podSelector);
  return {
    ...(selected ? { selected } : {}),
    ...(drain.skipWaitForDeleteTimeout
      ? { skipWaitForDeleteTimeoutMs: drain.skipWaitForDeleteTimeout }
      : {}),
  };
}
