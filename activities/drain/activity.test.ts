import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { aPod } from '../../domain/a-pod.fixture.ts';
import { recorded } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';
import { drainAsOrdered } from './activity.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A node this run has cordoned a moment ago, with nobody on it. */
const draining = (pool: object) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  const now = Date.now();
  const state = { done: false };
  const question = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
  const asked = { ...question, startedAtMs: now, cordonedAtMs: now };
  const work = stage.run(drainAsOrdered, asked).then(() => {
    state.done = true;
    return undefined;
  });
  return { state, work };
};

test.each([
  { name: 'between cordon and drain', pool: { drain: { delay: '40s' } } },
  { name: 'between drain and order', pool: { reboot: { delay: '40s' } } },
])('a drain waits $name as long as the policy says', async ({ pool }) => {
  const { state, work } = draining(pool);
  await jest.advanceTimersByTimeAsync(38_000);
  expect(state.done).toBe(false);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(state.done).toBe(true);
  await work;
});

test('G6: where nobody knows when the cordon was written, it is looked for before the first pod', async () => {
  const stage = new Stage();
  stage.nodes.add('n1', { unschedulable: false, annotations: recorded() });
  stage.pods.pods = [aPod('web-1')];
  const looks: string[] = [];
  stage.pods.meanwhile.push(() => looks.push('pods'));
  const question = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
  const asked = { ...question, startedAtMs: Date.now(), cordonedAtMs: 0 };
  await expect(stage.run(drainAsOrdered, asked)).rejects.toMatchObject({ type: 'cordon-lost' });
  expect(looks).toEqual([]);
});
