import type { WrittenFreeze } from './freeze-schema.ts';
import type { Moment } from './local-time.ts';
import type { Freeze } from './opening.ts';
import type { PlanInput } from './plan.ts';
import type { Entry } from './sources.ts';
import { DAY_MS, instantOf, zoneClock, type WallClock } from './wall-clock.ts';
import type { Window } from './window.ts';

/** What a policy and its pools say about time; both may. */
export interface Written {
  readonly timeZone?: string | undefined;
  readonly windows?: readonly Window[] | undefined;
  readonly freezes: readonly WrittenFreeze[];
}

/** The zone of whoever names none. */
export const DEFAULT_ZONE = 'UTC';

/**
 * What holds for the pool at this place of the policy: its own windows, or else those of the policy; its freezes and the
 * policy's. What is written for all pools is read by each pool's clock.
 */
export function poolWindows(
  policy: Written & { readonly pools: readonly Written[] },
  index: number,
): Omit<PlanInput, 'calendars'> {
  const pool = policy.pools[index] ?? NOTHING;
  const clock = zoneClock(pool.timeZone ?? policy.timeZone ?? DEFAULT_ZONE);
  const entries = pool.windows
    ? entriesOf(pool.windows, `pools[${index}].windows`, clock)
    : entriesOf(policy.windows ?? [], 'windows', clock);
  const freezes = [...policy.freezes, ...pool.freezes].map((one) => freezeOf(one, clock));
  return { clock, entries, freezes };
}

const NOTHING: Written = { freezes: [] };

function entriesOf(windows: readonly Window[], path: string, reader: WallClock): Entry[] {
  return windows.map((window, at) => ({
    path: `${path}[${at}]`,
    window,
    clock: window.timeZone === undefined ? reader : zoneClock(window.timeZone),
  }));
}

/** A freeze in time. Its last day is frozen to its end; a time ends it at once. */
export function freezeOf(
  { from, to, because, timeZone }: WrittenFreeze,
  reader: WallClock,
): Freeze {
  const clock = timeZone === undefined ? reader : zoneClock(timeZone);
  return { fromMs: instantAt(from, clock), toMs: instantAt(to, clock, DAY_MS), because };
}

/** The instant of a moment; of a whole day, the one this long after its midnight on the clock. */
export function instantAt(moment: Moment, clock: WallClock, ofDay = 0): number {
  switch (moment.kind) {
    case 'day':
      return instantOf(clock, moment.local + ofDay);
    case 'local':
      return instantOf(clock, moment.local);
    case 'instant':
      return moment.ms;
    default:
      return moment satisfies never;
  }
}
