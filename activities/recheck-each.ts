import { pause } from './auto-reset-event.ts';
import type { TemporalPort } from './temporal.ts';

/** Signals that are under way at once, and the longest pause after each: a fleet must not look all at once. */
const AT_ONCE = 10;
const PAUSE_WITHIN_MS = 100;

/** Makes each of these workflows look again, a few at a time, until that is done or the signal aborts. Takes them from the list. */
export async function recheckEach(
  temporal: Pick<TemporalPort, 'recheck'>,
  left: string[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, () => recheckOf(temporal, left, signal)));
}

/** Takes from `left` until nothing is. */
async function recheckOf(
  temporal: Pick<TemporalPort, 'recheck'>,
  left: string[],
  signal: AbortSignal,
): Promise<void> {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    signal.throwIfAborted();
    await temporal.recheck([next]);
    await pause(Math.random() * PAUSE_WITHIN_MS, signal);
  }
}
