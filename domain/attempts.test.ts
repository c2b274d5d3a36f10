import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readAttempts, writeAttempts, type Attempts } from './node-contract.ts';
import {
  afterFailure,
  afterReboot,
  afterWish,
  backOff,
  type Failure,
  type BackOffRules,
} from './attempts.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RULES: BackOffRules = { pauseMs: 10 * MINUTE, longestPauseMs: 6 * HOUR, rebootsPerDay: 3 };

const failed = (count: number, lastAtMs = NOW): Attempts => ({
  reboots: [],
  failed: { count, lastAtMs, because: 'shop/web-1: budget web' },
});
const rebooted = (...hoursAgo: number[]): Attempts => ({
  reboots: hoursAgo.map((hours) => NOW - hours * HOUR),
});

const a = (because: string, over: Partial<Failure> = {}): Failure => ({
  because,
  trouble: false,
  atMs: NOW,
  ...over,
});

/** How long the node rests from now, found by asking at every minute of two days. */
function restsMs(attempts: Attempts, rules = RULES): number {
  let ms = 0;
  while (backOff(attempts, rules, NOW + ms)?.because !== undefined && ms < 2 * DAY) ms += MINUTE;
  return ms;
}

describe('after a try that ended without a reboot', () => {
  const PAUSES = [10, 20, 40, 80, 160, 320, 360, 360];
  test.each([...PAUSES.entries(), [4_999, 360]])('%s and one more: %s minutes', (more, minutes) => {
    expect(restsMs(failed(more + 1))).toBe(minutes * MINUTE);
  });

  test('a first pause that is longer than the longest is the longest', () => {
    const rules = { ...RULES, pauseMs: 9 * HOUR };
    expect(restsMs(failed(1), rules)).toBe(6 * HOUR);
  });

  test.each([
    [1, 'tried once without a reboot, next try after 2026-11-23T22:10:00.000Z'],
    [3, 'tried 3 times without a reboot, next try after 2026-11-23T22:40:00.000Z'],
  ])('G8: the reason after %s says when the next comes, and why the last ended', (count, words) => {
    expect(backOff(failed(count), RULES, NOW)?.because).toBe(
      `${words}; last: shop/web-1: budget web`,
    );
  });

  test('G5: what halted its pool stays until a try goes well, whatever comes between', () => {
    const troubled = afterFailure(undefined, a('shop/web-1: budget web', { trouble: true }));
    const aborted = afterFailure(troubled, a('aborted: lunch', { atMs: NOW + MINUTE }));
    expect(aborted).toMatchObject({
      failed: { count: 2, because: 'aborted: lunch' },
      trouble: { because: 'shop/web-1: budget web', atMs: NOW },
    });
    const refused = afterFailure(
      aborted,
      a('y'.repeat(9_000), { trouble: true, atMs: NOW + HOUR }),
    );
    expect(refused.trouble).toEqual({ because: `${'y'.repeat(199)}…`, atMs: NOW + HOUR });
    expect(afterReboot(refused, NOW)).toEqual({ reboots: [NOW] });
  });

  test('it counts them, and keeps the last words short', () => {
    const first = afterFailure(undefined, a('x'.repeat(9_000)));
    expect(first).toEqual({
      reboots: [],
      failed: { count: 1, lastAtMs: NOW, because: `${'x'.repeat(199)}…` },
    });
    expect(afterFailure(first, a('again', { atMs: NOW + HOUR }))).toEqual({
      reboots: [],
      failed: { count: 2, lastAtMs: NOW + HOUR, because: 'again' },
    });
  });
});

describe('reboots of one day', () => {
  test.each<[name: string, hoursAgo: number[], expected: string | undefined, perDay?: number]>([
    ['none is few enough', [], undefined],
    ['less than the cap are few enough', [5, 1], undefined],
    [
      'as many as the cap are enough, until the oldest of them is a day old',
      [20, 5, 1],
      '3 times within 24 h, and at most 3 are allowed: again after 2026-11-24T02:00:00.000Z',
    ],
    [
      'more than a lowered cap rest until the one that matters is a day old',
      [20, 5, 1],
      '3 times within 24 h, and at most 1 are allowed: again after 2026-11-24T21:00:00.000Z',
      1,
    ],
    [
      'one under a cap of one is said as once',
      [23],
      'once within 24 h, and at most 1 are allowed: again after 2026-11-23T23:00:00.000Z',
      1,
    ],
    ['a day old ones do not count', [24, 5, 1], undefined],
  ])('%s', (_, hoursAgo, expected, rebootsPerDay = 3) => {
    const said = backOff(rebooted(...hoursAgo), { ...RULES, rebootsPerDay }, NOW)?.because;
    expect(said).toBe(expected && `rebooted ${expected}`);
  });

  test('are told of before failed tries', () => {
    const attempts = { ...failed(1), ...rebooted(3, 2, 1) };
    expect(backOff(attempts, RULES, NOW)?.because).toMatch(/^rebooted 3 times/);
  });

  test('older ones are not remembered', () => {
    const attempts = rebooted(30, 24, 23);
    expect(afterReboot(attempts, NOW).reboots).toEqual([NOW - 23 * HOUR, NOW]);
    expect(afterFailure(attempts, a('x')).reboots).toEqual([NOW - 23 * HOUR]);
  });
});

test('a node without a past does not rest', () => {
  expect(backOff(undefined, RULES, NOW)?.because).toBeUndefined();
});

describe('once no reboot is wanted any more', () => {
  const trouble = { because: 'budget web', atMs: NOW };
  test.each<[name: string, attempts: Attempts, left: Attempts | undefined]>([
    ['failed tries are forgotten', failed(3), rebooted()],
    ['a reboot of yesterday is forgotten', rebooted(24), rebooted()],
    [
      'G5: what halted its pool is forgotten, and the reboots of a day are not',
      { ...rebooted(30, 23), trouble },
      rebooted(23),
    ],
    ['reboots of a day alone are left as they are', rebooted(30, 23), undefined],
  ])('%s', (_, attempts, left) => {
    expect(afterWish(attempts, NOW)).toEqual(left);
  });
});

interface Step {
  readonly rebooted: boolean;
  readonly trouble: boolean;
  readonly afterMs: number;
  readonly because: string;
}

/** What is remembered after the history, as it stands on the node, and when it ended. */
function live(steps: readonly Step[]) {
  let attempts: Attempts | undefined;
  let nowMs = NOW;
  for (const { rebooted, trouble, afterMs, because } of steps) {
    nowMs += afterMs;
    const next = rebooted
      ? afterReboot(attempts, nowMs)
      : afterFailure(attempts, { because, trouble, atMs: nowMs });
    attempts = readAttempts(writeAttempts(next) ?? undefined);
    expect(attempts).toEqual(next);
  }
  return { attempts, nowMs };
}

describe('whatever has happened to a node,', () => {
  const step = fc.record({
    rebooted: fc.boolean(),
    trouble: fc.boolean(),
    afterMs: fc.integer({ min: 1, max: 8 * HOUR }),
    because: fc.string(),
  });
  const rules = fc.record({
    pauseMs: fc.integer({ min: 1_000, max: 8 * HOUR }),
    longestPauseMs: fc.integer({ min: 1_000, max: 8 * HOUR }),
    rebootsPerDay: fc.integer({ min: 1, max: 5 }),
  });
  const history = fc.array(step, { maxLength: 20, size: 'max' });

  test('it says the same words at every look until the reason is another', () => {
    fc.assert(
      fc.property(history, rules, (steps, given) => {
        const { attempts, nowMs } = live(steps);
        const words = backOff(attempts, given, nowMs)?.because;
        if (words === undefined) return;
        const until = Date.parse(/after (\S+?Z)/.exec(words)?.[1] ?? '');
        expect(until).toBeGreaterThan(nowMs);
        if (words.startsWith('tried')) {
          expect(backOff(attempts, given, until - 1)?.because).toBe(words);
          expect(backOff(attempts, given, until)?.because).toBeUndefined();
        } else expect(backOff(attempts, given, until)?.because).not.toBe(words);
      }),
    );
  });

  test('it rests at most a day and the longest pause, then it may go', () => {
    fc.assert(
      fc.property(history, rules, (steps, given) => {
        const { attempts, nowMs } = live(steps);
        expect(
          backOff(attempts, given, nowMs + DAY + given.longestPauseMs)?.because,
        ).toBeUndefined();
      }),
    );
  });

  test('as long as the rest is kept to, no more reboots than allowed come within a day', () => {
    fc.assert(
      fc.property(history, rules, (steps, given) => {
        let attempts: Attempts | undefined;
        let nowMs = NOW;
        const reboots: number[] = [];
        for (const { afterMs } of steps) {
          nowMs += afterMs;
          if (backOff(attempts, given, nowMs)?.because !== undefined) continue;
          attempts = afterReboot(attempts, nowMs);
          reboots.push(nowMs);
        }
        for (const at of reboots) {
          const within = reboots.filter((other) => other <= at && other > at - DAY);
          expect(within.length).toBeLessThanOrEqual(given.rebootsPerDay);
        }
      }),
    );
  });
});
