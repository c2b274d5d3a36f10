import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Holder } from '../domain/lock-state.ts';
import { ANNOTATION, writeQuarantine } from '../domain/node-contract.ts';
import { SETTLED_AFTER_MS } from './lock.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';
import { watchPool, type PoolQuestion } from './watch-pool.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const DAY = 24 * 60 * 60_000;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

const holder = (node: string, over: Partial<Holder> = {}): Holder => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-${node}`,
  node,
  grantId: `workers-k-${node}`,
  sinceMs: NOW - DAY,
  ...over,
});
const waiter = { workflowId: 'node-rollout/n1', runId: 'run-n1', node: 'n1' };
const lost = (node: string) => ({ node, because: 'it is lost', sinceMs: NOW });
const idle = { wants: 'not-required', message: '', heardAtMs: NOW } as const;

/** Three nodes in service, and which runs are open: those of the holders, unless a test ends one. */
const onStage = (nodes: Record<string, Partial<FakeNode>> = {}, ...ended: string[]) => {
  const stage = new Stage();
  for (const name of ['n1', 'n2', 'n3']) stage.nodes.add(name, nodes[name]);
  for (const name of ['n1', 'n2', 'n3']) stage.temporal.running.add(`node-rollout/${name}`);
  for (const run of ended) stage.temporal.endedRuns.add(run);
  return {
    stage,
    nodes: stage.nodes,
    watch: (over: Partial<PoolQuestion>) =>
      stage.run(watchPool, { pool: 'workers', line: [], holders: [], troubles: [], ...over }),
  };
};

describe('a holder', () => {
  const holders = [holder('n2'), holder('n3')];

  test('whose run has ended without a word is noticed, whoever waits', async () => {
    const { watch } = onStage({}, 'run-n3');
    expect(await watch({ holders })).toMatchObject({ ended: ['run-n3'], free: [], well: [] });
    expect(await watch({ holders, line: [waiter] })).toMatchObject({ ended: ['run-n3'] });
  });

  test('G8: whose run has ended may go on in another run, which is made to ask anew', async () => {
    const { watch, stage } = onStage({}, 'run-n3');
    await watch({ holders });
    expect(stage.temporal.rechecked).toEqual(['node-rollout/n3']);
  });

  test('G5: keeps its permit all the same, also when its node looks well', async () => {
    const { watch } = onStage({ n2: { report: idle } }, 'run-n2');
    expect(await watch({ holders })).toMatchObject({ ended: ['run-n2'], free: [] });
  });

  test('that is known to have ended is not news again', async () => {
    const { watch } = onStage({ n2: { annotations: recorded() } }, 'run-n2');
    const orphan = holder('n2', { orphanedMs: NOW });
    await expect(watch({ holders: [orphan] })).rejects.toMatchObject({ type: 'no-room' });
  });

  test('G8: that runs is watched: nothing is listed, and it is looked again within 20 s', async () => {
    const { watch, nodes } = onStage();
    nodes.list = async () => {
      throw new Error('the test expects nothing to be listed');
    };
    await expect(watch({ holders })).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
      message: 'watching n2, n3',
      nextRetryDelay: 20_000,
    });
  });

  test('cannot be told to have ended while Temporal does not say so', async () => {
    const { watch, stage } = onStage();
    stage.temporal.isRunning = async () => {
      throw new Error('Temporal is away');
    };
    await expect(watch({ holders })).rejects.toThrow('Temporal is away');
  });
});

const orphan = (agoMs: number) => [holder('n2', { orphanedMs: NOW - agoMs })];

describe('G5: the permit of a rollout that has ended is free', () => {
  const settled = orphan(SETTLED_AFTER_MS);

  test.each<{ name: string; n2: Partial<FakeNode> }>([
    { name: 'in service', n2: {} },
    { name: "cordoned by somebody else, which is nobody's rollout", n2: { unschedulable: true } },
  ])('when its node is seen $name', async ({ n2 }) => {
    expect(await onStage({ n2 }).watch({ holders: settled })).toMatchObject({
      free: ['workers-k-n2'],
    });
  });

  test('when its node is gone', async () => {
    const { watch, nodes } = onStage();
    nodes.remove('n2');
    expect(await watch({ holders: settled })).toMatchObject({ free: ['workers-k-n2'] });
  });

  test('before anybody else has a turn', async () => {
    const news = await onStage().watch({ holders: settled, line: [waiter] });
    expect(news).toMatchObject({ free: ['workers-k-n2'] });
    expect(news).not.toHaveProperty('turn');
  });

  test.each<{ name: string; n2: Partial<FakeNode> }>([
    { name: 'is NotReady', n2: { ready: false } },
    { name: 'is in the middle of a rollout', n2: { annotations: recorded() } },
    {
      name: 'carries a record nobody can read',
      n2: { annotations: { [ANNOTATION.rollout]: '{' } },
    },
  ])('and never by time alone: while its node $name it is kept', async ({ n2 }) => {
    const { watch } = onStage({ n2 });
    for (const agoMs of [SETTLED_AFTER_MS, DAY, 365 * DAY]) {
      await expect(watch({ holders: orphan(agoMs) })).rejects.toMatchObject({ type: 'no-room' });
    }
  });

  test('only once whatever its run had set off has settled', async () => {
    const { watch } = onStage();
    for (const agoMs of [0, SETTLED_AFTER_MS - 1]) {
      await expect(watch({ holders: orphan(agoMs) })).rejects.toMatchObject({ type: 'no-room' });
    }
  });

  test.each([
    { agoMs: SETTLED_AFTER_MS, kind: 'grant' },
    { agoMs: SETTLED_AFTER_MS - 1, kind: 'wait' },
  ])(
    'G7: a node it left out is finished by the next that waits for it, $agoMs ms later: $kind',
    async ({ agoMs, kind }) => {
      const { watch, stage } = onStage({ n2: { annotations: recorded() } });
      const byHand = { workflowId: 'by-hand/n2', runId: 'run-9', node: 'n2' };
      stage.temporal.running.add(byHand.workflowId);
      const news = await watch({ holders: orphan(agoMs), line: [byHand] });
      expect(news.turn).toMatchObject({ kind });
    },
  );

  test('and not while the nodes cannot be seen', async () => {
    const { watch, nodes } = onStage();
    nodes.list = async () => {
      throw new Error('the API server is away');
    };
    await expect(watch({ holders: settled })).rejects.toThrow('the API server is away');
  });

  test('and not by a label: a node that has left the pool is read by its name', async () => {
    const other = { labels: { pool: 'masters' } };
    const { watch } = onStage({ n2: { ...other, ready: false } });
    await expect(watch({ holders: settled })).rejects.toMatchObject({ type: 'no-room' });
    expect(await onStage({ n2: other }).watch({ holders: settled })).toMatchObject({
      free: ['workers-k-n2'],
    });
  });

  test('and not while its pool is not in the policy', async () => {
    const { watch } = onStage();
    await expect(watch({ pool: 'former', holders: settled })).rejects.toMatchObject({
      type: 'no-room',
      message: 'watching n2',
    });
  });
});

describe('G5: the trouble with a node', () => {
  const troubles = [lost('n2'), lost('n3')];

  test('is over when the node is in service and wants nothing', async () => {
    const { watch } = onStage({ n2: { report: idle } });
    expect(await watch({ troubles })).toMatchObject({ well: ['n2'] });
  });

  test('is over when the node is gone', async () => {
    const { watch, nodes } = onStage();
    nodes.remove('n3');
    expect(await watch({ troubles })).toMatchObject({ well: ['n3'] });
  });

  test('is over before anybody else has a turn', async () => {
    const news = await onStage({ n2: { report: idle } }).watch({ troubles, line: [waiter] });
    expect(news).toMatchObject({ well: ['n2'] });
    expect(news).not.toHaveProperty('turn');
  });

  test.each<{ name: string; n2: Partial<FakeNode> }>([
    { name: 'is NotReady', n2: { report: idle, ready: false } },
    { name: 'still wants a reboot', n2: {} },
    { name: 'is in the middle of a rollout', n2: { report: idle, annotations: recorded() } },
    {
      name: 'is quarantined',
      n2: {
        report: idle,
        annotations: {
          [ANNOTATION.quarantine]: writeQuarantine({ bootId: 'boot-1', because: 'x', atMs: 1 }),
        },
      },
    },
    { name: 'has left the pool, NotReady', n2: { labels: {}, report: idle, ready: false } },
  ])('is not over while the node $name', async ({ n2 }) => {
    await expect(onStage({ n2 }).watch({ troubles: [lost('n2')] })).rejects.toMatchObject({
      message: 'watching n2',
    });
  });

  test('halts the pool for those who wait, and names the node', async () => {
    const { watch } = onStage();
    const because = 'the pool is halted until it is resumed or the node is back: n2: it is lost';
    expect(await watch({ line: [waiter], troubles: [lost('n2')] })).toMatchObject({
      turn: { kind: 'wait', because },
    });
    await expect(
      watch({ line: [waiter], troubles: [lost('n2')], known: because }),
    ).rejects.toMatchObject({ message: because });
  });
});
