import { Temporal } from 'temporal-polyfill';

/**
 * What a clock on a wall shows, and when. Local times are numbers too: the milliseconds that UTC would count at the moment
 * its clocks show that date and time. They are named local…, instants …Ms.
 */
export interface WallClock {
  /** For people: an IANA name, or what a calendar calls its own zone. */
  readonly name: string;
  /** How far the clock is ahead of UTC at an instant, in milliseconds. */
  offsetAt(atMs: number): number;
}

export const DAY_MS = 86_400_000;

/** A stretch of time in which a zone's offset does not change. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

/** A zone's clock. Its spans are looked up once: a look at the library costs a hundred times more. */
class ZoneClock implements WallClock {
  readonly name: string;
  private readonly spans: Span[] = [];
  private last: Span | undefined;

  constructor(name: string) {
    this.name = name;
  }

  offsetAt(atMs: number): number {
    const holds = ({ fromMs, toMs }: Span): boolean => fromMs <= atMs && atMs < toMs;
    if (this.last === undefined || !holds(this.last)) {
      this.last = this.spans.find(holds) ?? this.lookUp(atMs);
    }
    return this.last.offsetMs;
  }

  private lookUp(atMs: number): Span {
    const seen = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(this.name);
    const next = seen.getTimeZoneTransition('next');
    // "previous" is strictly before, so it is asked just after: atMs may be the transition itself.
    const previous = seen.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
    const span = {
      fromMs: previous?.epochMilliseconds ?? -Infinity,
      toMs: next?.epochMilliseconds ?? Infinity,
      offsetMs: seen.offsetNanoseconds / 1e6,
    };
    this.spans.push(span);
    return span;
  }
}

const clocks = new Map<string, WallClock>();

/** The clock of an IANA time zone; the name must be one (see canonicalZone). */
export function zoneClock(timeZone: string): WallClock {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new ZoneClock(timeZone);
  clocks.set(timeZone, clock);
  return clock;
}

/** The name of an IANA time zone as it is usually written, or undefined when there is no such zone. */
export function canonicalZone(name: string): string | undefined {
  // Temporal takes offsets such as +01:00 too; those know no summer time and are always a mistake here.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch {
    return undefined;
  }
}

/** The local time the clock shows at an instant. */
export const localAt = (clock: WallClock, atMs: number): number => atMs + clock.offsetAt(atMs);

/**
 * The first moment at which the clock shows this local time or a later one: a time that a change of the clocks leaves out is
 * the moment of that change, and of a time that comes twice it is the first.
 */
export function instantOf(clock: WallClock, local: number): number {
  // No offset is more than a day, and no zone changes twice in two days.
  const before = clock.offsetAt(local - DAY_MS);
  const after = clock.offsetAt(local + DAY_MS);
  const earliest = local - Math.max(before, after);
  if (before === after || localAt(clock, earliest) >= local) return earliest;
  let early = earliest;
  let late = local - Math.min(before, after);
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (localAt(clock, middle) >= local) late = middle;
    else early = middle;
  }
  return late;
}

/** Midnight at the beginning of a local time's day. */
export const dayOf = (local: number): number => Math.floor(local / DAY_MS) * DAY_MS;

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** 0 for Sunday to 6 for Saturday, as cron counts. */
export const weekdayOf = (local: number): number => new Date(local).getUTCDay();

/** For people: "Tue 2026-12-08 22:00". */
export function sayLocal(clock: WallClock, atMs: number): string {
  const local = localAt(clock, atMs);
  const [day = '', time = ''] = new Date(local).toISOString().split('T');
  const shown = time.endsWith(':00.000Z') ? time.slice(0, 5) : time.slice(0, 8);
  return `${WEEKDAYS[weekdayOf(local)]} ${day} ${shown}`;
}

/** For people: "Tue 2026-12-08 22:00 Europe/Zurich". */
export const sayTime = (clock: WallClock, atMs: number): string =>
  `${sayLocal(clock, atMs)} ${clock.name}`;
