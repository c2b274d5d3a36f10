import { parseSelector } from '../../domain/label-selector.ts';
import type { NodeSight, PoolLimits } from './contract.ts';

/**
 * A policy counts this long after it was replaced: the worker reads its file every 5 s, and what it granted before is not
 * taken back.
 */
const OLD_LIMITS_COUNT_FOR_MS = 15_000;

interface InForce {
  readonly fromMs: number;
  readonly pools: readonly PoolLimits[];
}

/** The policies of the last seconds. */
export class RecentLimits {
  #recent: InForce[] = [];

  note(pools: readonly PoolLimits[], atMs: number): void {
    this.#recent.push({ fromMs: atMs, pools });
  }

  /** Every policy the worker may rightly have gone by at this time, the newest first. */
  at(atMs: number): (readonly PoolLimits[])[] {
    const oldestMs = atMs - OLD_LIMITS_COUNT_FOR_MS;
    this.#recent = this.#recent.filter((_, index, all) => {
      const next = all[index + 1];
      return next === undefined || next.fromMs >= oldestMs;
    });
    return this.#recent.map(({ pools }) => pools).toReversed();
  }
}

/** The one pool of a node, or why it has none. */
export function onlyPoolOf(
  pools: readonly PoolLimits[],
  { labels }: NodeSight,
): PoolLimits | string {
  const matching = pools.filter(({ nodes }) => parseSelector(nodes)?.(labels));
  const [pool, second] = matching;
  if (!pool) return 'it belongs to no pool';
  if (second) return `it belongs to several pools: ${matching.map(({ name }) => name).join(', ')}`;
  return pool;
}

/** How many nodes of a pool of this size may be out: a percentage rounds down, to at least 1. */
export function budgetOf({ maxUnavailable }: PoolLimits, size: number): number {
  if (typeof maxUnavailable === 'number') return maxUnavailable;
  return Math.max(1, Math.floor((size * Number.parseFloat(maxUnavailable)) / 100));
}
