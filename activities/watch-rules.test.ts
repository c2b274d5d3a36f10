import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Policy } from '../domain/policy.ts';
import { type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';
import { watchPool, type PoolQuestion } from './watch-pool.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

const waiter = { workflowId: 'node-rollout/n1', runId: 'run-n1', node: 'n1' };
const granted = { kind: 'grant', workflowId: 'node-rollout/n1' };
const MASTERS = { name: 'masters', nodes: 'pool=masters' };

/** Pool `workers` of three nodes, and pool `masters` of one; `pool` is the policy of the first. */
const onStage = (pool: object = {}, master: Partial<FakeNode> = {}) => {
  const stage = new Stage();
  const obey = (rules: object): void => {
    const policy = Policy.parse({
      pools: [{ name: 'workers', nodes: 'pool=workers', ...rules }, MASTERS],
    });
    stage.deps.policy.current = () => policy;
  };
  obey(pool);
  for (const name of ['n1', 'n2', 'n3']) stage.nodes.add(name);
  stage.nodes.add('m1', { labels: { pool: 'masters' }, ...master });
  stage.temporal.running.add('node-rollout/n1').add('node-rollout/n2');
  const watch = (over: Partial<PoolQuestion> = {}) =>
    stage.run(watchPool, { pool: 'workers', line: [waiter], holders: [], troubles: [], ...over });
  return { stage, nodes: stage.nodes, obey, watch };
};

describe('G1: the budget of the policy in force at this moment', () => {
  const out = '1 of at most 1 out of service: n2 is NotReady';

  test('makes room as soon as it is raised', async () => {
    const { watch, nodes, obey } = onStage();
    nodes.change('n2', { ready: false });
    expect(await watch()).toMatchObject({ turn: { kind: 'wait', because: out } });
    obey({ maxUnavailable: 2 });
    expect(await watch({ known: out })).toMatchObject({ turn: granted });
  });

  test('leaves no room as soon as it is lowered', async () => {
    const { watch, nodes, obey } = onStage({ maxUnavailable: '67%' });
    nodes.change('n2', { ready: false });
    expect(await watch()).toMatchObject({ turn: granted });
    obey({ maxUnavailable: 1 });
    expect(await watch()).toMatchObject({ turn: { kind: 'wait', because: out } });
  });

  test('lowered below what is out already takes no permit away, and gives none', async () => {
    const { watch, obey } = onStage({ maxUnavailable: 3 });
    obey({ maxUnavailable: 1 });
    const holders = ['n2', 'n3'].map((node) => ({
      workflowId: 'node-rollout/n2',
      runId: 'run-n2',
      node,
      grantId: `workers-k-${node}`,
      sinceMs: 0,
    }));
    expect(await watch({ holders })).toMatchObject({
      ended: [],
      free: [],
      turn: { because: '2 of at most 1 out of service: n2 has a permit, n3 has a permit' },
    });
  });
});

describe('a pool that goes after another', () => {
  const because = 'pool masters goes first, and is not done: m1';

  test('waits until that is done', async () => {
    const { watch, nodes } = onStage({ after: ['masters'] });
    expect(await watch()).toMatchObject({ turn: { kind: 'wait', because } });
    await expect(watch({ known: because })).rejects.toMatchObject({ message: because });
    nodes.change('m1', { report: { wants: 'not-required', message: '', heardAtMs: NOW } });
    expect(await watch({ known: because })).toMatchObject({ turn: granted });
  });

  test('counts only its own nodes for its budget', async () => {
    const report = { wants: 'not-required', message: '', heardAtMs: NOW } as const;
    const { watch } = onStage({ after: ['masters'] }, { report, ready: false });
    expect(await watch()).toMatchObject({ turn: granted });
  });

  test('does not wait for a pool it does not name', async () => {
    expect(await onStage().watch()).toMatchObject({ turn: granted });
  });
});

describe('a pause between two nodes', () => {
  const known = 'the pool pauses between two nodes until 2026-11-23T22:10:00.000Z';

  test.each([
    { leftMs: 10 * MINUTE, nextRetryDelay: MINUTE },
    { leftMs: 5_000, nextRetryDelay: 5_000 },
    { leftMs: 10, nextRetryDelay: 1_000 },
  ])('G8: is looked at again when it ends, in $nextRetryDelay ms', async (given) => {
    const { watch } = onStage({ pauseBetween: '10m' });
    jest.setSystemTime(NOW + 10 * MINUTE - given.leftMs);
    await expect(watch({ lastReturn: { atMs: NOW }, known })).rejects.toMatchObject({
      message: known,
      nextRetryDelay: given.nextRetryDelay,
    });
  });

  test('is over when it is over', async () => {
    const { watch } = onStage({ pauseBetween: '10m' });
    jest.setSystemTime(NOW + 10 * MINUTE);
    expect(await watch({ lastReturn: { atMs: NOW }, known })).toMatchObject({ turn: granted });
  });
});

describe('the other rules of the pool are kept to', () => {
  const second = { workflowId: 'node-rollout/n2', runId: 'run-n2', node: 'n2', zone: 'b' };

  test('order: zone', async () => {
    const line = [{ ...waiter, zone: 'a' }, second];
    const lastReturn = { atMs: NOW - MINUTE, zone: 'b' };
    const { watch, obey } = onStage({ order: 'zone' });
    expect(await watch({ line, lastReturn })).toMatchObject({
      turn: { workflowId: 'node-rollout/n2' },
    });
    obey({ order: 'fifo' });
    expect(await watch({ line, lastReturn })).toMatchObject({ turn: granted });
  });

  test('failureBudget', async () => {
    const troubles = [{ node: 'n3', because: 'it is lost', sinceMs: NOW }];
    const { watch, obey } = onStage({ failureBudget: 2 });
    expect(await watch({ troubles })).toMatchObject({ turn: granted });
    obey({ failureBudget: 1 });
    expect(await watch({ troubles })).toMatchObject({ turn: { kind: 'wait' } });
  });
});

describe('whose turn it is', () => {
  test('is told with the run that is open now: after a reset that is not the one that asked', async () => {
    expect(await onStage().watch()).toMatchObject({
      turn: { ...granted, runId: 'run-of-node-rollout/n1' },
    });
  });

  test('is told of one that has ended meanwhile, so that it is dropped', async () => {
    const { watch, stage } = onStage();
    stage.temporal.running.clear();
    expect(await watch()).toMatchObject({
      turn: { kind: 'ended', workflowId: 'node-rollout/n1' },
    });
  });

  test('G1: is not told while Temporal does not say which run is open', async () => {
    const { watch, stage } = onStage();
    stage.temporal.openRun = async () => {
      throw new Error('Temporal is away');
    };
    await expect(watch()).rejects.toThrow('Temporal is away');
  });
});
