/** The parts of a pool's policy that say how long a rollout may take, in milliseconds. */
export interface Lengths {
  /** What people have seen their rollouts take; goes before everything else. */
  readonly expectedLength?: number | undefined;
  readonly drain: { readonly delay: number; readonly timeout: number };
  readonly reboot: {
    readonly delay: number;
    readonly orderExpires: number;
    readonly returnWithin: number;
  };
}

/** How long a rollout may take from the cordon to the node's return, and how that is known. */
export interface RolloutLength {
  readonly ms: number;
  /** The same words as long as the length is the same. */
  readonly by: string;
}

/** Fewer past rollouts say nothing of the next. */
const ENOUGH_PAST = 5;
const SHARE = 0.9;
/** No past makes a rollout count as shorter than this and the pauses of the policy. */
const LEAST_MS = 5 * 60_000;
const MINUTE_MS = 60_000;

/** By the policy alone: `expectedLength`, or else the sum of the timeouts. */
export function rolloutLength({ expectedLength, drain, reboot }: Lengths): number {
  if (expectedLength !== undefined) return expectedLength;
  const longest = [
    drain.delay,
    drain.timeout,
    reboot.delay,
    reboot.orderExpires,
    reboot.returnWithin,
  ];
  return longest.reduce((sum, part) => sum + part, 0);
}

/**
 * What nine of ten rollouts of the pool have not exceeded lately, to the full minute, where enough of them are known. Never
 * more than the timeouts, and never less than `shortestLength`. What people write goes before both.
 */
export function predictedLength(pool: Lengths, past: readonly number[]): RolloutLength {
  const longestMs = rolloutLength(pool);
  if (pool.expectedLength !== undefined) return { ms: longestMs, by: 'its expectedLength' };
  const byTimeouts = { ms: longestMs, by: 'the sum of its timeouts' };
  const reached = past.toSorted((a, b) => a - b)[Math.ceil(past.length * SHARE) - 1];
  if (past.length < ENOUGH_PAST || reached === undefined) return byTimeouts;
  const fullMs = Math.ceil(reached / MINUTE_MS) * MINUTE_MS;
  const ms = Math.max(shortestLength(pool), fullMs);
  return ms < longestMs ? { ms, by: 'as nine of ten of the last did at most' } : byTimeouts;
}

/**
 * How long the next rollout takes most likely, to foretell its end by: the median of the latest, where enough are known; else
 * what it is reckoned with before a window closes.
 */
export function typicalLength(pool: Lengths, past: readonly number[]): RolloutLength {
  if (past.length < ENOUGH_PAST) return predictedLength(pool, past);
  const sorted = past.toSorted((a, b) => a - b);
  const middle = sorted.slice((past.length - 1) >> 1, (past.length >> 1) + 1);
  const ms = middle.reduce((sum, one) => sum + one, 0) / middle.length;
  return { ms, by: `the median of the last ${past.length}` };
}

/** No rollout of the pool is predicted to take less, whatever the past says. */
export function shortestLength(pool: Lengths): number {
  const least = LEAST_MS + pool.drain.delay + pool.reboot.delay;
  return pool.expectedLength ?? Math.min(least, rolloutLength(pool));
}
