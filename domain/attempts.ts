import { backoffMs } from './backoff.ts';
import type { Attempts } from './node-contract.ts';
import { words } from './outside.ts';
import type { PoolPolicy } from './policy.ts';
import { present } from './present.ts';

/** What a node's past means for its next rollout: a pause that grows with failed tries, and a cap on reboots in a day. */

const DAY_MS = 24 * 60 * 60_000;
/** Longer words of a failure are in the history of the workflow; the annotation only has to remind of them. */
const MOST_WORDS = 200;

export interface BackOffRules {
  /** Pause after the first failed try; doubled after each further one. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** Reboots of one node within 24 hours. */
  readonly rebootsPerDay: number;
}

/** What a pool's policy says of it. */
export function backOffRulesOf({
  retry,
  reboot,
}: Pick<PoolPolicy, 'retry' | 'reboot'>): BackOffRules {
  return {
    pauseMs: retry.pause,
    longestPauseMs: retry.longest,
    rebootsPerDay: reboot.perDay,
  };
}

const NOTHING: Attempts = { reboots: [] };

/** After a proved reboot into the boot that began then: failed tries are forgotten. */
export function afterReboot(attempts: Attempts = NOTHING, bootedAtMs: number): Attempts {
  return { reboots: [...withinADay(attempts, bootedAtMs), bootedAtMs] };
}

export interface Failure {
  readonly because: string;
  /** It is a sign that something is wrong with the node, and halts its pool. */
  readonly trouble: boolean;
  readonly atMs: number;
}

/** After a try that ended without a reboot. Trouble stays until a try goes well. */
export function afterFailure(
  attempts: Attempts = NOTHING,
  { because, trouble, atMs }: Failure,
): Attempts {
  const said = words(because, MOST_WORDS);
  const troubled = trouble ? { because: said, atMs } : attempts.trouble;
  return {
    reboots: withinADay(attempts, atMs),
    failed: { count: (attempts.failed?.count ?? 0) + 1, lastAtMs: atMs, because: said },
    ...present({ trouble: troubled }),
  };
}

/** A rollout that failed or that a person ended is not tried again by the scan before this; a hold lasts longer. */
export const REST_MS = 10 * 60_000;

export interface Rest {
  readonly untilMs: number;
  readonly because: string;
}

/** Why the node has to rest, and until when; undefined when it may be taken out. The same words at every look. */
export function backOff(
  attempts: Attempts = NOTHING,
  rules: BackOffRules,
  nowMs: number,
): Rest | undefined {
  return tooManyReboots(attempts, rules, nowMs) ?? pauseAfterFailure(attempts, rules, nowMs);
}

/** What is left of it once the node wants no reboot any more, for the next wish is a new one; undefined when all is. */
export function afterWish(attempts: Attempts, nowMs: number): Attempts | undefined {
  const reboots = withinADay(attempts, nowMs);
  return attempts.failed || attempts.trouble || reboots.length === 0 ? { reboots } : undefined;
}

function tooManyReboots(
  attempts: Attempts,
  { rebootsPerDay }: BackOffRules,
  nowMs: number,
): Rest | undefined {
  const recent = withinADay(attempts, nowMs);
  const oldest = recent.at(-rebootsPerDay);
  if (oldest === undefined) return undefined;
  const untilMs = oldest + DAY_MS;
  const next = new Date(untilMs).toISOString();
  const because = `rebooted ${times(recent.length)} within 24 h, and at most ${rebootsPerDay} are allowed: again after ${next}`;
  return { untilMs, because };
}

function pauseAfterFailure(
  { failed }: Attempts,
  rules: BackOffRules,
  nowMs: number,
): Rest | undefined {
  if (!failed) return undefined;
  const pauses = { firstMs: rules.pauseMs, mostMs: rules.longestPauseMs };
  const untilMs = failed.lastAtMs + backoffMs(pauses, failed.count);
  if (nowMs >= untilMs) return undefined;
  const next = new Date(untilMs).toISOString();
  const because = `tried ${times(failed.count)} without a reboot, next try after ${next}; last: ${failed.because}`;
  return { untilMs, because };
}

const withinADay = ({ reboots }: Attempts, nowMs: number): number[] =>
  reboots.filter((atMs) => atMs > nowMs - DAY_MS);

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
