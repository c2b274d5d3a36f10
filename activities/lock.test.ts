import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  ANNOTATION,
  IN_TIME,
  writeAnswer,
  writeOrder,
  writePast,
} from '../domain/node-contract.ts';
import { failure } from './failure.ts';
import { findHolders, requestPermit, SETTLED_AFTER_MS, type HoldersQuestion } from './lock.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const ASKED = {
  pool: 'workers',
  workflowId: 'node-rollout/n1',
  runId: 'run-1',
  node: 'n1',
} as const;

describe('requestPermit', () => {
  test('asks for this run, with all that decides when it is its turn', async () => {
    const stage = new Stage();
    await stage.run(requestPermit, { pool: 'workers', node: 'n1', zone: 'a', overdueAtMs: 9 });
    expect(stage.temporal.requests).toEqual([{ ...ASKED, zone: 'a', overdueAtMs: 9 }]);
  });

  test('says of a node past the point of no return that it has no choice', async () => {
    const stage = new Stage();
    await stage.run(requestPermit, { pool: 'workers', node: 'n1', holding: true });
    expect(stage.temporal.requests).toEqual([{ ...ASKED, holding: true }]);
  });

  test.each([
    { hosts: ['n1', 'n2'], expected: { ...ASKED, last: true } },
    { hosts: ['n2'], expected: ASKED },
  ])('lets the hosts of our workers go last: $hosts', async ({ hosts, expected }) => {
    const stage = new Stage();
    for (const host of hosts) stage.temporal.hosts.add(host);
    await stage.run(requestPermit, { pool: 'workers', node: 'n1' });
    expect(stage.temporal.requests).toEqual([expected]);
  });
});

const again = (labels: Record<string, string>) => {
  const stage = new Stage();
  stage.nodes.add('n1', { labels });
  const ask = (over: object = {}) =>
    stage.run(requestPermit, { pool: 'workers', node: 'n1', again: true, ...over });
  return { stage, ask };
};

describe('requestPermit, asked once more', () => {
  test('confirms the place of a node that is in the pool still', async () => {
    const { stage, ask } = again({ pool: 'workers' });
    expect(await ask()).toBeUndefined();
    expect(stage.temporal.requests).toEqual([ASKED]);
  });

  test('asks for nothing when the node is in another pool now, and says in which', async () => {
    const { stage, ask } = again({ pool: 'workers' });
    expect(await ask({ pool: 'former' })).toMatchObject({ kind: 'moved', pool: 'workers' });
    expect(stage.temporal.requests).toEqual([]);
  });

  test('asks for nothing when the node is in no pool now', async () => {
    const { stage, ask } = again({ pool: 'nobody' });
    expect(await ask()).toMatchObject({
      kind: 'moved',
      because: 'its labels match the selector of no pool',
    });
    expect(stage.temporal.requests).toEqual([]);
  });

  test('confirms the place of a node that cannot be read', async () => {
    const { stage, ask } = again({ pool: 'nobody' });
    stage.nodes.read = async () => {
      throw new Error('the API server is away');
    };
    expect(await ask()).toBeUndefined();
    expect(stage.temporal.requests).toEqual([ASKED]);
  });
});

const inMidRollout = (name: string, facts: Partial<FakeNode> = {}) => ({
  annotations: recorded({ workflowId: `node-rollout/${name}`, runId: `run-${name}` }),
  ...facts,
});

/** A lock that was ended so long ago, and the nodes it has left behind. */
const onStage = (nodes: Record<string, Partial<FakeNode>>, endedAgoMs?: number) => {
  const stage = new Stage();
  if (endedAgoMs !== undefined) stage.temporal.formerLockEndedMs = NOW - endedAgoMs;
  for (const [name, facts] of Object.entries(nodes)) stage.nodes.add(name, facts);
  const find = (asked: Partial<HoldersQuestion> = {}) =>
    stage.run(findHolders, { pool: 'workers', ...asked });
  return { stage, find };
};

describe('findHolders', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('finds none at once where there has been no lock lately, and asks the cluster nothing', async () => {
    const { find, stage } = onStage({ n1: inMidRollout('n1') });
    stage.temporal.running.add('node-rollout/n1');
    stage.nodes.list = async () => {
      throw new Error('the API server is away');
    };
    expect(await find()).toEqual({ holders: [], troubles: [] });
    expect(stage.logged).toEqual([]);
  });

  test.each([
    { agoMs: 0, leftMs: SETTLED_AFTER_MS },
    { agoMs: SETTLED_AFTER_MS - 1, leftMs: 1 },
  ])('G1: waits until what a lost lock granted $agoMs ms ago has settled', async (given) => {
    const { find } = onStage({ n1: inMidRollout('n1') }, given.agoMs);
    const settled = new Date(NOW + given.leftMs).toISOString();
    const because = `a former lock of pool workers was ended; what it granted settles until ${settled}`;
    expect(await find()).toEqual({ because });
    await expect(find({ known: because })).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
      nextRetryDelay: given.leftMs,
      message: because,
    });
  });

  test.each([
    {
      name: 'is not back in time',
      atMs: NOW - 21 * 60_000,
      trouble: 'its boot id has not changed',
    },
    { name: 'reboots', atMs: NOW - 60_000, trouble: undefined },
  ])('G5: knows of a node that $name as much as the lost lock', async ({ atMs, trouble }) => {
    const order = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-n1', expiresAtMs: NOW };
    const answer = { ...order, verdict: 'accepted', because: IN_TIME, atMs } as const;
    const n1 = inMidRollout('n1');
    const { find, stage } = onStage(
      {
        n1: {
          annotations: {
            ...n1.annotations,
            [ANNOTATION.order]: writeOrder(order),
            [ANNOTATION.answer]: writeAnswer(answer),
          },
        },
      },
      SETTLED_AFTER_MS,
    );
    stage.temporal.running.add('node-rollout/n1');
    const known = { workflowId: 'node-rollout/n1', runId: 'run-n1', node: 'n1' };
    const lost = { node: 'n1', because: `it is lost: ${trouble}`, sinceMs: NOW };
    expect(await find()).toEqual({
      holders: [known],
      troubles: trouble === undefined ? [] : [lost],
    });
  });

  test('G1: then adopts the rollouts that have a node out of service, and no others', async () => {
    const { find, stage } = onStage(
      {
        n1: inMidRollout('n1', { labels: { pool: 'workers', 'topology.kubernetes.io/zone': 'a' } }),
        n2: inMidRollout('n2'),
        n3: inMidRollout('n3'),
        n4: {},
        n5: { annotations: { [ANNOTATION.rollout]: '{' } },
        m1: inMidRollout('m1', { labels: { pool: 'masters' } }),
      },
      SETTLED_AFTER_MS,
    );
    for (const name of ['n1', 'n2', 'n4', 'n5', 'm1']) {
      stage.temporal.running.add(`node-rollout/${name}`);
    }
    expect(await find()).toMatchObject({
      holders: [
        { workflowId: 'node-rollout/n1', node: 'n1', zone: 'a' },
        { workflowId: 'node-rollout/n2', node: 'n2' },
      ],
      troubles: [],
    });
    expect(stage.logged).toEqual(['a lock was lost']);
  });

  test('G5: and which nodes the lost one was halted for, also those that nobody has in hand', async () => {
    const failed = { count: 1, lastAtMs: NOW - 60_000, because: 'x', trouble: 'budget web' };
    const past = { [ANNOTATION.past]: writePast({ reboots: [], failed }) ?? '' };
    const { find, stage } = onStage(
      {
        n1: { annotations: past },
        n2: inMidRollout('n2', { annotations: { ...inMidRollout('n2').annotations, ...past } }),
        n3: {},
      },
      SETTLED_AFTER_MS,
    );
    stage.temporal.running.add('node-rollout/n2');
    expect(await find()).toMatchObject({
      holders: [{ node: 'n2' }],
      troubles: [
        { node: 'n1', because: 'budget web', sinceMs: NOW - 60_000 },
        { node: 'n2', because: 'budget web', sinceMs: NOW - 60_000 },
      ],
    });
  });

  test('G1: unknown is not none: it says so, then is tried again, while the nodes cannot be listed', async () => {
    const { find, stage } = onStage({}, SETTLED_AFTER_MS);
    stage.nodes.list = async () => {
      throw failure('kube-unavailable', 'the API server is away');
    };
    const because =
      'the nodes of pool workers cannot be listed, so nobody knows which are out of service';
    expect(await find()).toEqual({ because });
    await expect(find({ known: because })).rejects.toThrow('the API server is away');
  });

  test('does not take a mistake of its own for an outage', async () => {
    const { find, stage } = onStage({}, SETTLED_AFTER_MS);
    stage.nodes.list = async () => {
      throw new TypeError('nodes is undefined');
    };
    await expect(find()).rejects.toThrow('nodes is undefined');
  });

  test('finds none in a pool that is in the policy no more', async () => {
    expect(
      await onStage({ n1: inMidRollout('n1') }, SETTLED_AFTER_MS).find({ pool: 'former' }),
    ).toEqual({ holders: [], troubles: [] });
  });
});
