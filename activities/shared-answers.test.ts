import { expect, test } from '@jest/globals';
import { SharedAnswers } from './shared-answers.ts';

const onStage = () => {
  let nowMs = 1_000_000;
  let count = 0;
  const answers = new SharedAnswers<number>(() => nowMs);
  return {
    wait: (ms: number) => (nowMs += ms),
    at: (maxAgeMs: number, key = 'prometheus') =>
      answers.at(key, maxAgeMs, async () => {
        count += 1;
        return count;
      }),
  };
};

test('however many ask at once, the server is asked once', async () => {
  const { at } = onStage();
  expect(await Promise.all(Array.from({ length: 1_000 }, () => at(10_000)))).toEqual(
    Array.from({ length: 1_000 }, () => 1),
  );
});

test('an answer is used for as long as those who ask can do with it', async () => {
  const { at, wait } = onStage();
  expect(await at(10_000)).toBe(1);
  wait(10_000);
  expect(await at(10_000)).toBe(1);
  wait(1);
  expect(await at(10_000)).toBe(2);
});

test('who needs a fresh answer has one, and the others have it too', async () => {
  const { at, wait } = onStage();
  expect(await at(10_000)).toBe(1);
  wait(3_000);
  expect(await at(2_000)).toBe(2);
  wait(9_000);
  expect(await at(10_000)).toBe(2);
});

test('its age counts from when it began: a slow server does not make old news young', async () => {
  let nowMs = 0;
  const answers = new SharedAnswers<string>(() => nowMs);
  const slow = Promise.withResolvers<string>();
  const first = answers.at('x', 10_000, () => slow.promise);
  nowMs = 5_000;
  const fresh = answers.at('x', 2_000, async () => 'fresh');
  slow.resolve('old');
  expect(await Promise.all([first, fresh])).toEqual(['old', 'fresh']);
});

test('questions about different things are different questions', async () => {
  const { at } = onStage();
  expect(await Promise.all([at(10_000, 'one'), at(10_000, 'other'), at(10_000, 'one')])).toEqual([
    1, 2, 1,
  ]);
});

test('one that failed has failed for all who shared it, and the next is a new one', async () => {
  let nowMs = 0;
  const answers = new SharedAnswers<string>(() => nowMs);
  const fail = () => answers.at('x', 10_000, () => Promise.reject(new Error('away')));
  const both = await Promise.allSettled([fail(), fail()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  nowMs = 10_001;
  expect(await answers.at('x', 10_000, async () => 'back')).toBe('back');
});
