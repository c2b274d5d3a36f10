import { describe, expect, test } from '@jest/globals';
import { fits, evaluateWindows } from './evaluate.ts';
import { planOf } from './written.fixture.ts';

const HOUR = 3_600_000;
const nightly = { days: ['tue', 'wed'], start: '22:00', end: '02:00' };
const YEAR_END = { from: '2026-12-18', to: '2027-01-04', because: 'year end' };

const look = (written: object, at: string, neededMs = HOUR, calendars = {}) =>
  evaluateWindows(planOf(written, calendars), { nowMs: Date.parse(at), neededMs });

describe('a window is', () => {
  test('open, until it closes', () => {
    expect(look({ windows: [nightly] }, '2026-12-08T21:00Z')).toEqual({
      kind: 'open',
      closesMs: Date.parse('2026-12-09T01:00Z'),
    });
  });

  test('open without end', () => {
    expect(look({ windows: [{ always: true }] }, '2026-12-08T21:00Z')).toEqual({ kind: 'open' });
  });
});

describe('G8: a closed window says when it opens next:', () => {
  test.each<{
    name: string;
    written: object;
    at?: string;
    neededMs?: number;
    because: string;
    opens?: string;
  }>([
    { name: 'not without windows', written: {}, because: 'its pool has no window' },
    {
      name: 'in the zone of the pool',
      written: { windows: [{ cron: '0 22 * * 2#2', for: '4h' }] },
      because: 'closed until Tue 2026-12-08 22:00 Europe/Zurich',
      opens: '2026-12-08T21:00Z',
    },
    {
      name: 'in the zone of the pool, though the window has another',
      written: {
        timeZone: 'Asia/Kathmandu',
        windows: [{ cron: '0 22 * * 2#2', for: '4h', timeZone: 'Europe/Zurich' }],
      },
      because: 'closed until Wed 2026-12-09 02:45 Asia/Kathmandu',
      opens: '2026-12-08T21:00Z',
    },
    {
      name: 'after the freeze that holds, with its reason',
      written: { windows: [nightly], freezes: [YEAR_END] },
      at: '2026-12-22T23:00Z',
      because:
        'closed until Tue 2027-01-05 22:00 Europe/Zurich (freeze until Tue 2027-01-05 00:00 Europe/Zurich: year end)',
      opens: '2027-01-05T21:00Z',
    },
    {
      name: 'at the end of the freeze',
      written: { windows: [{ always: true }], freezes: [YEAR_END] },
      at: '2026-12-22T23:00Z',
      because: 'closed until Tue 2027-01-05 00:00 Europe/Zurich (freeze: year end)',
      opens: '2027-01-04T23:00Z',
    },
    {
      name: 'and of freezes that overlap, with the one that lasts longest',
      written: {
        windows: [{ always: true }],
        freezes: [{ from: '2026-12-20', to: '2026-12-24', because: 'advent' }, YEAR_END],
      },
      at: '2026-12-22T23:00Z',
      because: 'closed until Tue 2027-01-05 00:00 Europe/Zurich (freeze: year end)',
      opens: '2027-01-04T23:00Z',
    },
    {
      name: 'never, when all has passed',
      written: { windows: [{ dates: ['2026-01-01'], start: '08:00', for: '4h' }] },
      because: 'closed: no window opens within ten years',
    },
    {
      name: 'never, in a freeze of a lifetime',
      written: {
        windows: [nightly],
        freezes: [{ from: '2026-01-01', to: '2099-01-01', because: 'retired' }],
      },
      because:
        'closed: no window opens within ten years (freeze until Fri 2099-01-02 00:00 Europe/Zurich: retired)',
    },
    {
      name: 'when too little is left of this one',
      written: { windows: [nightly] },
      at: '2026-12-09T00:00:01Z',
      because:
        'the window closes at Wed 2026-12-09 02:00 Europe/Zurich and a rollout may take 1h; the next opens at Wed 2026-12-09 22:00 Europe/Zurich',
      opens: '2026-12-09T21:00Z',
    },
    {
      name: 'when too little is left of the last one',
      written: { windows: [{ dates: ['2026-12-09'], start: '00:00', for: '2h' }] },
      at: '2026-12-09T00:00:01Z',
      because:
        'the window closes at Wed 2026-12-09 02:00 Europe/Zurich and a rollout may take 1h; no other opens within ten years',
    },
    {
      name: 'passing over those that a freeze has left too short',
      written: {
        windows: [nightly],
        freezes: [{ from: '2026-12-08T22:30', to: '2026-12-09T23:59', because: 'x' }],
      },
      at: '2026-12-08T12:00Z',
      neededMs: 2 * HOUR,
      because: 'closed until Wed 2026-12-09 23:59 Europe/Zurich',
      opens: '2026-12-09T22:59Z',
    },
  ])('$name', ({ written, at = '2026-12-05T12:00Z', neededMs = HOUR, because, opens }) => {
    expect(look(written, at, neededMs)).toEqual({
      kind: 'closed',
      because,
      ...(opens !== undefined && { opensMs: Date.parse(opens) }),
    });
  });

  test('in the same words at every look until it opens', () => {
    const words = ['2026-12-02T13:00Z', '2026-12-06T03:00Z', '2026-12-08T20:59Z'].map((at) =>
      look({ windows: [{ cron: '0 22 * * 2#2', for: '4h' }] }, at),
    );
    expect(new Set(words.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  test('and which calendar cannot be read', () => {
    const problem = 'calendar plan.ics cannot be read: ENOENT';
    const written = { windows: [{ calendar: 'plan.ics' }, nightly] };
    const calendars = { 'plan.ics': { problem } };
    expect(look(written, '2026-12-07T12:00Z', HOUR, calendars)).toMatchObject({
      because: `closed until Tue 2026-12-08 22:00 Europe/Zurich; ${problem}`,
    });
    expect(look(written, '2026-12-08T22:00Z', HOUR, calendars)).toMatchObject({ kind: 'open' });
    expect(
      look({ windows: [{ calendar: 'plan.ics' }] }, '2026-12-07T12:00Z', HOUR, calendars),
    ).toEqual({ kind: 'closed', because: `closed: ${problem}` });
  });
});

describe('work fits into an opening', () => {
  const opening = { opensMs: 100, closesMs: 200 };
  test.each([
    ['that is open and long enough', 100, 100, true],
    ['not by a millisecond too little', 101, 100, false],
    ['not before it opens', 99, 1, false],
    ['to its last moment, when it needs nothing more', 199, 0, true],
    ['not when it closes', 200, 0, false],
  ])('%s', (_, nowMs, neededMs, expected) => {
    expect(fits(opening, { nowMs, neededMs })).toBe(expected);
  });

  test('that never closes, whatever it takes', () => {
    expect(fits({ opensMs: -Infinity, closesMs: Infinity }, { nowMs: 0, neededMs: 1e12 })).toBe(
      true,
    );
  });
});
