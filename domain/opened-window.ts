import { formatDuration } from './durations.ts';

/** Workflows load this file, so it knows no calendar and no clock. */

/** A window that a person has opened: one more beside those of the policy. It is kept by the lock of the pool. */
export interface OpenedWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly by: string;
  readonly reason: string;
  /** Freezes do not keep it closed. */
  readonly despiteFreeze?: true;
}

/** Whoever needs it for longer writes it into the policy. */
const LONGEST_MS = 7 * 24 * 60 * 60_000;

/** What is wrong with the length of a window that is to be opened: the field and the rule; undefined where it is right. */
export function flawOfLength(forMs: number | undefined): string | undefined {
  if (forMs === undefined) return 'for: write how long it is to be open, such as 10h';
  if (forMs === 0) return 'for: write more than 0s';
  if (forMs <= LONGEST_MS) return undefined;
  return `for: write at most ${formatDuration(LONGEST_MS)}, not ${formatDuration(forMs)}`;
}

/** Until when it is open, who has opened it, and why: the same words wherever it is told of. */
export function sayOpened({ untilMs, by, reason, despiteFreeze }: OpenedWindow): string {
  const until = new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return `open until ${until}${despiteFreeze ? ' despite freezes' : ''} by ${by}: ${reason}`;
}
