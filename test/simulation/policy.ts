import { Policy } from '../../domain/policy.ts';
import type { PoolLimits } from '../../lab/witness/contract.ts';
import type { PoolPlan } from './plan.ts';

export const poolName = (index: number): string => `pool-${index}`;

const seconds = (ms: number): string => `${Math.round(ms / 1_000)}s`;

export interface PoolNow extends PoolPlan {
  readonly closed?: boolean;
  readonly gone?: boolean;
}

/** The policy file as it reads now; a pool that is gone is in it no more. */
export function policyOf(pools: readonly PoolNow[], scanEveryMs: number): Policy {
  const there = pools.map((pool, index) => ({ pool, index })).filter(({ pool }) => !pool.gone);
  return Policy.parse({
    scanEvery: seconds(scanEveryMs),
    pools: [
      ...there.map(({ pool, index }) => poolText(pool, index, there)),
      // A policy without any pool would be refused.
      { name: 'spare', nodes: 'pool=none', windows: [] },
    ],
  });
}

function poolText(pool: PoolNow, index: number, there: readonly { index: number }[]) {
  const follows = pool.afterFormer && there.some((other) => other.index === index - 1);
  return {
    name: poolName(index),
    nodes: `pool=${poolName(index)}`,
    maxUnavailable: pool.maxUnavailable,
    failureBudget: pool.failureBudget,
    order: pool.order,
    pauseBetween: seconds(pool.pauseBetweenMs),
    windows: pool.closed ? [] : [{ always: true }],
    after: follows ? [poolName(index - 1)] : [],
    drain: {
      timeout: seconds(pool.drainTimeoutMs),
      delay: seconds(pool.drainDelayMs),
      onTimeout: pool.onTimeout,
    },
    reboot: {
      orderExpires: seconds(pool.orderExpiresMs),
      delay: seconds(pool.rebootDelayMs),
      returnWithin: seconds(pool.returnWithinMs),
      stableFor: seconds(pool.stableForMs),
      perDay: 5,
    },
    retry: { pause: seconds(pool.retryMs), longest: seconds(4 * pool.retryMs) },
  };
}

/** What of a policy the witness judges by. */
export const limitsOf = ({ pools }: Policy): PoolLimits[] =>
  pools.map(({ name, nodes, maxUnavailable }) => ({ name, nodes, maxUnavailable }));
