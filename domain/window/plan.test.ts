import { describe, expect, test } from '@jest/globals';
import { Plan } from './plan.ts';
import { poolWindows } from './pool-windows.ts';
import { openingsFrom, planOf } from './written.fixture.ts';
import { zoneClock } from './wall-clock.ts';

const from = '2026-11-24T12:00Z';

describe('a pool opens', () => {
  test.each<{
    name: string;
    zone?: string;
    windows: object[];
    freezes?: object[];
    from?: string;
    expected: string[];
  }>([
    {
      name: 'on days of the week, and over midnight into a day that is not named',
      windows: [{ days: ['fri'], start: '22:00', end: '04:00' }],
      expected: ['2026-11-27T21:00 2026-11-28T03:00', '2026-12-04T21:00 2026-12-05T03:00'],
    },
    {
      name: 'on a day of the month or a day of the week, as cron joins them',
      windows: [{ cron: '0 12 26 * 5', for: '1h' }],
      expected: ['2026-11-26T11:00 2026-11-26T12:00', '2026-11-27T11:00 2026-11-27T12:00'],
    },
    {
      name: 'on a day of the month that is a day of the week too, when that is asked for',
      windows: [{ cron: '0 12 1-7 * +TUE', for: '1h' }],
      expected: ['2026-12-01T11:00 2026-12-01T12:00', '2027-01-05T11:00 2027-01-05T12:00'],
    },
    {
      name: 'on 29 February only',
      windows: [{ cron: '0 22 29 2 *', for: '1h' }],
      expected: ['2028-02-29T21:00 2028-02-29T22:00', '2032-02-29T21:00 2032-02-29T22:00'],
    },
    {
      name: 'by a rule on the first Monday of some months',
      windows: [{ rrule: 'FREQ=MONTHLY;BYMONTH=3,6,9,12;BYDAY=1MO', start: '20:00', for: '3h' }],
      expected: ['2026-12-07T19:00 2026-12-07T22:00', '2027-03-01T19:00 2027-03-01T22:00'],
    },
    {
      name: 'by a rule with an end, on its last day too',
      windows: [{ rrule: 'FREQ=DAILY;UNTIL=20261125', start: '20:00', for: '1h' }],
      expected: ['2026-11-24T19:00 2026-11-24T20:00', '2026-11-25T19:00 2026-11-25T20:00'],
    },
    {
      name: 'by a rule that ends at an instant',
      windows: [{ rrule: 'FREQ=DAILY;UNTIL=20261125T185959Z', start: '20:00', for: '1h' }],
      expected: ['2026-11-24T19:00 2026-11-24T20:00'],
    },
    {
      name: 'by a rule that ends at a local time',
      windows: [{ rrule: 'FREQ=DAILY;UNTIL=20261125T200000', start: '20:00', for: '1h' }],
      expected: ['2026-11-24T19:00 2026-11-24T20:00', '2026-11-25T19:00 2026-11-25T20:00'],
    },
    {
      name: 'no more when all its dates have passed',
      windows: [{ dates: ['2026-11-23'], start: '08:00', for: '10h' }],
      expected: [],
    },
    { name: 'always, when that is written', windows: [{ always: true }], expected: ['ever never'] },
    {
      name: 'always, when others are written beside it',
      windows: [{ days: ['tue'], start: '20:00', end: '22:00' }, { always: true }],
      expected: ['ever never'],
    },
    {
      name: 'without an end where whole days never stop',
      windows: [
        { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], start: '00:00', end: '24:00' },
      ],
      expected: ['ever never'],
    },
    { name: 'never, without windows', windows: [], expected: [] },
    {
      name: 'not in a freeze, whose last day is frozen to its end',
      windows: [{ always: true }],
      freezes: [{ from: '2026-12-18', to: '2027-01-04', because: 'year end' }],
      expected: ['ever 2026-12-17T23:00', '2027-01-04T23:00 never'],
    },
  ])('$name', ({ zone = 'Europe/Zurich', windows, freezes = [], from: at = from, expected }) => {
    const plan = planOf({ timeZone: zone, windows, freezes });
    expect(openingsFrom(plan, at, expected.length || 1)).toEqual(expected);
  });
});

describe('when the clocks are changed, a window', () => {
  const nightly = { days: ['sat', 'sun'], start: '22:00', end: '06:00' };
  test.each<{ name: string; zone?: string; window: object; from: string; expected: string }>([
    {
      name: 'by start and end is an hour shorter in spring',
      window: nightly,
      from: '2027-03-27T12:00Z',
      expected: '2027-03-27T21:00 2027-03-28T04:00',
    },
    {
      name: 'that lasts for a time lasts so long in spring',
      window: { cron: '0 22 * * 6', for: '8h' },
      from: '2027-03-27T12:00Z',
      expected: '2027-03-27T21:00 2027-03-28T05:00',
    },
    {
      name: 'whose start is left out opens when the clocks are put forward',
      window: { days: ['sun'], start: '02:30', end: '04:00' },
      from: '2027-03-28T00:00Z',
      expected: '2027-03-28T01:00 2027-03-28T02:00',
    },
    {
      name: 'that is left out whole does not open on that day',
      window: { days: ['sun'], start: '02:10', end: '02:50' },
      from: '2027-03-28T00:00Z',
      expected: '2027-04-04T00:10 2027-04-04T00:50',
    },
    {
      name: 'whose start comes twice opens the first time, and once',
      window: { cron: '30 2 * * 0', for: '30m' },
      from: '2027-10-31T00:00Z',
      expected: '2027-10-31T00:30 2027-10-31T01:00',
    },
    {
      name: 'whose end comes twice closes the first time',
      window: { days: ['sun'], start: '00:00', end: '02:30' },
      from: '2027-10-30T20:00Z',
      expected: '2027-10-30T22:00 2027-10-31T00:30',
    },
  ])('$name', ({ zone = 'Europe/Zurich', window, from: at, expected }) => {
    expect(openingsFrom(planOf({ timeZone: zone, windows: [window] }), at, 1)).toEqual([expected]);
  });
});

const frozen = (because: string) => ({
  from: { kind: 'day', local: Date.parse('2026-12-01') } as const,
  to: { kind: 'day', local: Date.parse('2026-12-01') } as const,
  because,
});

describe('a pool', () => {
  const windows = [{ kind: 'days', days: [2], startMs: 0, endMs: 3_600_000 }] as const;
  test("has the policy's windows and zone where it has none, and both their freezes", () => {
    const policy = { timeZone: 'Asia/Kathmandu', windows, freezes: [frozen('all')] };
    const given = poolWindows({ ...policy, pools: [{ freezes: [frozen('own')] }] }, 0);
    expect(given.entries.map(({ path }) => path)).toEqual(['windows[0]']);
    expect(given.clock.name).toBe('Asia/Kathmandu');
    expect(given.freezes.map(({ because }) => because)).toEqual(['all', 'own']);
  });

  test("has its own windows instead of the policy's, though they be none", () => {
    const policy = { windows, freezes: [] };
    const own = { windows: [...windows, ...windows], freezes: [] };
    const pools = [own, { windows: [], freezes: [] }];
    expect(poolWindows({ ...policy, pools }, 0).entries.map(({ path }) => path)).toEqual([
      'pools[0].windows[0]',
      'pools[0].windows[1]',
    ]);
    expect(poolWindows({ ...policy, pools }, 1).entries).toEqual([]);
  });

  test('reads what is written for all pools by its own clock', () => {
    const policy = { timeZone: 'Asia/Kathmandu', windows, freezes: [frozen('all')] };
    const pools = [{ timeZone: 'America/New_York', freezes: [] }, { freezes: [] }];
    const begins = [0, 1].map((index) => {
      const { freezes, entries } = poolWindows({ ...policy, pools }, index);
      return [entries[0]?.clock.name, new Date(freezes[0]?.fromMs ?? 0).toISOString()];
    });
    expect(begins).toEqual([
      ['America/New_York', '2026-12-01T05:00:00.000Z'],
      ['Asia/Kathmandu', '2026-11-30T18:15:00.000Z'],
    ]);
  });

  test('has the clock of UTC where nobody names a zone', () => {
    expect(poolWindows({ freezes: [], pools: [{ freezes: [] }] }, 0).clock.name).toBe('UTC');
  });
});

test('an opening names every entry that it is made of, once', () => {
  const plan = planOf({
    windows: [
      { days: ['tue'], start: '20:00', end: '22:00' },
      { cron: '0 21,22 * * 2', for: '2h' },
      { days: ['wed'], start: '20:00', end: '22:00' },
    ],
  });
  const named: unknown[] = [];
  for (const opening of plan.openings(Date.parse(from))) {
    named.push(opening.from);
    if (named.length === 2) break;
  }
  expect(named).toEqual([['windows[0]', 'windows[1]'], ['windows[2]']]);
});

test('a plan without entries has no windows, and forgets nothing when it is asked of the past', () => {
  const empty = new Plan({
    entries: [],
    freezes: [],
    clock: zoneClock('UTC'),
    calendars: new Map(),
  });
  expect(empty.hasWindows).toBe(false);
  const plan = planOf({ windows: [{ days: ['tue'], start: '20:00', end: '22:00' }] });
  const now = openingsFrom(plan, '2026-11-24T12:00Z', 1);
  expect(openingsFrom(plan, '2026-10-20T12:00Z', 1)).toEqual(['2026-10-20T18:00 2026-10-20T20:00']);
  expect(openingsFrom(plan, '2026-11-24T12:00Z', 1)).toEqual(now);
});
