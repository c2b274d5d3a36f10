import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import { timeZone } from './field-schemas.ts';
import { freezes } from './freeze-schema.ts';
import {
  dayAt,
  minutesOf,
  nextDay,
  Openness,
  timeText,
  type Day,
  type Minutes,
} from './oracle.fixture.ts';
import { Plan } from './plan.ts';
import { poolWindows } from './pool-windows.ts';
import { windows } from './window-schema.ts';

const MINUTE = 60_000;
const DAYS_SHOWN = 14;
/** What began before the minutes that are looked at, or ends after them, is left out of the comparison. */
const MARGIN_DAYS = 4;
const LONGEST_MINUTES = (MARGIN_DAYS - 2) * 1_440;

/** Days around which the calendar or the clocks do something. */
const PLACES: readonly (readonly [string, readonly string[]])[] = [
  ['Europe/Zurich', ['2027-03-28', '2027-10-31', '2028-02-29', '2026-12-31', '2027-01-29']],
  ['America/New_York', ['2027-03-14', '2027-11-07', '2028-02-29', '2026-12-31', '2027-04-30']],
  ['Australia/Lord_Howe', ['2027-04-04', '2027-10-03', '2028-02-29', '2026-12-31', '2027-07-30']],
  ['Asia/Kathmandu', ['2028-02-29', '2026-12-31', '2027-10-29']],
  ['Pacific/Chatham', ['2027-04-04', '2027-09-26']],
  ['America/St_Johns', ['2027-03-14', '2027-11-07']],
];

const shown = new Map<string, Minutes>();

/** Fourteen days around a day; worked out once, for Intl is slow. */
function around(zone: string, day: string): Minutes {
  const key = `${zone} ${day}`;
  const known =
    shown.get(key) ?? minutesOf(zone, Date.parse(`${day}T00:00Z`) - 7 * 1_440 * MINUTE, DAYS_SHOWN);
  shown.set(key, known);
  return known;
}

/** By name, so that a counterexample does not list every minute. */
const place = fc.constantFrom(
  ...PLACES.flatMap(([zone, days]) => days.map((day) => ({ zone, day }))),
);

/** A window as it is written, and how the oracle opens it. */
interface Sample {
  readonly written: object;
  readonly open: (openness: Openness, days: readonly Day[]) => void;
}

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const CODES = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** Often within the hours in which clocks are changed. */
const minuteOfDay = fc.oneof(fc.integer({ min: 0, max: 1_439 }), fc.integer({ min: 90, max: 210 }));
const length = fc.integer({ min: 1, max: LONGEST_MINUTES });
const weekdays = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });

const byDays: fc.Arbitrary<Sample> = fc
  .record({ days: weekdays, start: minuteOfDay, end: fc.oneof(minuteOfDay, fc.constant(1_440)) })
  .filter(({ start, end }) => start !== end)
  .map(({ days, start, end }) => ({
    written: { days: days.map((day) => NAMES[day]), start: timeText(start), end: timeText(end) },
    open(openness, all) {
      for (const { text, weekday } of all) {
        if (!days.includes(weekday)) continue;
        const closes =
          end === 1_440
            ? `${nextDay(text)} 00:00`
            : `${end > start ? text : nextDay(text)} ${timeText(end)}`;
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
    written: { cron: `${minute} ${hours.join(',')} ${rule.cron}`, for: `${length}m` },
    open(openness, all) {
      for (const { text } of all.filter(rule.falls)) {
        for (const hour of hours)
          openness.openFor(`${text} ${timeText(hour * 60 + minute)}`, length);
      }
    },
  }));

const byRule: fc.Arbitrary<Sample> = fc
  .record({ rule: dayRule, start: minuteOfDay, length })
  .map(({ rule, start, length }) => ({
    written: { rrule: rule.rrule, start: timeText(start), for: `${length}m` },
    open(openness, all) {
      for (const { text } of all.filter(rule.falls)) {
        openness.openFor(`${text} ${timeText(start)}`, length);
      }
    },
  }));

/** Every so many weeks, counted from a day. */
const byInterval: fc.Arbitrary<Sample> = fc
  .record({ days: weekdays, interval: fc.integer({ min: 2, max: 4 }), start: minuteOfDay, length })
  .map(({ days, interval, start, length }) => {
    // A Monday, so that weeks of seven days from it are the weeks of the calendar.
    const begin = '2026-01-05';
    const weekOf = ({ text }: Day): number =>
      Math.floor((Date.parse(text) - Date.parse(begin)) / (7 * 1_440 * MINUTE));
    const byday = days.map((day) => CODES[day]).join(',');
    return {
      written: {
        rrule: `FREQ=WEEKLY;INTERVAL=${interval};BYDAY=${byday}`,
        from: begin,
        start: timeText(start),
        for: `${length}m`,
      },
      open(openness, all) {
        for (const day of all) {
          if (days.includes(day.weekday) && weekOf(day) % interval === 0) {
            openness.openFor(`${day.text} ${timeText(start)}`, length);
          }
        }
      },
    } satisfies Sample;
  });

const byDates = (minutes: Minutes): fc.Arbitrary<Sample> =>
  fc
    .record({
      dates: fc.uniqueArray(fc.constantFrom(...minutes.days.map(({ text }) => text)), {
        minLength: 1,
        maxLength: 4,
      }),
      start: minuteOfDay,
      length,
    })
    .map(({ dates, start, length }) => ({
      written: { dates, start: timeText(start), for: `${length}m` },
      open(openness) {
        for (const text of dates) openness.openFor(`${text} ${timeText(start)}`, length);
      },
    }));

const freeze = (minutes: Minutes) =>
  fc
    .tuple(...([0, 1] as const).map(() => fc.constantFrom(...minutes.days.map(({ text }) => text))))
    .map((days) => days.toSorted() as [string, string]);

const scene = place.chain(({ zone, day }) => {
  const minutes = around(zone, day);
  return fc.record({
    zone: fc.constant(zone),
    day: fc.constant(day),
    samples: fc.array(fc.oneof(byDays, byCron, byRule, byInterval, byDates(minutes)), {
      minLength: 1,
      maxLength: 4,
    }),
    frozen: fc.array(freeze(minutes), { maxLength: 2 }),
  });
});

const Written = z.strictObject({ timeZone, windows, freezes });

function planOf(
  zone: string,
  written: readonly object[],
  frozen: readonly (readonly [string, string])[],
): Plan {
  const policy = Written.parse({
    timeZone: zone,
    windows: written,
    freezes: frozen.map(([from, to]) => ({ from, to, because: 'x' })),
  });
  return new Plan({
    ...poolWindows({ ...policy, pools: [{ freezes: [] }] }, 0),
    calendars: new Map(),
  });
}

/** The minutes in which the plan is open, as numbers of minutes since the first one. */
function openMinutes(plan: Plan, { firstMs, shown }: Minutes): boolean[] {
  const open = shown.map(() => false);
  let lastMs = -Infinity;
  for (const { opensMs, closesMs } of plan.openings(firstMs)) {
    // In order, and never two for what is one.
    expect(opensMs > lastMs || lastMs === -Infinity).toBe(true);
    expect(closesMs).toBeGreaterThan(opensMs);
    lastMs = closesMs;
    const from = Math.max(0, (opensMs - firstMs) / MINUTE);
    if (from >= open.length) break;
    for (let at = from; at < Math.min(open.length, (closesMs - firstMs) / MINUTE); at += 1)
      open[at] = true;
  }
  return open;
}

/** "3 2027-03-28 03:00 open, …": where two lists differ, for people. */
function changes(open: readonly boolean[], { shown }: Minutes): string[] {
  const inner = shown.slice(MARGIN_DAYS * 1_440, -1_440);
  return inner.flatMap((text, index) => {
    const at = index + MARGIN_DAYS * 1_440;
    const isChange = index === 0 || open[at] !== open[at - 1];
    return isChange ? [`${text} ${open[at] ? 'opens' : 'closes'}`] : [];
  });
}

test('windows and freezes are open when minute by minute says so', () => {
  fc.assert(
    fc.property(scene, ({ zone, day, samples, frozen }) => {
      const minutes = around(zone, day);
      const openness = new Openness(minutes);
      const { days } = minutes;
      for (const { open } of samples) open(openness, days);
      for (const [from, to] of frozen) openness.freeze(`${from} 00:00`, `${nextDay(to)} 00:00`);
      const plan = planOf(
        zone,
        samples.map(({ written }) => written),
        frozen,
      );
      expect(changes(openMinutes(plan, minutes), minutes)).toEqual(changes(openness.open, minutes));
    }),
    { numRuns: 300 },
  );
});

test('the oracle knows its calendar', () => {
  expect(dayAt('2028-02-29')).toEqual({
    text: '2028-02-29',
    year: 2028,
    month: 2,
    dayOfMonth: 29,
    weekday: 2,
    daysInMonth: 29,
  });
  expect(around('Europe/Zurich', '2027-03-28').shown).not.toContain('2027-03-28 02:30');
  expect(
    around('Europe/Zurich', '2027-10-31').shown.filter((text) => text === '2027-10-31 02:30'),
  ).toHaveLength(2);
});

test('asking at any moment gives the same openings', () => {
  fc.assert(
    fc.property(
      scene,
      fc.array(fc.integer({ min: 0, max: 5 * 1_440 }), { maxLength: 4 }),
      (given, asked) => {
        const { zone, day, samples, frozen } = given;
        const minutes = around(zone, day);
        const written = samples.map((sample) => sample.written);
        const firstMs = minutes.firstMs + MARGIN_DAYS * 1_440 * MINUTE;
        const atMs = firstMs + 6 * 1_440 * MINUTE;
        const fresh = planOf(zone, written, frozen);
        const used = planOf(zone, written, frozen);
        for (const minute of asked) used.openings(firstMs + minute * MINUTE).next();
        expect(used.openings(atMs).next()).toEqual(fresh.openings(atMs).next());
      },
    ),
    { numRuns: 300 },
  );
});
