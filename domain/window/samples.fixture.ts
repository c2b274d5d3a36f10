import * as fc from 'fast-check';
import { DAY_S, dayAfter, dayAt, timeText, type Day, type Openness } from './oracle.fixture.ts';

/** Windows as they are written, and how the oracle opens them. */
export interface Sample {
  readonly written: object;
  readonly open: (openness: Openness, days: readonly Day[]) => void;
}

/** Longer openings would have begun before what is looked at. */
export const LONGEST_DAYS = 6;

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const CODES = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** Often within the hours in which clocks are changed, and seldom with seconds. */
export const timeOfDay = fc.oneof(
  fc.integer({ min: 0, max: 1_439 }).map((minute) => minute * 60),
  fc.integer({ min: 90, max: 210 }).map((minute) => minute * 60),
  fc.integer({ min: 0, max: DAY_S - 1 }),
);
/** In seconds. */
const length = fc.oneof(
  fc.integer({ min: 1, max: 2 * 1_440 }).map((minutes) => minutes * 60),
  fc.integer({ min: 1, max: LONGEST_DAYS * DAY_S }),
);
const weekdays = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });

const byDays: fc.Arbitrary<Sample> = fc
  .record({ days: weekdays, start: timeOfDay, end: fc.oneof(timeOfDay, fc.constant(DAY_S)) })
  .filter(({ start, end }) => start !== end)
  .map(({ days, start, end }) => ({
    written: { days: days.map((day) => NAMES[day]), start: timeText(start), end: timeText(end) },
    open(openness, all) {
      for (const { text, weekday } of all) {
        if (!days.includes(weekday)) continue;
        const closes =
          end === DAY_S
            ? `${dayAfter(text)} 00:00`
            : `${end > start ? text : dayAfter(text)} ${timeText(end)}`;
        openness.openBetween(`${text} ${timeText(start)}`, closes);
      }
    },
  }));

/** A rule about days in both notations: what is written, and whether it falls on a day. */
interface DayRule {
  readonly cron: string;
  readonly rrule: string;
  readonly falls: (day: Day) => boolean;
}

const nth = (day: Day): number => Math.ceil(day.dayOfMonth / 7);
const isLastOfKind = (day: Day): boolean => day.dayOfMonth + 7 > day.daysInMonth;

const dayRule: fc.Arbitrary<DayRule> = fc.oneof(
  weekdays.map((days) => ({
    cron: `* * ${days.join(',')}`,
    rrule: `FREQ=WEEKLY;BYDAY=${days.map((day) => CODES[day]).join(',')}`,
    falls: (day: Day) => days.includes(day.weekday),
  })),
  fc
    .record({ day: fc.integer({ min: 0, max: 6 }), n: fc.integer({ min: 1, max: 5 }) })
    .map(({ day, n }) => ({
      cron: `* * ${day}#${n}`,
      rrule: `FREQ=MONTHLY;BYDAY=${n}${CODES[day]}`,
      falls: (one: Day) => one.weekday === day && nth(one) === n,
    })),
  fc.integer({ min: 0, max: 6 }).map((day) => ({
    cron: `* * ${day}L`,
    rrule: `FREQ=MONTHLY;BYDAY=-1${CODES[day]}`,
    falls: (one: Day) => one.weekday === day && isLastOfKind(one),
  })),
  fc.constant({
    cron: 'L * *',
    rrule: 'FREQ=MONTHLY;BYMONTHDAY=-1',
    falls: (one: Day) => one.dayOfMonth === one.daysInMonth,
  }),
  fc
    .record({ day: fc.integer({ min: 1, max: 31 }), month: fc.integer({ min: 1, max: 12 }) })
    .filter(
      ({ day, month }) =>
        day <= 29 || (month !== 2 && (day === 30 || ![4, 6, 9, 11].includes(month))),
    )
    .map(({ day, month }) => ({
      cron: `${day} ${month} *`,
      rrule: `FREQ=YEARLY;BYMONTH=${month};BYMONTHDAY=${day}`,
      falls: (one: Day) => one.dayOfMonth === day && one.month === month,
    })),
);

const byCron: fc.Arbitrary<Sample> = fc
  .record({
    rule: dayRule,
    minute: fc.integer({ min: 0, max: 59 }),
    hours: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 4 }),
    length,
  })
  .map(({ rule, minute, hours, length }) => ({
    written: { cron: `${minute} ${hours.join(',')} ${rule.cron}`, for: `${length}s` },
    open(openness, all) {
      for (const { text } of all.filter(rule.falls)) {
        for (const hour of hours)
          openness.openFor(`${text} ${timeText((hour * 60 + minute) * 60)}`, length);
      }
    },
  }));

/** The days of the month that are of these kinds, of which the rule takes the nth, or the nth from the end. */
const bySetPos = fc
  .record({ days: weekdays, n: fc.integer({ min: -4, max: 4 }).filter((n) => n !== 0) })
  .map(({ days, n }) => ({
    rrule: `FREQ=MONTHLY;BYDAY=${days.map((day) => CODES[day]).join(',')};BYSETPOS=${n}`,
    falls(day: Day): boolean {
      const month = Array.from({ length: day.daysInMonth }, (_, at) =>
        dayAt(`${day.text.slice(0, 8)}${String(at + 1).padStart(2, '0')}`),
      );
      const chosen = month.filter(({ weekday }) => days.includes(weekday));
      return chosen.at(n > 0 ? n - 1 : n)?.text === day.text;
    },
  }));

/** Every so many days or weeks, counted from the rule's first day. */
const byInterval = fc
  .record({
    freq: fc.constantFrom('DAILY', 'WEEKLY'),
    days: weekdays,
    interval: fc.integer({ min: 2, max: 4 }),
  })
  .map(({ freq, days, interval }) => ({
    rrule:
      freq === 'DAILY'
        ? `FREQ=DAILY;INTERVAL=${interval}`
        : `FREQ=WEEKLY;INTERVAL=${interval};BYDAY=${days.map((day) => CODES[day]).join(',')}`,
    falls({ text, weekday }: Day, first: string): boolean {
      const daysFrom = (from: string): number => (Date.parse(text) - Date.parse(from)) / 86_400_000;
      if (freq === 'DAILY') return daysFrom(first) % interval === 0;
      // A week begins on its Monday.
      const monday = dayAfter(first, -((dayAt(first).weekday + 6) % 7));
      return days.includes(weekday) && Math.floor(daysFrom(monday) / 7) % interval === 0;
    },
  }));

/** A recurrence rule that begins on a day and may end. */
export interface Series {
  readonly rrule: string;
  /** The days it falls on that are no later than `last`, in order. */
  readonly days: (first: string, last: string) => string[];
}

/** Where the end of a rule is counted or written from its first day on. */
export const series: fc.Arbitrary<Series> = fc
  .record({
    rule: fc.oneof(
      dayRule.map(({ rrule, falls }) => ({ rrule, falls })),
      bySetPos,
      byInterval,
    ),
    count: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  })
  .map(({ rule, count }) => ({
    rrule: `${rule.rrule}${count === undefined ? '' : `;COUNT=${count}`}`,
    days(first, last) {
      const found: string[] = [];
      for (let day = first; day <= last && found.length < (count ?? Infinity);) {
        if (rule.falls(dayAt(day), first)) found.push(day);
        day = dayAfter(day);
      }
      return found;
    },
  }));

/** Of a rule that names its days by itself the first day matters only to COUNT, INTERVAL and what was before. */
const byRule = (days: readonly Day[]): fc.Arbitrary<Sample> =>
  fc
    .record({
      series,
      first: firstDay(days),
      until: fc.option(fc.constantFrom(...days), { nil: undefined }),
      start: timeOfDay,
      length,
    })
    .map(({ series, first, until, start, length }) => {
      const ends = until && !series.rrule.includes('COUNT') ? until.text : undefined;
      const end = ends === undefined ? '' : `;UNTIL=${ends.replaceAll('-', '')}`;
      return {
        written: {
          rrule: `${series.rrule}${end}`,
          from: first,
          start: timeText(start),
          for: `${length}s`,
        },
        open(openness, all) {
          const last = all.at(-1)?.text ?? '';
          for (const text of series.days(first, last)) {
            if (ends !== undefined && text > ends) continue;
            openness.openFor(`${text} ${timeText(start)}`, length);
          }
        },
      } satisfies Sample;
    });

/** A day that is shown, or one of the weeks before. */
export const firstDay = (days: readonly Day[]): fc.Arbitrary<string> =>
  fc
    .record({ day: fc.constantFrom(...days), before: fc.integer({ min: -40, max: 0 }) })
    .map(({ day, before }) => dayAfter(day.text, before));

/** Without a day to begin on. */
const byEndless: fc.Arbitrary<Sample> = fc
  .record({ rule: fc.oneof(dayRule, bySetPos), start: timeOfDay, length })
  .map(({ rule, start, length }) => ({
    written: { rrule: rule.rrule, start: timeText(start), for: `${length}s` },
    open(openness, all) {
      for (const { text } of all.filter(rule.falls)) {
        openness.openFor(`${text} ${timeText(start)}`, length);
      }
    },
  }));

const byDates = (days: readonly Day[]): fc.Arbitrary<Sample> =>
  fc
    .record({
      dates: fc.uniqueArray(fc.constantFrom(...days.map(({ text }) => text)), {
        minLength: 1,
        maxLength: 4,
      }),
      start: timeOfDay,
      length,
    })
    .map(({ dates, start, length }) => ({
      written: { dates, start: timeText(start), for: `${length}s` },
      open(openness) {
        for (const text of dates) openness.openFor(`${text} ${timeText(start)}`, length);
      },
    }));

/** Any window but a calendar, near these days. */
export const aWindow = (days: readonly Day[]): fc.Arbitrary<Sample> =>
  fc.oneof(byDays, byCron, byEndless, byRule(days), byDates(days));
