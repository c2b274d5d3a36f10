import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { DURATION, formatDuration, isDuration, LONGEST_MS, parseDuration } from './durations.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

describe('parseDuration', () => {
  test.each([
    { text: '250ms', expected: 250 },
    { text: '90s', expected: 90 * SECOND },
    { text: '30m', expected: HOUR / 2 },
    { text: '1h30m', expected: 1.5 * HOUR },
    { text: '14d', expected: 14 * DAY },
    { text: '0s', expected: 0 },
    { text: '1m1ms', expected: 60_001 },
  ])('reads $text', ({ text, expected }) => {
    expect(isDuration(text)).toBe(true);
    expect(parseDuration(text)).toBe(expected);
  });

  test('adds its parts up, in whatever order they are written', () => {
    const part = fc.tuple(fc.nat(10_000), fc.constantFrom('ms', 's', 'm', 'h', 'd'));
    const unitMs = { ms: 1, s: SECOND, m: 60 * SECOND, h: HOUR, d: DAY };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
        const sum = parts.reduce((total, [count, unit]) => total + count * unitMs[unit], 0);
        expect(DURATION.test(text)).toBe(true);
        expect(parseDuration(text)).toBe(sum);
      }),
    );
  });
});

describe('isDuration', () => {
  test.each(['', '30', 'm', '-5m', '1.5h', ' 5m', '5m ', '5 m', '1h 30m', '5M', '5w', '٣s'])(
    'refuses "%s"',
    (text) => {
      expect(isDuration(text)).toBe(false);
    },
  );

  test('refuses what no calendar can hold, such as a typing error of many digits', () => {
    expect(isDuration('3650d')).toBe(true);
    expect(isDuration('3650d1ms')).toBe(false);
    expect(isDuration(`${'9'.repeat(400)}d`)).toBe(false);
    expect(parseDuration('3650d')).toBe(LONGEST_MS);
  });
});

describe('formatDuration', () => {
  test.each([
    { ms: 0, expected: '0s' },
    { ms: 499, expected: '0s' },
    { ms: 500, expected: '1s' },
    { ms: 12 * SECOND, expected: '12s' },
    { ms: 59_999, expected: '1m' },
    { ms: HOUR + 5 * 60 * SECOND + 59 * SECOND, expected: '1h 5m' },
    { ms: DAY + 7 * SECOND, expected: '1d 7s' },
    { ms: -HOUR, expected: '0s' },
  ])('says $ms ms as $expected', ({ ms, expected }) => {
    expect(formatDuration(ms)).toBe(expected);
  });

  test('is never more than was given, and short of it by less than its smallest unit', () => {
    fc.assert(
      fc.property(fc.nat(5_000 * 86_400), (seconds) => {
        const said = formatDuration(seconds * SECOND);
        const readBack = parseDuration(said.replace(' ', ''));
        const smallest = parseDuration(`1${said.at(-1)}`);
        expect(readBack).toBeLessThanOrEqual(seconds * SECOND);
        expect(seconds * SECOND - readBack).toBeLessThan(smallest);
      }),
    );
  });

  test('of a single unit reads back as exactly what was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 23 }), fc.constantFrom('s', 'm', 'h', 'd'), (n, unit) =>
        expect(formatDuration(parseDuration(`${n}${unit}`))).toBe(`${n}${unit}`),
      ),
    );
  });
});
