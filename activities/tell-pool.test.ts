import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Stage } from './testing/stage.ts';
import { tellPool } from './tell-pool.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const WORD = { pool: 'workers', by: 'ann', reason: 'CHG0042', atMs: 0 };

test('the rollouts of a pool whose window was opened look again, and those of which nothing is known', async () => {
  const stage = new Stage({}, { workflowId: 'pool-lock/workers' });
  stage.changePolicy({}, 'policy-2', { name: 'masters', nodes: 'pool=masters' });
  for (const [node, pool] of [
    ['n1', 'workers'],
    ['m1', 'masters'],
  ] as const) {
    stage.nodes.add(node, { labels: { pool } });
    const facts = await stage.nodes.read(node);
    if (facts) stage.shown.set(node, facts);
  }
  for (const node of ['n1', 'm1', 'new']) stage.temporal.running.add(`node-rollout/${node}`);
  const telling = stage.run(tellPool, WORD);
  // Until then others may be answered by what the lock has said before.
  await jest.advanceTimersByTimeAsync(1_999);
  expect(stage.temporal.rechecked).toEqual([]);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(await telling).toBe(2);
  expect(stage.temporal.rechecked).toEqual(['node-rollout/n1', 'node-rollout/new']);
});

test('who stops it is not kept waiting', async () => {
  const stage = new Stage({}, { workflowId: 'pool-lock/workers' });
  stage.temporal.running.add('node-rollout/n1');
  const telling = expect(stage.run(tellPool, WORD)).rejects.toThrow('CANCELLED');
  stage.environment.cancel();
  await telling;
  expect(stage.temporal.rechecked).toEqual([]);
});
