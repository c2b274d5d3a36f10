import { backoffMs, type Backoff } from './backoff.ts';
import type { EvictionAnswer } from './eviction-answer.ts';

/** First and longest pause in milliseconds. What only a person can mend is asked for slowly. */
const PAUSES: Record<EvictionAnswer['kind'], Backoff> = {
  // Accepted or gone, yet still observed a minute later: the answer or the watch was lost, so ask again.
  evicted: { firstMs: 60_000, mostMs: 60_000 },
  gone: { firstMs: 5_000, mostMs: 60_000 },
  'blocked-by-budget': { firstMs: 5_000, mostMs: 60_000 },
  throttled: { firstMs: 5_000, mostMs: 60_000 },
  failed: { firstMs: 5_000, mostMs: 60_000 },
  'namespace-terminating': { firstMs: 15_000, mostMs: 60_000 },
  'two-budgets': { firstMs: 30_000, mostMs: 300_000 },
  denied: { firstMs: 30_000, mostMs: 300_000 },
  forbidden: { firstMs: 30_000, mostMs: 300_000 },
};

/**
 * How long to leave a pod alone after its `tries`-th answer (from 1): doubling, never sooner than the server's Retry-After.
 * `random` in [0, 1) lengthens it by up to a quarter, so that many pods do not ask in step.
 */
export function pauseAfterMs(answer: EvictionAnswer, tries: number, random: number): number {
  const askedForMs = 'retryAfterMs' in answer ? (answer.retryAfterMs ?? 0) : 0;
  const longestMs = Math.max(backoffMs(PAUSES[answer.kind], tries), askedForMs);
  return Math.round(longestMs * (1 + random / 4));
}
