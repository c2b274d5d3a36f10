import * as fc from 'fast-check';
import {
  DAY_S,
  dayAfter,
  later,
  timeText,
  type Day,
  type Minutes,
  type Openness,
} from './oracle.fixture.ts';
import { firstDay, LONGEST_DAYS, series, timeOfDay, type Series } from './samples.fixture.ts';

/** An event of a calendar as it is written, and how the oracle opens it. */
interface EventSample {
  readonly lines: (uid: number) => string[];
  readonly open: (openness: Openness, days: readonly Day[]) => void;
}

export interface CalendarSample {
  readonly text: string;
  readonly open: (openness: Openness, days: readonly Day[]) => void;
}

/** The clocks by which events may be written: none is that of whoever reads. */
interface Clock {
  readonly zone?: string;
  readonly minutes?: Minutes;
}

/** A local time as an iCalendar writes it. */
const stamp = (text: string): string => text.replaceAll(/[-:]/g, '').replace(' ', 'T');

function property(name: string, text: string, { zone }: Clock): string {
  const time = stamp(text.length === 16 ? `${text}:00` : text);
  if (zone === undefined) return `${name}:${time}`;
  return zone === 'UTC' ? `${name}:${time}Z` : `${name};TZID=${zone}:${time}`;
}

const wholeDay = (name: string, day: string): string =>
  `${name};VALUE=DATE:${day.replaceAll('-', '')}`;

const event = (uid: number, ...lines: string[]): string[] => [
  'BEGIN:VEVENT',
  `UID:${uid}`,
  ...lines,
  'END:VEVENT',
];

const lasting = fc.record({
  days: fc.integer({ min: 0, max: 2 }),
  seconds: fc.oneof(
    fc.integer({ min: 1, max: 1_440 }).map((minutes) => minutes * 60),
    fc.integer({ min: 1, max: 3 * DAY_S }),
  ),
});
type Lasting = { readonly days: number; readonly seconds: number };

const duration = ({ days, seconds }: Lasting): string =>
  `DURATION:P${days > 0 ? `${days}D` : ''}T${seconds}S`;

/** Days are of the calendar, the rest is elapsed. */
function openFor(openness: Openness, start: string, { days, seconds }: Lasting): void {
  const from = openness.first(start);
  if (from === 0 || from >= openness.open.length) return;
  const to = days === 0 ? from : openness.first(later(openness.shownAt(from), days * DAY_S));
  openness.open.fill(1, from, to + seconds);
}

/** One time, with an end that is written by the same clock. */
const once = (days: readonly Day[], clock: Clock): fc.Arbitrary<EventSample> =>
  fc
    .record({
      day: fc.constantFrom(...days),
      start: timeOfDay,
      seconds: fc.integer({ min: 1, max: LONGEST_DAYS * DAY_S }),
    })
    .map(({ day, start, seconds }) => {
      const from = `${day.text} ${timeText(start)}`;
      const to = later(from, seconds);
      return {
        lines: (uid) => event(uid, property('DTSTART', from, clock), property('DTEND', to, clock)),
        open: (openness) => openness.by(clock.minutes ?? openness.minutes).openBetween(from, to),
      };
    });

/** One time, with a length in days of the calendar and what elapses beyond them. */
const onceFor = (days: readonly Day[], clock: Clock): fc.Arbitrary<EventSample> =>
  fc.record({ day: fc.constantFrom(...days), start: timeOfDay, lasting }).map((one) => {
    const from = `${one.day.text} ${timeText(one.start)}`;
    return {
      lines: (uid) => event(uid, property('DTSTART', from, clock), duration(one.lasting)),
      open: (openness) =>
        openFor(openness.by(clock.minutes ?? openness.minutes), from, one.lasting),
    };
  });

/** Whole days, by the clock of whoever reads. */
const allDay = (days: readonly Day[]): fc.Arbitrary<EventSample> =>
  fc
    .record({
      day: fc.constantFrom(...days),
      lasts: fc.integer({ min: 1, max: LONGEST_DAYS - 1 }),
      cancelled: fc.boolean(),
    })
    .map(({ day, lasts, cancelled }) => ({
      lines: (uid) =>
        event(
          uid,
          wholeDay('DTSTART', day.text),
          ...(lasts > 1 ? [wholeDay('DTEND', dayAfter(day.text, lasts))] : []),
          ...(cancelled ? ['STATUS:CANCELLED'] : []),
        ),
      open(openness) {
        if (cancelled) return;
        openness.openBetween(`${day.text} 00:00`, `${dayAfter(day.text, lasts)} 00:00`);
      },
    }));

type Fate = 'stays' | 'except' | 'exceptDay' | 'cancelled' | 'moved';

/** A series of events, and what becomes of the occurrences that are shown: the nth fate is that of the nth. */
interface Told {
  readonly series: Series;
  readonly from: string;
  readonly start: number;
  readonly lasting: Lasting;
  readonly fates: readonly Fate[];
  readonly movedBy: number;
  readonly more: readonly Day[];
}

/** A series some of whose occurrences are left out, cancelled one by one, or moved, and with some beside the rule. */
const recurring = (days: readonly Day[], clock: Clock): fc.Arbitrary<EventSample> =>
  fc
    .record<Told>({
      series,
      from: firstDay(days),
      start: timeOfDay,
      lasting,
      fates: fc.array(fc.constantFrom<Fate>('stays', 'except', 'exceptDay', 'cancelled', 'moved'), {
        maxLength: 6,
      }),
      movedBy: fc.integer({ min: -DAY_S, max: 2 * DAY_S }),
      more: fc.array(fc.constantFrom(...days), { maxLength: 2 }),
    })
    .filter(({ series, from }) => series.days(from, days.at(-1)?.text ?? '').length > 0)
    .map((told) => sampleOf(told, days, clock));

function sampleOf(
  { series, from, start, lasting, fates, movedBy, more }: Told,
  days: readonly Day[],
  clock: Clock,
): EventSample {
  const last = days.at(-1)?.text ?? '';
  // A calendar begins its series on a day that the rule names; what counts from it is counted from there.
  const [first = from] = series.days(from, last);
  const occurrences = series.days(first, last);
  const shown = occurrences.filter((day) => day >= (days[0]?.text ?? ''));
  const of = (fate: Fate): string[] => shown.filter((_, at) => (fates[at] ?? 'stays') === fate);
  const at = (day: string): string => `${day} ${timeText(start)}`;
  const beside = [...new Set(more.map(({ text }) => text))].filter(
    (day) => !occurrences.includes(day),
  );
  const replaced = (uid: number, day: string, ...lines: string[]): string[] =>
    event(uid, property('RECURRENCE-ID', at(day), clock), ...lines);
  return {
    lines: (uid) => [
      ...event(
        uid,
        property('DTSTART', at(first), clock),
        duration(lasting),
        `RRULE:${series.rrule}`,
        ...of('except').map((day) => property('EXDATE', at(day), clock)),
        ...of('exceptDay').map((day) => wholeDay('EXDATE', day)),
        ...beside.map((day) => property('RDATE', at(day), clock)),
      ),
      ...of('cancelled').flatMap((day) =>
        replaced(uid, day, property('DTSTART', at(day), clock), 'STATUS:CANCELLED'),
      ),
      ...of('moved').flatMap((day) =>
        replaced(
          uid,
          day,
          property('DTSTART', later(at(day), movedBy), clock),
          duration({ days: 0, seconds: 3_600 }),
        ),
      ),
    ],
    open(openness) {
      const own = openness.by(clock.minutes ?? openness.minutes);
      for (const day of [...of('stays'), ...beside]) openFor(own, at(day), lasting);
      for (const day of of('moved')) {
        openFor(own, later(at(day), movedBy), { days: 0, seconds: 3_600 });
      }
    },
  };
}

/** A calendar of some events near these days, by these clocks. */
export const aCalendar = (
  days: readonly Day[],
  clocks: readonly Clock[],
): fc.Arbitrary<CalendarSample> =>
  fc
    .array(
      fc
        .constantFrom(...clocks)
        .chain((clock) =>
          fc.oneof(once(days, clock), onceFor(days, clock), recurring(days, clock), allDay(days)),
        ),
      { minLength: 1, maxLength: 3 },
    )
    .map((events) => ({
      text: [
        'BEGIN:VCALENDAR',
        ...events.flatMap(({ lines }, uid) => lines(uid)),
        'END:VCALENDAR',
        '',
      ].join('\r\n'),
      open(openness, all) {
        for (const { open } of events) open(openness, all);
      },
    }));
