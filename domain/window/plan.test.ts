import { describe, expect, test } from '@jest/globals';
import { Plan } from './plan.ts';
import { poolWindows } from './pool-windows.ts';
import { openingsFrom, planOf } from './written.fixture.ts';
import { zoneClock } from './wall-clock.ts';

const from = '2026-11-24T12:00Z';

describe('a pool opens', () => {
  const EVENING = { start: '20:00', for: '1h' };
  const OF_24 = '2026-11-24T19:00 2026-11-24T20:00';
  const OF_25 = '2026-11-25T19:00 2026-11-25T20:00';
  const TUESDAYS = { days: ['tue'], start: '20:00', end: '22:00' };
  const ALL_DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  test.each<[name: string, windows: object[], ...expected: string[]]>([
    [
      'on days of the week, and over midnight into a day that is not named',
      [{ days: ['fri'], start: '22:00', end: '04:00' }],
      '2026-11-27T21:00 2026-11-28T03:00',
      '2026-12-04T21:00 2026-12-05T03:00',
    ],
    [
      'on a day of the month or a day of the week, as cron joins them',
      [{ cron: '0 12 26 * 5', for: '1h' }],
      '2026-11-26T11:00 2026-11-26T12:00',
      '2026-11-27T11:00 2026-11-27T12:00',
    ],
    [
      'on a day of the month that is a day of the week too, when that is asked for',
      [{ cron: '0 12 1-7 * +TUE', for: '1h' }],
      '2026-12-01T11:00 2026-12-01T12:00',
      '2027-01-05T11:00 2027-01-05T12:00',
    ],
    [
      'on 29 February only',
      [{ cron: '0 22 29 2 *', for: '1h' }],
      '2028-02-29T21:00 2028-02-29T22:00',
      '2032-02-29T21:00 2032-02-29T22:00',
    ],
    [
      'by a rule on the first Monday of some months',
      [{ rrule: 'FREQ=MONTHLY;BYMONTH=3,6,9,12;BYDAY=1MO', ...EVENING }],
      '2026-12-07T19:00 2026-12-07T20:00',
      '2027-03-01T19:00 2027-03-01T20:00',
    ],
    ['to the last day', [{ rrule: 'FREQ=DAILY;UNTIL=20261125', ...EVENING }], OF_24, OF_25],
    ['to an instant', [{ rrule: 'FREQ=DAILY;UNTIL=20261125T185959Z', ...EVENING }], OF_24],
    ['to a time', [{ rrule: 'FREQ=DAILY;UNTIL=20261125T200000', ...EVENING }], OF_24, OF_25],
    ['no more when all its dates have passed', [{ dates: ['2026-11-23'], ...EVENING }]],
    ['always, when others are written beside it', [TUESDAYS, { always: true }], 'ever never'],
    ['always', [{ days: ALL_DAYS, start: '00:00', end: '24:00' }], 'ever never'],
    ['never, without windows', []],
  ])('%s', (_, windows, ...expected) => {
    expect(openingsFrom(planOf({ windows }), from, Math.max(expected.length, 1))).toEqual(expected);
  });

  test('not in a freeze, whose last day is frozen to its end', () => {
    const freezes = [{ from: '2026-12-18', to: '2027-01-04', because: 'year end' }];
    expect(openingsFrom(planOf({ windows: [{ always: true }], freezes }), from)).toEqual([
      'ever 2026-12-17T23:00',
      '2027-01-04T23:00 never',
    ]);
  });
});

describe('when the clocks are changed, a window', () => {
  test.each<[name: string, window: object, at: string, expected: string]>([
    [
      'by start and end is an hour shorter in spring',
      { days: ['sat', 'sun'], start: '22:00', end: '06:00' },
      '2027-03-27T12:00Z',
      '2027-03-27T21:00 2027-03-28T04:00',
    ],
    [
      'that lasts for a time lasts so long in spring',
      { cron: '0 22 * * 6', for: '8h' },
      '2027-03-27T12:00Z',
      '2027-03-27T21:00 2027-03-28T05:00',
    ],
    [
      'whose start is left out opens when the clocks are put forward',
      { days: ['sun'], start: '02:30', end: '04:00' },
      '2027-03-28T00:00Z',
      '2027-03-28T01:00 2027-03-28T02:00',
    ],
    [
      'that is left out whole does not open on that day',
      { days: ['sun'], start: '02:10', end: '02:50' },
      '2027-03-28T00:00Z',
      '2027-04-04T00:10 2027-04-04T00:50',
    ],
    [
      'whose start comes twice opens the first time, and once',
      { cron: '30 2 * * 0', for: '30m' },
      '2027-10-31T00:00Z',
      '2027-10-31T00:30 2027-10-31T01:00',
    ],
    [
      'whose end comes twice closes the first time',
      { days: ['sun'], start: '00:00', end: '02:30' },
      '2027-10-30T20:00Z',
      '2027-10-30T22:00 2027-10-31T00:30',
    ],
  ])('%s', (_, window, at, expected) => {
    expect(openingsFrom(planOf({ windows: [window] }), at, 1)).toEqual([expected]);
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
