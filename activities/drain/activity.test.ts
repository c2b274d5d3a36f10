import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { aPod } from '../../domain/a-pod.fixture.ts';
import type { EvictionAnswer } from '../../domain/eviction-answer.ts';
import { ANNOTATION } from '../../domain/node-contract.ts';
import { recorded, type FakeNode } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';
import { drainAsOrdered } from './activity.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

const QUESTION = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };

/** A node this run has cordoned a moment ago, with nobody on it. */
const draining = (pool: object) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  const now = Date.now();
  const state = { done: false };
  const asked = { ...QUESTION, startedAtMs: now, cordonedAtMs: now };
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

test.each<{ name: string; change: Partial<FakeNode>; answer: object }>([
  {
    name: 'a hold',
    change: { annotations: { ...recorded(), [ANNOTATION.hold]: 'x' } },
    answer: { closed: 'hold: held: x' },
  },
  { name: 'its deletion', change: { deleting: true }, answer: { closed: /being deleted/ } },
  {
    name: 'an autoscaler',
    change: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] },
    answer: { closed: /being taken away/ },
  },
  { name: 'somebody else', change: { unschedulable: false }, answer: { type: 'cordon-lost' } },
])('a drain is given up for $name within seconds', async ({ change, answer }) => {
  const stage = new Stage();
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  stage.pods.pods = [aPod('web-1', { deletionTimestampMs: Date.now() + 600_000 })];
  const now = Date.now();
  const asked = { ...QUESTION, startedAtMs: now, cordonedAtMs: now };
  let end: unknown;
  void stage.run(drainAsOrdered, asked).then(
    (drained) => (end = drained),
    (error: unknown) => (end = error),
  );
  await jest.advanceTimersByTimeAsync(4_000);
  expect(end).toBeUndefined();
  stage.nodes.change('n1', change);
  await jest.advanceTimersByTimeAsync(3_000);
  const { closed } = answer as { closed?: string | RegExp };
  expect(end).toMatchObject(
    closed instanceof RegExp ? { closed: expect.stringMatching(closed) } : answer,
  );
});

test('each eviction that a disruption budget refuses is counted, and nothing else', async () => {
  const stage = new Stage();
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  stage.pods.pods = [aPod('web-1')];
  const because = 'the disruption budget web needs 2';
  const answers: EvictionAnswer[] = [
    { kind: 'blocked-by-budget', because },
    { kind: 'two-budgets', because },
    { kind: 'throttled', because },
    { kind: 'evicted' },
  ];
  stage.pods.budgets = async () => [];
  stage.pods.evict = async () => {
    const answer = answers.shift() ?? { kind: 'gone' };
    if (answer.kind === 'evicted') stage.pods.pods = [];
    return answer;
  };
  const asked = { ...QUESTION, startedAtMs: Date.now(), cordonedAtMs: Date.now() };
  const work = stage.run(drainAsOrdered, asked);
  await jest.advanceTimersByTimeAsync(300_000);
  await work;
  expect(stage.evictionsRefused).toEqual(['workers', 'workers']);
});

test('a drain does not read its node more often because it is written all the time', async () => {
  const stage = new Stage();
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  stage.pods.pods = [aPod('web-1', { deletionTimestampMs: Date.now() + 600_000 })];
  const read = jest.spyOn(stage.nodes, 'read');
  const asked = { ...QUESTION, startedAtMs: Date.now(), cordonedAtMs: Date.now() };
  void stage.run(drainAsOrdered, asked).catch(() => undefined);
  for (let time = 0; time < 200; time += 1) {
    stage.nodes.change('n1', { labels: { pool: 'workers', time: String(time) } });
    await jest.advanceTimersByTimeAsync(50);
  }
  expect(read.mock.calls.length).toBeLessThanOrEqual(6);
  read.mockClear();
  for (let time = 0; time < 200; time += 1) {
    stage.nodes.change('n1', { heartbeatAtMs: Date.now() });
    await jest.advanceTimersByTimeAsync(50);
  }
  expect(read.mock.calls.length).toBeLessThanOrEqual(2);
});

test('G6: where nobody knows when the cordon was written, it is looked for before the first pod', async () => {
  const stage = new Stage();
  stage.nodes.add('n1', { unschedulable: false, annotations: recorded() });
  stage.pods.pods = [aPod('web-1')];
  const looks: string[] = [];
  stage.pods.meanwhile.push(() => looks.push('pods'));
  const asked = { ...QUESTION, startedAtMs: Date.now(), cordonedAtMs: 0 };
  await expect(stage.run(drainAsOrdered, asked)).rejects.toMatchObject({ type: 'cordon-lost' });
  expect(looks).toEqual([]);
});
