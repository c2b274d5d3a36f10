import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pastConflicts } from './conflicts.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** What comes of an update that meets so many conflicts before it gets through, and how often it was tried. */
async function after(conflicts: number) {
  let tries = 0;
  const done = new MockActivityEnvironment().run(() =>
    pastConflicts('n1 cannot be written', async () => {
      tries += 1;
      return tries > conflicts ? 'updated' : 'conflict';
    }),
  );
  const settled = done.catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(60_000);
  return { tries, end: await settled };
}

test.each([0, 1, 9])('an update that meets %d conflicts gets through', async (conflicts) => {
  expect(await after(conflicts)).toEqual({ tries: conflicts + 1, end: 'updated' });
});

test('one that meets ten is given up for now, and says why', async () => {
  expect(await after(10)).toEqual({
    tries: 10,
    end: expect.objectContaining({
      type: 'node-busy',
      nonRetryable: false,
      message: 'n1 cannot be written: somebody changes the node all the time (10 conflicts)',
    }),
  });
});
