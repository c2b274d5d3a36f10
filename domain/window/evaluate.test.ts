import { describe, expect, test } from '@jest/globals';
import { fits, evaluateWindows } from './evaluate.ts';
import type { OpenedWindow } from '../opened-window.ts';
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

const freeze = (from: string, to: string, because = 'x') => ({ from, to, because });

describe('G8: a closed window says when it opens next:', () => {
  const ALWAYS = [{ always: true }];
  const SECOND_TUESDAY = { cron: '0 22 * * 2#2', for: '4h' };
  const AT_YEAR_END = '2026-12-22T23:00Z';
  const TOO_LATE =
    'the window closes at Wed 2026-12-09 02:00 Europe/Zurich and a rollout may take 1h';

  /** Until when, and in which words. */
  test.each<[name: string, written: object, opens: string, because: string]>([
    [
      'in the zone of the pool',
      { windows: [SECOND_TUESDAY] },
      '2026-12-08T21:00Z',
      'closed until Tue 2026-12-08 22:00 Europe/Zurich',
    ],
    [
      'in the zone of the pool, though the window has another',
      { timeZone: 'Asia/Kathmandu', windows: [{ ...SECOND_TUESDAY, timeZone: 'Europe/Zurich' }] },
      '2026-12-08T21:00Z',
      'closed until Wed 2026-12-09 02:45 Asia/Kathmandu',
    ],
    [
      'after the freeze that holds, with its reason',
      { at: AT_YEAR_END, windows: [nightly], freezes: [YEAR_END] },
      '2027-01-05T21:00Z',
      'closed until Tue 2027-01-05 22:00 Europe/Zurich (freeze until Tue 2027-01-05 00:00 Europe/Zurich: year end)',
    ],
    [
      'at the end of the freeze, of those that overlap the one that lasts longest',
      {
        at: AT_YEAR_END,
        windows: ALWAYS,
        freezes: [freeze('2026-12-20', '2026-12-24', 'advent'), YEAR_END],
      },
      '2027-01-04T23:00Z',
      'closed until Tue 2027-01-05 00:00 Europe/Zurich (freeze: year end)',
    ],
    [
      'when too little is left of this one',
      { at: '2026-12-09T00:00:01Z', windows: [nightly] },
      '2026-12-09T21:00Z',
      `${TOO_LATE}; the next opens at Wed 2026-12-09 22:00 Europe/Zurich`,
    ],
    [
      'passing over those that a freeze has left too short',
      {
        at: '2026-12-08T12:00Z',
        neededMs: 2 * HOUR,
        windows: [nightly],
        freezes: [freeze('2026-12-08T22:30', '2026-12-09T23:59')],
      },
      '2026-12-09T22:59Z',
      'closed until Wed 2026-12-09 23:59 Europe/Zurich',
    ],
    ['not without windows', {}, '', 'its pool has no window'],
    [
      'never, when all has passed',
      { windows: [{ dates: ['2026-01-01'], start: '08:00', for: '4h' }] },
      '',
      'closed: no window opens within ten years',
    ],
    [
      'never, in a freeze of a lifetime',
      { windows: [nightly], freezes: [freeze('2026-01-01', '2099-01-01', 'retired')] },
      '',
      'closed: no window opens within ten years (freeze until Fri 2099-01-02 00:00 Europe/Zurich: retired)',
    ],
    [
      'when too little is left of the last one',
      {
        at: '2026-12-09T00:00:01Z',
        windows: [{ dates: ['2026-12-09'], start: '00:00', for: '2h' }],
      },
      '',
      `${TOO_LATE}; no other opens within ten years`,
    ],
  ])('%s', (_, given, opens, because) => {
    const { at, neededMs, ...written } = { at: '2026-12-05T12:00Z', neededMs: HOUR, ...given };
    expect(look(written, at, neededMs)).toEqual({
      kind: 'closed',
      because,
      ...(opens !== '' && { opensMs: Date.parse(opens) }),
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

describe('a window that a person has opened', () => {
  /** From Saturday at noon for ten hours. */
  const OPENED: OpenedWindow = {
    fromMs: Date.parse('2026-12-05T11:00Z'),
    untilMs: Date.parse('2026-12-05T21:00Z'),
    by: 'ann',
    reason: 'CHG0042',
  };
  const WORDS = 'open until 2026-12-05T21:00:00Z by ann: CHG0042';
  const FROZEN = [freeze('2026-12-05T18:00', '2026-12-05T19:00', 'release')];
  const lookAt = (at: string, written: object = { windows: [nightly] }, over: object = {}) =>
    evaluateWindows(planOf(written), {
      nowMs: Date.parse(at),
      neededMs: HOUR,
      opened: { ...OPENED, ...over },
    });
  const openUntil = (closes: string, opened = WORDS) => ({
    kind: 'open',
    closesMs: Date.parse(closes),
    opened,
  });

  test.each<[name: string, at: string, written: object, closes: string]>([
    ['is open until it ends', '2026-12-05T12:00Z', { windows: [nightly] }, '2026-12-05T21:00Z'],
    ['opens a pool without windows', '2026-12-05T12:00Z', {}, '2026-12-05T21:00Z'],
    [
      'is open though the clock of the worker is late',
      '2026-12-05T10:59Z',
      {},
      '2026-12-05T21:00Z',
    ],
    ['needs what is begun to fit', '2026-12-05T20:00Z', {}, '2026-12-05T21:00Z'],
    ['closes where a freeze begins', '2026-12-05T12:00Z', { freezes: FROZEN }, '2026-12-05T17:00Z'],
    ['opens again after a freeze', '2026-12-05T18:00Z', { freezes: FROZEN }, '2026-12-05T21:00Z'],
    [
      'is one with the window of the policy that it leads to',
      '2026-12-05T12:00Z',
      { windows: [{ days: ['sat'], start: '22:00', end: '24:00' }] },
      '2026-12-05T23:00Z',
    ],
  ])('%s', (_, at, written, closes) => {
    expect(lookAt(at, written)).toEqual(openUntil(closes));
  });

  const CLOSED = 'closed until Tue 2026-12-08 22:00 Europe/Zurich';
  test.each<[name: string, at: string, written: object, because: string]>([
    ['is over', '2026-12-05T21:00Z', { windows: [nightly] }, CLOSED],
    ['is over in a pool without windows', '2026-12-05T21:00Z', {}, 'its pool has no window'],
    [
      'is too short for what is left',
      '2026-12-05T20:01Z',
      { windows: [nightly] },
      `the window (${WORDS}) closes at Sat 2026-12-05 22:00 Europe/Zurich and a rollout may take 1h; the next opens at Tue 2026-12-08 22:00 Europe/Zurich`,
    ],
    [
      'is frozen, and opens again',
      '2026-12-05T17:30Z',
      { freezes: FROZEN },
      'closed until Sat 2026-12-05 19:00 Europe/Zurich (freeze: release)',
    ],
    [
      'is frozen to its end',
      '2026-12-05T12:00Z',
      { windows: [nightly], freezes: [freeze('2026-12-05', '2026-12-06')] },
      `${CLOSED} (freeze until Mon 2026-12-07 00:00 Europe/Zurich: x)`,
    ],
  ])('says why when it %s', (_, at, written, because) => {
    expect(lookAt(at, written)).toMatchObject({ kind: 'closed', because });
  });

  test('is open in a freeze where the person has said so', () => {
    const written = { windows: [nightly], freezes: [freeze('2026-12-05', '2026-12-06')] };
    expect(lookAt('2026-12-05T12:00Z', written, { despiteFreeze: true })).toEqual(
      openUntil(
        '2026-12-05T21:00Z',
        'open until 2026-12-05T21:00:00Z despite freezes by ann: CHG0042',
      ),
    );
  });
});
