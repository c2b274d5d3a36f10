import { formatDuration } from '../durations.ts';
import { rolloutLength, type Lengths } from '../rollout-length.ts';
import type { Opening } from './opening.ts';
import { Plan } from './plan.ts';
import { DEFAULT_ZONE, freezeOf, poolWindows, type Written } from './pool-windows.ts';
import { openingsOf, type Entry } from './sources.ts';
import { zoneClock } from './wall-clock.ts';

/** A rule that is broken only by several parts of the policy together. */
export interface WindowProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type CheckedPolicy = Written & {
  readonly pools: readonly (Written & Lengths & { readonly name: string })[];
};

/** Freezes that end before they begin, and windows in which no rollout of the pool could ever be done. */
export function windowProblems(policy: CheckedPolicy): WindowProblem[] {
  return [
    ...freezeProblems(policy, policy.timeZone, ['freezes']),
    ...policy.pools.flatMap((pool, index) => [
      ...freezeProblems(pool, pool.timeZone ?? policy.timeZone, ['pools', index, 'freezes']),
      ...shortWindows(policy, index),
    ]),
  ];
}

function freezeProblems(
  { freezes }: Written,
  zone: string | undefined,
  path: readonly PropertyKey[],
): WindowProblem[] {
  return freezes.flatMap((freeze, index) => {
    const { fromMs, toMs } = freezeOf(freeze, zoneClock(zone ?? DEFAULT_ZONE));
    const message = 'write an end after the beginning; a day counts up to its end';
    return toMs > fromMs ? [] : [{ path: [...path, index, 'to'], message }];
  });
}

function shortWindows(policy: CheckedPolicy, index: number): WindowProblem[] {
  const pool = policy.pools[index];
  if (!pool) return [];
  const neededMs = rolloutLength(pool);
  const { entries, clock } = poolWindows(policy, index);
  const place = pool.windows ? ['pools', index, 'windows'] : ['windows'];
  // What a calendar holds is not known here, and a freeze does not make a window wrong.
  const plan = new Plan({
    entries: entries.filter(({ window }) => window.kind !== 'calendar'),
    freezes: [],
    clock,
    calendars: new Map(),
  });
  return entries.flatMap((entry, at) => {
    const lengthMs = lengthOf(entry);
    if (lengthMs >= neededMs || longEnoughTogether(entry, plan, neededMs)) return [];
    const message =
      `open for ${formatDuration(lengthMs)}, and a rollout of pool ${pool.name} may take ${formatDuration(neededMs)}: ` +
      'write a longer window, or an expectedLength';
    return [{ path: [...place, at], message }];
  });
}

function lengthOf({ window }: Entry): number {
  switch (window.kind) {
    case 'always':
    case 'calendar':
      return Infinity;
    case 'days':
      return window.endMs - window.startMs;
    case 'cron':
    case 'rrule':
    case 'dates':
      return window.forMs;
    default:
      return window satisfies never;
  }
}

/** So many openings of a window are enough to see whether others lengthen it. */
const SAMPLE = 30;

const SOME_DAY = Date.UTC(2024, 0, 1);

/** Whether an opening too short by itself touches others that make it long enough. */
function longEnoughTogether({ window, ...place }: Entry, plan: Plan, neededMs: number): boolean {
  if (window.kind === 'calendar') return true;
  const enough = ({ opensMs, closesMs }: Opening): boolean => closesMs - opensMs >= neededMs;
  let left = SAMPLE;
  for (const own of openingsOf({ window, ...place })(SOME_DAY)) {
    const [whole] = plan.openings(own.opensMs);
    if (whole && enough(whole)) return true;
    left -= 1;
    if (left === 0) break;
  }
  return false;
}
