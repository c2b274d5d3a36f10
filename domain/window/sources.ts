import { parseCron } from './cron.ts';
import type { Opening, Openings } from './opening.ts';
import { parseRecurrence } from './recurrence.ts';
import { DAY_MS, dayOf, instantOf, localAt, weekdayOf, type WallClock } from './wall-clock.ts';
import type { Window } from './window.ts';

/** A window of the policy, or of what it inherits, with the clock it is read by. */
export interface Entry<W extends Window = Window> {
  /** Where it is written, such as pools[0].windows[1]. */
  readonly path: string;
  readonly window: W;
  readonly clock: WallClock;
}

type Of<Kind extends Window['kind']> = Entry<Extract<Window, { kind: Kind }>>;

/** The openings of one window that is not a calendar. */
export function openingsOf({
  window,
  ...place
}: Entry<Exclude<Window, { kind: 'calendar' }>>): Openings {
  switch (window.kind) {
    case 'always':
      return () => [{ opensMs: -Infinity, closesMs: Infinity, from: [place.path] }];
    case 'days':
      return byDays({ window, ...place });
    case 'cron':
      return byCron({ window, ...place });
    case 'rrule':
      return byRule({ window, ...place });
    case 'dates':
      return byDates({ window, ...place });
    default:
      return window satisfies never;
  }
}

function byDays({ window: { days, startMs, endMs }, path, clock }: Of<'days'>): Openings {
  return function* openings(fromMs) {
    for (let day = firstDay(clock, fromMs - endMs); ; day += DAY_MS) {
      if (!days.includes(weekdayOf(day))) continue;
      // Both ends are read off the clock on the wall.
      const opensMs = instantOf(clock, day + startMs);
      yield { opensMs, closesMs: instantOf(clock, day + endMs), from: [path] };
    }
  };
}

function byCron({ window: { cron, forMs }, path, clock }: Of<'cron'>): Openings {
  const pattern = parseCron(cron);
  if ('problem' in pattern) throw new TypeError(`${path}.cron: ${pattern.problem}`);
  return function* openings(fromMs) {
    for (const day of pattern.days(firstDay(clock, fromMs - forMs))) {
      for (const time of pattern.times) {
        yield lasting(instantOf(clock, day + time), forMs, path);
      }
    }
  };
}

function byRule({ window, path, clock }: Of<'rrule'>): Openings {
  const { rrule, fromDay, startMs, forMs } = window;
  const rule = parseRecurrence(rrule, { local: fromDay + startMs, counts: false });
  if ('problem' in rule) throw new TypeError(`${path}.rrule: ${rule.problem}`);
  return function* openings(fromMs) {
    for (const local of rule.from(firstDay(clock, fromMs - forMs), clock)) {
      yield lasting(instantOf(clock, local), forMs, path);
    }
  };
}

function byDates({ window: { dates, startMs, forMs }, path, clock }: Of<'dates'>): Openings {
  const all = dates.map((day) => lasting(instantOf(clock, day + startMs), forMs, path));
  return (fromMs) => all.filter(({ closesMs }) => closesMs > fromMs);
}

/** What is given as `for` is elapsed time, whatever the clocks do meanwhile. */
const lasting = (opensMs: number, forMs: number, path: string): Opening => ({
  opensMs,
  closesMs: opensMs + forMs,
  from: [path],
});

/** A day early enough: clocks may have been put forward since. */
const firstDay = (clock: WallClock, atMs: number): number => dayOf(localAt(clock, atMs)) - DAY_MS;
