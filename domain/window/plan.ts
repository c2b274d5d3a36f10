import { openingsOfCalendar } from './calendar-openings.ts';
import type { Calendar } from './calendar.ts';
import {
  HORIZON_MS,
  inOrder,
  joined,
  spansBetween,
  within,
  type Freeze,
  type Opening,
} from './opening.ts';
import { openingsOf, type Entry } from './sources.ts';
import { DAY_MS, type WallClock } from './wall-clock.ts';

/** A calendar as it is at hand: its last good copy, if there is one, and why there is no newer one. */
export interface CalendarCopy {
  readonly calendar?: Calendar;
  readonly problem?: string;
}

/** Everything that decides when a pool is open. */
export interface PlanInput {
  readonly entries: readonly Entry[];
  readonly freezes: readonly Freeze[];
  /** The pool's own clock, for people. */
  readonly clock: WallClock;
  /** By the place that a window names. */
  readonly calendars: ReadonlyMap<string, CalendarCopy>;
}

/** Openings are joined from this long before they are asked for: one under way has its true beginning, or none (-Infinity). */
const LOOK_BACK_MS = 40 * DAY_MS;

/** Walked anew after this long, so that the horizon moves on. */
const KEEP_MS = DAY_MS;

/** When a pool is open: its windows joined, its freezes cut out. Remembers what it has worked out; ask it again and again. */
export class Plan {
  readonly clock: WallClock;
  readonly freezes: readonly Freeze[];
  /** Whether there is any window at all. */
  readonly hasWindows: boolean;
  /** Calendars that could not be read, and what is used instead. */
  readonly problems: readonly string[];
  private readonly sources: readonly ((fromMs: number) => Iterable<Opening>)[];
  private walked: Walk | undefined;

  constructor({ entries, freezes, clock, calendars }: PlanInput) {
    this.clock = clock;
    this.freezes = freezes;
    this.hasWindows = entries.length > 0;
    this.sources = entries.map(({ window, ...place }) =>
      window.kind === 'calendar'
        ? openingsOfCalendar(calendars.get(window.calendar)?.calendar ?? { events: [] }, place)
        : openingsOf({ window, ...place }),
    );
    const places = new Set(
      entries.flatMap(({ window }) => (window.kind === 'calendar' ? [window.calendar] : [])),
    );
    this.problems = [...places].flatMap((place) => calendars.get(place)?.problem ?? []);
  }

  /** Openings that close after `fromMs`, in order, none touching another; the first may be under way. Ends after ten years. */
  *openings(fromMs: number): Generator<Opening> {
    const walk = this.walkTo(fromMs);
    for (let index = 0; ; index += 1) {
      const opening = walk.at(index);
      if (!opening) return;
      if (opening.closesMs > fromMs) yield opening;
    }
  }

  /** The freeze that holds at this moment, the one that ends last. */
  freezeAt(atMs: number): Freeze | undefined {
    return this.freezes
      .filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
      .toSorted((one, other) => other.toMs - one.toMs)[0];
  }

  private walkTo(fromMs: number): Walk {
    const known = this.walked;
    if (known && known.fromMs <= fromMs && fromMs < known.fromMs + KEEP_MS) return known;
    this.walked = new Walk(fromMs, this.walk(fromMs));
    return this.walked;
  }

  /** Goes from one freeze to the next, so that what lies within a long one costs nothing. */
  private *walk(fromMs: number): Generator<Opening> {
    const untilMs = fromMs + HORIZON_MS;
    for (const span of spansBetween(this.freezes, fromMs)) {
      if (span.fromMs > untilMs) return;
      const beginMs = Math.max(span.fromMs, fromMs - LOOK_BACK_MS);
      const sources = this.sources.map((openings) => openings(beginMs));
      const merged = inOrder(sources, Math.min(untilMs, span.toMs));
      const open = joined(merged, Math.max(beginMs, fromMs));
      yield* within(endlessBefore(open, fromMs - LOOK_BACK_MS), span);
    }
  }
}

function* endlessBefore(openings: Iterable<Opening>, atMs: number): Generator<Opening> {
  for (const opening of openings) {
    yield opening.opensMs > atMs ? opening : { ...opening, opensMs: -Infinity };
  }
}

/** A sequence that is walked once, however often it is asked for. */
class Walk {
  readonly fromMs: number;
  private readonly seen: Opening[] = [];
  private readonly rest: Iterator<Opening>;

  constructor(fromMs: number, openings: Iterable<Opening>) {
    this.fromMs = fromMs;
    this.rest = openings[Symbol.iterator]();
  }

  at(index: number): Opening | undefined {
    while (this.seen.length <= index) {
      const next = this.rest.next();
      if (next.done) return undefined;
      this.seen.push(next.value);
    }
    return this.seen[index];
  }
}
