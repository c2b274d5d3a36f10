import { AsyncResource } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aPod } from '../../domain/a-pod.fixture.ts';
import { failure } from '../failure.ts';
import { recorded } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';
import { drainAsOrdered } from './activity.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.parse('2026-11-23T22:00:00Z');

beforeEach(() => {
  jest.useFakeTimers({ now: START });
  // A played timer loses the activity it was set by, which a real one does not.
  const { setInterval } = globalThis;
  jest
    .spyOn(globalThis, 'setInterval')
    .mockImplementation(((work: () => void, ms: number) =>
      setInterval(AsyncResource.bind(work), ms)) as typeof setInterval);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A drain that lasts: there is a pod, and the API server does not say what becomes of it. */
const draining = () => {
  const stage = new Stage({ drain: { timeout: '1d' } });
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  stage.pods.list = async () => {
    if (Date.now() > START + 3 * MINUTE) return { pods: [], resourceVersion: '1' };
    throw failure('kube-unavailable', 'the API server is away');
  };
  const told: number[] = [];
  stage.temporal.signalRollout = async (run, name, progress) => {
    expect([run, name]).toEqual([
      { workflowId: 'node-rollout/n1', runId: 'run-1' },
      'drainProgress',
    ]);
    expect(progress).toMatchObject({ trouble: { because: 'the API server is away' } });
    told.push(Date.now() - START);
  };
  const begin = () =>
    stage.run(drainAsOrdered, {
      node: 'n1',
      pool: 'workers',
      skip: [],
      evenIfNotRequired: false,
      startedAtMs: START,
      cordonedAtMs: START,
    });
  return { stage, told, begin };
};

describe('G8: a drain tells its rollout how it stands', () => {
  test('only once it takes its time, and then seldom, for each time is an event', async () => {
    const { told, begin } = draining();
    const work = begin();
    await jest.advanceTimersByTimeAsync(15 * SECOND - 1);
    expect(told).toEqual([]);
    await jest.advanceTimersByTimeAsync(6 * SECOND);
    expect(told).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(4 * MINUTE);
    await work;
    expect(told.length).toBeGreaterThan(1);
    for (const [index, atMs] of told.slice(1).entries()) {
      expect(atMs - (told[index] ?? 0)).toBeGreaterThanOrEqual(MINUTE);
    }
  });

  test('and beats with the same all the time, so that a worker that is lost is soon known', async () => {
    const { stage, begin } = draining();
    const work = begin();
    await jest.advanceTimersByTimeAsync(31 * SECOND);
    expect(stage.heartbeats.length).toBeGreaterThanOrEqual(6);
    expect(stage.heartbeats.at(-1)).toMatchObject({
      podsLeft: 0,
      trouble: { because: 'the API server is away' },
    });
    await jest.advanceTimersByTimeAsync(4 * MINUTE);
    await work;
  });

  test.each([
    { name: 'is away', tell: async () => Promise.reject(new Error('Temporal is away')) },
    { name: 'does not answer', tell: () => new Promise<void>(() => undefined) },
  ])('G7: and goes on all the same while Temporal $name', async ({ tell }) => {
    const { stage, begin } = draining();
    stage.temporal.signalRollout = tell;
    const work = begin();
    await jest.advanceTimersByTimeAsync(4 * MINUTE);
    expect(await work).toMatchObject({ evicted: 0 });
  });

  test('and once more when somebody stops it, who is answered with what is left', async () => {
    const { stage, told, begin } = draining();
    const work = begin();
    await jest.advanceTimersByTimeAsync(6 * SECOND);
    stage.environment.cancel();
    await expect(work).rejects.toThrow(/CANCELLED/);
    expect(told).toEqual([6 * SECOND]);
  });

  test('but not when its worker ends, for the next attempt goes on', async () => {
    const { stage, told, begin } = draining();
    const work = begin();
    await jest.advanceTimersByTimeAsync(6 * SECOND);
    stage.environment.cancel('WORKER_SHUTDOWN', { workerShutdown: true } as never);
    await expect(work).rejects.toThrow();
    expect(told).toEqual([]);
  });
});

test('a drain that is soon over tells nothing', async () => {
  const { stage, told, begin } = draining();
  stage.pods.pods = [aPod('cni', { owner: { kind: 'DaemonSet', name: 'cni' } })];
  stage.pods.list = async () => ({ pods: stage.pods.pods, resourceVersion: '1' });
  const work = begin();
  await jest.advanceTimersByTimeAsync(SECOND);
  expect(await work).toMatchObject({ daemonSetsReady: ['shop/cni'] });
  expect(told).toEqual([]);
});
