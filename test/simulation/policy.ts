import { Policy } from '../../domain/policy.ts';
import type { PoolLimits } from '../../lab/witness/contract.ts';
import type { PoolPlan } from './plan.ts';

export const poolName = (index: number): string => `pool-${index}`;

/** The label that is set around a reboot, and the taint of those who wait: people have a hand in both. */
export const STATE_LABEL = 'example.org/state';
export const WAITING_TAINT = 'example.org/waits';
/** By which an autoscaler says that it is about to remove a node. */
export const AWAY_TAINT = 'ToBeDeletedByClusterAutoscaler';

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
    gates: { budgets: index % 2 === 0 ? 'wait' : 'ignore' },
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
    ...labelsText(pool),
    ...(pool.taint ? { taint: WAITING_TAINT } : {}),
    retry: { pause: seconds(pool.retryMs), longest: seconds(4 * pool.retryMs) },
  };
}

function labelsText({ labels }: PoolNow) {
  const before = { [STATE_LABEL]: 'rebooting', team: 'ops' };
  if (labels === 'none') return {};
  if (labels === 'before') return { labels: { before } };
  return { labels: { before, after: { [STATE_LABEL]: 'serving' } } };
}

/** What of a policy the witness judges by. */
export const limitsOf = ({ pools }: Policy): PoolLimits[] =>
  pools.map(({ name, nodes, maxUnavailable, labels }) => ({
    name,
    nodes,
    maxUnavailable,
    ...(labels && { labelsAfter: labels.after ?? {} }),
  }));
