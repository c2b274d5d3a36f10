import { expect, test } from '@jest/globals';
import { SharedLooks } from './shared-looks.ts';

const onStage = () => {
  let nowMs = 1_000_000;
  let count = 0;
  const looks = new SharedLooks<number>(() => nowMs);
  return {
    wait: (ms: number) => (nowMs += ms),
    at: (maxAgeMs: number, key = 'prometheus') =>
      looks.at(key, maxAgeMs, async () => {
        count += 1;
        return count;
      }),
  };
};

test('however many ask at once, there is one look', async () => {
  const { at } = onStage();
  expect(await Promise.all(Array.from({ length: 1_000 }, () => at(10_000)))).toEqual(
    Array.from({ length: 1_000 }, () => 1),
  );
});

test('a look is used for as long as those who ask can do with it', async () => {
  const { at, wait } = onStage();
  expect(await at(10_000)).toBe(1);
  wait(10_000);
  expect(await at(10_000)).toBe(1);
  wait(1);
  expect(await at(10_000)).toBe(2);
});

test('who needs a fresh look has one, and the others have it too', async () => {
  const { at, wait } = onStage();
  expect(await at(10_000)).toBe(1);
  wait(3_000);
  expect(await at(2_000)).toBe(2);
  wait(9_000);
  expect(await at(10_000)).toBe(2);
});

test('its age counts from when it began: a slow server does not make old news young', async () => {
  let nowMs = 0;
  const looks = new SharedLooks<string>(() => nowMs);
  const slow = Promise.withResolvers<string>();
  const first = looks.at('x', 10_000, () => slow.promise);
  nowMs = 5_000;
  const fresh = looks.at('x', 2_000, async () => 'fresh');
  slow.resolve('old');
  expect(await Promise.all([first, fresh])).toEqual(['old', 'fresh']);
});

test('looks at different things are different looks', async () => {
  const { at } = onStage();
  expect(await Promise.all([at(10_000, 'one'), at(10_000, 'other'), at(10_000, 'one')])).toEqual([
    1, 2, 1,
  ]);
});

test('one that failed has failed for all who shared it, and the next is a new one', async () => {
  let nowMs = 0;
  const looks = new SharedLooks<string>(() => nowMs);
  const fail = () => looks.at('x', 10_000, () => Promise.reject(new Error('away')));
  const both = await Promise.allSettled([fail(), fail()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  nowMs = 10_001;
  expect(await looks.at('x', 10_000, async () => 'back')).toBe('back');
});
