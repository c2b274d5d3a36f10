import { describe, expect, test } from '@jest/globals';
import {
  predictedLength,
  rolloutLength,
  shortestLength,
  typicalLength,
  type Lengths,
} from './rollout-length.ts';

const MINUTE = 60_000;
const POOL: Lengths = {
  drain: { delay: 0, timeout: 30 * MINUTE },
  reboot: { delay: 0, orderExpires: 5 * MINUTE, returnWithin: 20 * MINUTE },
};
const TIMEOUTS = { ms: 55 * MINUTE, by: 'the sum of its timeouts' };
const past = (...minutes: readonly number[]): number[] => minutes.map((one) => one * MINUTE);

test('by the policy alone a rollout takes all its timeouts', () => {
  expect(rolloutLength(POOL)).toBe(55 * MINUTE);
  expect(rolloutLength({ ...POOL, expectedLength: MINUTE })).toBe(MINUTE);
});

describe('the length of a rollout is', () => {
  test.each([
    { name: 'its timeouts while nothing is known', lengths: [], ms: 55 },
    { name: 'its timeouts while too little is known', lengths: past(9, 9, 9, 9), ms: 55 },
    { name: 'the longest of the few that are known', lengths: past(6, 12, 7, 8, 9), ms: 12 },
    {
      name: 'what nine of ten have not exceeded, of any that was longer nothing is kept',
      lengths: past(6, 7, 8, 9, 10, 11, 12, 13, 14, 50),
      ms: 14,
    },
    { name: 'in full minutes', lengths: past(6.1, 6.2, 6.3, 6.4, 6.5), ms: 7 },
    { name: 'never less than five minutes', lengths: past(1, 1, 1, 1, 1), ms: 5 },
    { name: 'never more than the timeouts', lengths: past(90, 90, 90, 90, 90), ms: 55 },
  ])('$name', ({ lengths, ms }) => {
    const { by } = TIMEOUTS;
    const known = ms === 55 ? by : 'as nine of ten of the last did at most';
    expect(predictedLength(POOL, lengths)).toEqual({ ms: ms * MINUTE, by: known });
  });

  test('what people say, whatever the past was', () => {
    const pool = { ...POOL, expectedLength: 2 * MINUTE };
    const expected = { ms: 2 * MINUTE, by: 'its expectedLength' };
    expect(predictedLength(pool, past(9, 9, 9, 9, 9))).toEqual(expected);
    expect(shortestLength(pool)).toBe(2 * MINUTE);
  });

  test('at least the pauses that the policy wants, and something for the rest', () => {
    const pool = {
      drain: { ...POOL.drain, delay: 4 * MINUTE },
      reboot: { ...POOL.reboot, delay: 3 * MINUTE },
    };
    expect(predictedLength(pool, past(1, 1, 1, 1, 1)).ms).toBe(12 * MINUTE);
  });

  test('at most the timeouts, where these are shorter than the least', () => {
    const pool = {
      drain: { delay: 0, timeout: MINUTE },
      reboot: { delay: 0, orderExpires: MINUTE, returnWithin: MINUTE },
    };
    expect(predictedLength(pool, past(1, 1, 1, 1, 1)).ms).toBe(3 * MINUTE);
    expect(shortestLength(pool)).toBe(3 * MINUTE);
  });
});

describe('the next rollout takes most likely', () => {
  test.each([
    { name: 'the middle one of the last', lengths: past(1, 50, 3, 2, 4), minutes: 3, last: 5 },
    { name: 'the mean of two', lengths: past(1, 50, 3, 2, 4, 6), minutes: 3.5, last: 6 },
  ])('$name', ({ lengths, minutes, last }) => {
    const by = `the median of the last ${last}`;
    expect(typicalLength(POOL, lengths)).toEqual({ ms: minutes * MINUTE, by });
  });

  test('what the window gate reckons with, while too little is known', () => {
    expect(typicalLength(POOL, past(9, 9, 9, 9))).toEqual(TIMEOUTS);
  });
});
