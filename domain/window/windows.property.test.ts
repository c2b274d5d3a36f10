import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aCalendar } from './calendar-samples.fixture.ts';
import { DAY_S, dayAt, later, minutesOf, Openness, type Minutes } from './oracle.fixture.ts';
import type { Plan } from './plan.ts';
import { aWindow, LONGEST_DAYS, type Sample } from './samples.fixture.ts';
import { planOf } from './written.fixture.ts';

const DAY_MS = DAY_S * 1_000;
/** What began before the seconds that are looked at, or ends after them, is left out of the comparison. */
const MARGIN_DAYS = LONGEST_DAYS + 2;
const DAYS_SHOWN = MARGIN_DAYS + 9;

/** Days around which the calendar or the clocks do something. */
const PLACES: readonly (readonly [string, readonly string[]])[] = [
  ['Europe/Zurich', ['2027-03-28', '2027-10-31', '2028-02-29', '2026-12-31', '2027-01-29']],
  ['America/New_York', ['2027-03-14', '2027-11-07', '2028-02-29', '2026-12-31', '2027-04-30']],
  ['Australia/Lord_Howe', ['2027-04-04', '2027-10-03', '2028-02-29', '2026-12-31', '2027-07-30']],
  ['Asia/Kathmandu', ['2028-02-29', '2026-12-31', '2027-10-29']],
  ['Pacific/Chatham', ['2027-04-04', '2027-09-26']],
  ['America/St_Johns', ['2027-03-14', '2027-11-07']],
];
const ZONES = [...PLACES.map(([zone]) => zone), 'UTC', 'Africa/Casablanca', 'Pacific/Apia'];

/** One of those days, or any other. */
const place = fc.oneof(
  fc.constantFrom(...PLACES.flatMap(([zone, days]) => days.map((day) => ({ zone, day })))),
  fc.record({
    zone: fc.constantFrom(...ZONES),
    day: fc
      .date({
        min: new Date('2025-01-01T00:00Z'),
        max: new Date('2037-12-31T00:00Z'),
        noInvalidDate: true,
      })
      .map((date) => date.toISOString().slice(0, 10)),
  }),
);

const shown = new Map<string, Minutes>();

/** The days around a day; worked out once, for Intl is slow. */
function around(zone: string, day: string): Minutes {
  const key = `${zone} ${day}`;
  const known =
    shown.get(key) ??
    minutesOf(zone, Date.parse(`${day}T00:00Z`) - (MARGIN_DAYS + 3) * DAY_MS, DAYS_SHOWN);
  if (shown.size > 200) shown.clear();
  shown.set(key, known);
  return known;
}

/** A freeze as it is written, and the seconds it takes. */
interface Frozen {
  readonly written: object;
  readonly from: number;
  readonly to: number;
}

type Written = 'day' | 'local' | 'instant';
const writtenAs = fc.constantFrom<Written>('day', 'local', 'instant');

const aFreeze = (minutes: Minutes, zone?: string): fc.Arbitrary<Frozen> => {
  const openness = new Openness(minutes, new Uint8Array());
  const moment = (second: number, as: Written, isEnd: boolean): readonly [string, number] => {
    const text = openness.shownAt(second);
    const day = text.slice(0, 10);
    const ms = minutes.firstMs + second * 1_000;
    switch (as) {
      case 'day':
        return [day, openness.first(isEnd ? later(`${day} 00:00`, DAY_S) : `${day} 00:00`)];
      case 'local':
        return [text.replace(' ', 'T'), openness.first(text)];
      case 'instant':
        return [new Date(ms).toISOString().replace('.000', ''), second];
      default:
        return as satisfies never;
    }
  };
  const second = fc.integer({ min: 1, max: minutes.shown.length * 60 - 1 });
  return fc
    .record({ one: second, other: second, as: fc.tuple(writtenAs, writtenAs) })
    .map(({ one, other, as }) => {
      const [from, fromAt] = moment(Math.min(one, other), as[0], false);
      const [to, toAt] = moment(Math.max(one, other), as[1], true);
      const written = { from, to, because: 'x', ...(zone && { timeZone: zone }) };
      return { written, from: fromAt, to: toAt };
    })
    .filter(({ from, to }) => from < to);
};

/** A window that is read by the clock of a zone of its own. */
const elsewhere = (minutes: Minutes, zone: string): fc.Arbitrary<Sample> =>
  aWindow(minutes.days).map(({ written, open }) => ({
    written: { ...written, timeZone: zone },
    open: (openness) => open(openness.by(minutes), minutes.days),
  }));

const scene = fc.tuple(place, fc.constantFrom(...ZONES)).chain(([{ zone, day }, otherZone]) => {
  const [minutes, other] = [around(zone, day), around(otherZone, day)];
  const clocks = [
    {},
    { zone: otherZone, minutes: other },
    { zone: 'UTC', minutes: around('UTC', day) },
  ];
  return fc.record({
    zone: fc.constant(zone),
    day: fc.constant(day),
    samples: fc.array(fc.oneof(aWindow(minutes.days), elsewhere(other, otherZone)), {
      maxLength: 3,
    }),
    calendars: fc.array(aCalendar(minutes.days, clocks), { maxLength: 2 }),
    frozen: fc.array(fc.oneof(aFreeze(minutes), aFreeze(other, otherZone)), { maxLength: 2 }),
  });
});

type Scene = typeof scene extends fc.Arbitrary<infer One> ? One : never;

function planIn({ zone, samples, calendars, frozen }: Scene): Plan {
  const files = calendars.map(({ text }, at) => [`${at}.ics`, text] as const);
  return planOf(
    {
      timeZone: zone,
      windows: [
        ...samples.map(({ written }) => written),
        ...files.map(([calendar]) => ({ calendar })),
      ],
      freezes: frozen.map(({ written }) => written),
    },
    Object.fromEntries(files),
  );
}

/** The seconds in which the plan is open, counted from the first one. */
function openSeconds(plan: Plan, { firstMs, shown }: Minutes): Uint8Array<ArrayBuffer> {
  const open = new Uint8Array(shown.length * 60);
  let lastMs = -Infinity;
  for (const { opensMs, closesMs } of plan.openings(firstMs)) {
    // In order, and never two for what is one.
    expect(opensMs > lastMs || lastMs === -Infinity).toBe(true);
    expect(closesMs).toBeGreaterThan(opensMs);
    lastMs = closesMs;
    const from = Math.max(0, (opensMs - firstMs) / 1_000);
    if (from >= open.length) break;
    open.fill(1, from, (closesMs - firstMs) / 1_000);
  }
  return open;
}

/** "2027-03-28 03:00:00 opens", …, for people. */
function changes(open: Uint8Array<ArrayBuffer>, minutes: Minutes): string[] {
  const clock = new Openness(minutes, open);
  const said: string[] = [];
  const end = open.length - DAY_S;
  for (let at = MARGIN_DAYS * DAY_S; at >= 0 && at < end; at = open.indexOf(open[at] ? 0 : 1, at)) {
    said.push(`${clock.shownAt(at)} ${open[at] ? 'opens' : 'closes'}`);
  }
  return said;
}

test('windows, calendars and freezes are open when second by second says so', () => {
  fc.assert(
    fc.property(scene, (given) => {
      const minutes = around(given.zone, given.day);
      const openness = new Openness(minutes);
      for (const { open } of [...given.samples, ...given.calendars]) open(openness, minutes.days);
      for (const { from, to } of given.frozen) openness.freeze(from, to);
      expect(changes(openSeconds(planIn(given), minutes), minutes)).toEqual(
        changes(openness.open, minutes),
      );
    }),
    { numRuns: 200 },
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
  const spring = new Openness(around('Europe/Zurich', '2027-03-28'));
  expect(spring.shownAt(spring.first('2027-03-28 02:30:30'))).toBe('2027-03-28 03:00:00');
  const autumn = new Openness(around('Europe/Zurich', '2027-10-31'));
  expect(autumn.first('2027-10-31 03:00') - autumn.first('2027-10-31 02:30')).toBe(5_400);
});

test('asking at any moment gives the same openings', () => {
  fc.assert(
    fc.property(
      scene,
      fc.array(fc.integer({ min: 0, max: 5 * DAY_S }), { maxLength: 4 }),
      (given, asked) => {
        const firstMs = around(given.zone, given.day).firstMs + MARGIN_DAYS * DAY_MS;
        const atMs = firstMs + 6 * DAY_MS;
        const [fresh, used] = [planIn(given), planIn(given)];
        for (const second of asked) used.openings(firstMs + second * 1_000).next();
        expect(used.openings(atMs).next()).toEqual(fresh.openings(atMs).next());
      },
    ),
    { numRuns: 100 },
  );
});
