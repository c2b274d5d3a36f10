import { expect, test } from '@jest/globals';
import { backoffMs } from './backoff.ts';

test.each([
  { failures: 1, random: 0, expected: 1_000 },
  { failures: 4, random: 0, expected: 8_000 },
  { failures: 6, random: 0, expected: 30_000 },
  { failures: 5_000, random: 0, expected: 30_000 },
  { failures: 6, random: 0.5, expected: 33_750 },
])('after $failures failures the pause is $expected ms', ({ failures, random, expected }) => {
  expect(backoffMs({ firstMs: 1_000, mostMs: 30_000 }, failures, random)).toBe(expected);
});
