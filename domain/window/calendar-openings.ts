import type { Calendar, CalendarEvent, CalendarTime, Length } from './calendar.ts';
import { inOrder, type Opening, type Openings } from './opening.ts';
import { DAY_MS, dayOf, instantOf, localAt, zoneClock, type WallClock } from './wall-clock.ts';

/** Who reads the calendar: floating times and whole days are of this clock. */
interface Reader {
  readonly clock: WallClock;
  /** Where the policy names the calendar. */
  readonly path: string;
}

/** An opening for each occurrence that has a length, as moved or cancelled one by one. */
export function openingsOfCalendar({ events }: Calendar, reader: Reader): Openings {
  const current = newest(events, reader);
  const series = current.filter(({ replaces }) => !replaces);
  const gone = new Set(series.filter(({ cancelled }) => cancelled).map(({ uid }) => uid));
  const live = current.filter(({ cancelled, uid }) => !cancelled && !gone.has(uid));
  const replaced = (uid: string): readonly CalendarTime[] =>
    current.flatMap((event) => (event.uid === uid && event.replaces ? [event.replaces] : []));

  const once: Opening[] = [];
  const recurring: Openings[] = [];
  for (const event of live) {
    const except = event.replaces ? [] : [...event.except, ...replaced(event.uid)];
    const occurs = new Occurrences(event, except, reader);
    once.push(...occurs.single());
    if (event.rule) recurring.push((fromMs) => occurs.byRule(fromMs));
  }
  once.sort((one, other) => one.opensMs - other.opensMs);
  return (fromMs) => inOrder([once, ...recurring.map((openings) => openings(fromMs))], Infinity);
}

/** Of several versions of an event, or of a change to one occurrence, the one with the highest sequence, or else the last. */
function newest(events: readonly CalendarEvent[], { clock }: Reader): CalendarEvent[] {
  const byKey = new Map<string, CalendarEvent>();
  for (const event of events) {
    const key = `${event.uid} ${event.replaces ? instant(event.replaces, clock) : ''}`;
    const known = byKey.get(key);
    if (!known || known.sequence <= event.sequence) byKey.set(key, event);
  }
  return [...byKey.values()];
}

/** The occurrences of one event that are not excepted. */
class Occurrences {
  private readonly event: CalendarEvent;
  private readonly reader: Reader;
  /** Of the event's own times; an instant is read by a clock that shows UTC. */
  private readonly clock: WallClock;
  private readonly exceptInstants: ReadonlySet<number>;
  private readonly exceptDays: ReadonlySet<number>;

  constructor(event: CalendarEvent, except: readonly CalendarTime[], reader: Reader) {
    this.event = event;
    this.reader = reader;
    this.clock = clockFor(event.start, reader.clock);
    this.exceptInstants = new Set(except.map((time) => instant(time, reader.clock)));
    // Some programs except a whole day where they mean the one time on it.
    this.exceptDays = new Set(except.flatMap((time) => (time.kind === 'day' ? [time.local] : [])));
  }

  /** The event itself, unless a rule gives it, and its RDATEs. */
  single(): Opening[] {
    const { start, length, rule, more } = this.event;
    const all = rule ? more : [{ start, length }, ...more];
    return all.flatMap((one) => this.opening(instant(one.start, this.reader.clock), one));
  }

  *byRule(fromMs: number): Generator<Opening> {
    const { start, length, rule } = this.event;
    if (!rule) return;
    const from = localAt(this.clock, fromMs) - this.longest(length) - 2 * DAY_MS;
    for (const local of rule.from(from, this.clock)) {
      yield* this.opening(instantOf(this.clock, local), { start, length });
    }
  }

  private opening(
    opensMs: number,
    { start, length }: { start: CalendarTime; length: Length },
  ): Opening[] {
    const local = localAt(this.clock, opensMs);
    if (this.exceptInstants.has(opensMs) || this.exceptDays.has(dayOf(local))) return [];
    const { summary } = this.event;
    const from = summary === '' ? this.reader.path : `${this.reader.path} (${summary})`;
    const closesMs =
      length.kind === 'until'
        ? opensMs + this.untilMs(start, length.end)
        : instantOf(this.clock, local + length.days * DAY_MS) + length.ms;
    return closesMs > opensMs ? [{ opensMs, closesMs, from: [from] }] : [];
  }

  private untilMs(start: CalendarTime, end: CalendarTime): number {
    return instant(end, this.reader.clock) - instant(start, this.reader.clock);
  }

  private longest(length: Length): number {
    if (length.kind === 'until') return this.untilMs(this.event.start, length.end);
    return length.days * DAY_MS + length.ms;
  }
}

const UTC = zoneClock('UTC');

function clockFor(time: CalendarTime, reader: WallClock): WallClock {
  if (time.kind === 'instant') return UTC;
  return time.kind === 'local' ? (time.clock ?? reader) : reader;
}

function instant(time: CalendarTime, reader: WallClock): number {
  return time.kind === 'instant' ? time.ms : instantOf(clockFor(time, reader), time.local);
}
