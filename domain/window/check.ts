import { formatDuration } from '../durations.ts';
import { isObject } from '../fields.ts';
import { present } from '../present.ts';
import { rolloutLength, shortestLength, type Lengths } from '../rollout-length.ts';
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

type CheckedPool = Written & Lengths & { readonly name: string };
type CheckedPolicy = Written & { readonly pools: readonly CheckedPool[] };

/** Whether what stands at a place of the policy could be read, with everything inside it. */
export type IsRead = (...path: readonly PropertyKey[]) => boolean;

/**
 * Freezes that end before they begin, and windows in which no rollout of the pool could ever be done. Only what could be
 * read is judged, so that it is told together with what could not.
 */
export function windowProblems(policy: CheckedPolicy, isRead: IsRead): WindowProblem[] {
  const zone = isRead('timeZone') ? policy.timeZone : undefined;
  const pools = Array.isArray(policy.pools) ? (policy.pools as CheckedPolicy['pools']) : [];
  return [
    ...freezeProblems(policy, { zone, path: ['freezes'], isRead }),
    ...pools.flatMap((pool, index) => {
      if (!isObject(pool)) return [];
      const place = ['pools', index] as const;
      const own = (isRead(...place, 'timeZone') ? pool.timeZone : undefined) ?? zone;
      return [
        ...freezeProblems(pool, { zone: own, path: [...place, 'freezes'], isRead }),
        ...shortWindows({ policy, pool, index, zone: own, isRead }),
      ];
    }),
  ];
}

interface FreezePlace {
  readonly zone: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly isRead: IsRead;
}

function freezeProblems(
  { freezes }: Written,
  { zone, path, isRead }: FreezePlace,
): WindowProblem[] {
  if (!Array.isArray(freezes)) return [];
  return (freezes as Written['freezes']).flatMap((freeze, index) => {
    if (!isRead(...path, index)) return [];
    const { fromMs, toMs } = freezeOf(freeze, zoneClock(zone ?? DEFAULT_ZONE));
    const message = 'write an end after the beginning; a day counts up to its end';
    return toMs > fromMs ? [] : [{ path: [...path, index, 'to'], message }];
  });
}

interface PoolPlace {
  readonly policy: CheckedPolicy;
  readonly pool: CheckedPool;
  readonly index: number;
  readonly zone: string | undefined;
  readonly isRead: IsRead;
}

function shortWindows({ policy, pool, index, zone, isRead }: PoolPlace): WindowProblem[] {
  const place = pool.windows ? ['pools', index, 'windows'] : ['windows'];
  // A window that could not be read might lengthen the others.
  if (!isRead(...place) || !isLengthKnown(index, isRead)) return [];
  const neededMs = rolloutLength(pool);
  const { windows = policy.windows } = pool;
  const own = { freezes: [], ...present({ windows, timeZone: zone }) };
  const { entries, clock } = poolWindows({ freezes: [], pools: [own] }, 0);
  // What a calendar holds is not known here, and a freeze does not make a window wrong.
  const plan = new Plan({
    entries: entries.filter(({ window }) => window.kind !== 'calendar'),
    freezes: [],
    clock,
    calendars: new Map(),
  });
  const isLong = entries.map(
    (entry) => lengthOf(entry) >= neededMs || longEnoughTogether(entry, plan, neededMs),
  );
  // The rollouts of a long window may show that they fit into a short one as well.
  const leastMs = isLong.includes(true) ? shortestLength(pool) : neededMs;
  return entries.flatMap((entry, at) => {
    const lengthMs = lengthOf(entry);
    if (isLong[at] || lengthMs >= leastMs) return [];
    const message =
      `open for ${formatDuration(lengthMs)}, and a rollout of pool ${pool.name} may take ${formatDuration(neededMs)}: ` +
      'write a longer window, or an expectedLength';
    return [{ path: [...place, at], message }];
  });
}

/** The pauses and timeouts count beside an expectedLength as well. */
function isLengthKnown(index: number, isRead: IsRead): boolean {
  const keys = ['expectedLength', 'drain', 'reboot'];
  return keys.every((key) => isRead('pools', index, key));
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
