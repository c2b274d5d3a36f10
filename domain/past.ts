import { backoffMs } from './backoff.ts';
import type { Past } from './node-contract.ts';

/** What a node's past means for its next rollout: a pause that grows with failed tries, and a cap on reboots in a day. */

const DAY_MS = 24 * 60 * 60_000;
/** Longer words of a failure are in the history of the workflow; the annotation only has to remind of them. */
const MOST_WORDS = 200;

export interface RestRules {
  /** Pause after the first failed try; doubled after each further one. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** Reboots of one node within 24 hours. */
  readonly rebootsPerDay: number;
}

const NOTHING: Past = { reboots: [] };

/** After a proved reboot into the boot that began then: failed tries are forgotten. */
export function afterReboot(past: Past = NOTHING, bootedAtMs: number): Past {
  return { reboots: [...withinADay(past, bootedAtMs), bootedAtMs] };
}

export interface Failure {
  readonly because: string;
  /** It is a sign that something is wrong with the node, and halts its pool. */
  readonly trouble: boolean;
  readonly atMs: number;
}

/** After a try that ended without a reboot. Trouble stays until a try goes well. */
export function afterFailure(past: Past = NOTHING, { because, trouble, atMs }: Failure): Past {
  const words = because.slice(0, MOST_WORDS);
  const troubled = trouble ? { because: words, atMs } : past.trouble;
  return {
    reboots: withinADay(past, atMs),
    failed: { count: (past.failed?.count ?? 0) + 1, lastAtMs: atMs, because: words },
    ...(troubled && { trouble: troubled }),
  };
}

/** Why the node has to rest, and until when; undefined when it may be taken out. The same words at every look. */
export function restReason(
  past: Past | undefined,
  rules: RestRules,
  nowMs: number,
): string | undefined {
  return past && restOf(past, rules, nowMs)?.because;
}

/** When the rest is over that it has to take now; undefined when it has to take none. */
export function restsUntilMs(
  past: Past | undefined,
  rules: RestRules,
  nowMs: number,
): number | undefined {
  return past && restOf(past, rules, nowMs)?.untilMs;
}

interface Rest {
  readonly untilMs: number;
  readonly because: string;
}

const restOf = (past: Past, rules: RestRules, nowMs: number): Rest | undefined =>
  tooManyReboots(past, rules, nowMs) ?? pauseAfterFailure(past, rules, nowMs);

/** Whether nothing of it can matter any more to a node that wants no reboot. */
export function isForgettable(past: Past, nowMs: number): boolean {
  return withinADay(past, nowMs).length === 0;
}

function tooManyReboots(past: Past, { rebootsPerDay }: RestRules, nowMs: number): Rest | undefined {
  const recent = withinADay(past, nowMs);
  const oldest = recent.at(-rebootsPerDay);
  if (oldest === undefined) return undefined;
  const untilMs = oldest + DAY_MS;
  const next = new Date(untilMs).toISOString();
  const because = `rebooted ${times(recent.length)} within 24 h, and at most ${rebootsPerDay} are allowed: again after ${next}`;
  return { untilMs, because };
}

function pauseAfterFailure({ failed }: Past, rules: RestRules, nowMs: number): Rest | undefined {
  if (!failed) return undefined;
  const pauses = { firstMs: rules.pauseMs, mostMs: rules.longestPauseMs };
  const untilMs = failed.lastAtMs + backoffMs(pauses, failed.count);
  if (nowMs >= untilMs) return undefined;
  const next = new Date(untilMs).toISOString();
  const because = `tried ${times(failed.count)} without a reboot, next try after ${next}; last: ${failed.because}`;
  return { untilMs, because };
}

const withinADay = ({ reboots }: Past, nowMs: number): number[] =>
  reboots.filter((atMs) => atMs > nowMs - DAY_MS);

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
