import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Permit } from '../domain/lock-state.ts';
import { ANNOTATION, writeAttempts, writeRollout } from '../domain/node-contract.ts';
import { admitNext, type PoolQuestion } from './admit-next.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

const waits = (node: string, zone?: string) => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-${node}`,
  node,
  ...(zone === undefined ? {} : { zone }),
});
const permit = (node: string, over: Partial<Permit> = {}): Permit => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-${node}`,
  node,
  grantId: `grant-${node}`,
  sinceMs: NOW,
  countedAtMs: NOW,
  ...over,
});
const trouble = {
  [ANNOTATION.attempts]:
    writeAttempts({ reboots: [], trouble: { because: 'no answer', atMs: NOW - MINUTE } }) ?? '',
};
const idle = { wants: 'not-required', message: '', heardAtMs: NOW } as const;
const MASTERS = { name: 'masters', nodes: 'pool=masters' };
const granted = { kind: 'grant', workflowId: 'node-rollout/n1' };
const OUT = '1 of at most 1 out of service: n2 is NotReady';

/** The lock of a pool of three nodes in service, whose first waits; every rollout runs. */
const onStage = (pool: object = {}, nodes: Record<string, Partial<FakeNode>> = {}) => {
  const stage = new Stage({}, { workflowId: 'pool-lock/workers', runId: 'lock-1' });
  const obey = (rules: object, hash = 'policy-1') => stage.changePolicy(rules, hash, MASTERS);
  obey(pool);
  for (const name of ['n1', 'n2', 'n3']) {
    stage.nodes.add(name, nodes[name]);
    stage.temporal.running.add(`node-rollout/${name}`);
    stage.temporal.countedOn.add(`grant-${name}`);
  }
  stage.nodes.add('m1', { labels: { pool: 'masters' }, ready: false, ...nodes['m1'] });
  const ask = (over: Partial<PoolQuestion> = {}) =>
    stage.run(admitNext, { pool: 'workers', candidates: [waits('n1')], permits: [], ...over });
  return { stage, nodes: stage.nodes, obey, ask };
};
const away = async () => {
  throw new Error('the API server is away');
};

describe('who is admitted', () => {
  test("G1: the first, when the pool's own nodes are in service, whatever other pools are like", async () => {
    expect(await onStage().ask()).toEqual({
      troubles: [],
      used: [],
      ended: [],
      lapsed: [],
      settled: 'lock-1',
      // After a reset the run that is open is not the one that asked.
      admission: {
        ...granted,
        runId: 'run-of-node-rollout/n1',
        countedAtMs: NOW,
        policy: 'policy-1',
      },
    });
  });

  test('is told of one that has ended meanwhile, so that it is dropped', async () => {
    const { ask, stage } = onStage();
    stage.temporal.running.clear();
    expect(await ask()).toMatchObject({
      admission: { kind: 'gone', workflowId: 'node-rollout/n1' },
    });
  });

  test.each([
    { name: 'its own record: its request has come late', runId: 'run-n1', kind: 'gone' },
    { name: 'that of a former run of it, which it has to finish', runId: 'run-0', kind: 'grant' },
  ])('goes by a node that shows $name', async ({ runId, kind }) => {
    const record = { workflowId: 'node-rollout/n1', runId, cordonedByUs: true };
    const text = writeRollout({ ...record, bootIdBefore: 'boot-1', phase: 'draining' });
    const { ask } = onStage({}, { n1: { annotations: { [ANNOTATION.rollout]: text } } });
    expect(await ask()).toMatchObject({ admission: { kind, workflowId: 'node-rollout/n1' } });
  });

  test.each<{ name: string; break: (stage: Stage) => void }>([
    { name: 'the nodes cannot be counted', break: ({ nodes }) => (nodes.list = away) },
    {
      name: 'Temporal does not say which run is open',
      break: ({ temporal }) => (temporal.openRun = away),
    },
    {
      name: 'nobody knows whether a former lock was ended',
      break: ({ temporal }) => (temporal.formerLockEndedAt = away),
    },
  ])('G1: nobody while $name: unknown is never room', async ({ break: breakIt }) => {
    const { ask, stage } = onStage();
    breakIt(stage);
    await expect(ask()).rejects.toThrow('the API server is away');
  });

  const lastReturn = { atMs: NOW - MINUTE, zone: 'b' };
  const candidates = [waits('n1', 'a'), waits('n2', 'b')];
  test.each<{
    name: string;
    pool?: object;
    nodes?: Record<string, Partial<FakeNode>>;
    asked?: Partial<PoolQuestion>;
    expected: object;
  }>([
    {
      name: 'nobody while another node is out of service',
      nodes: { n2: { ready: false } },
      expected: { kind: 'wait', because: OUT, policy: 'policy-1' },
    },
    {
      name: 'nobody while another has a permit',
      asked: { permits: [permit('n2')] },
      expected: { kind: 'wait', because: '1 of at most 1 out of service: n2 has a permit' },
    },
    {
      name: 'by maxUnavailable',
      pool: { maxUnavailable: '67%' },
      nodes: { n2: { ready: false } },
      expected: granted,
    },
    {
      name: 'nobody while a pool of `after` is not done',
      pool: { after: ['masters'] },
      expected: { kind: 'wait', because: 'pool masters goes first, and is not done: m1' },
    },
    {
      name: 'by its own nodes once that is done',
      pool: { after: ['masters'] },
      nodes: { m1: { report: idle } },
      expected: granted,
    },
    {
      name: 'by order: zone',
      pool: { order: 'zone' },
      asked: { candidates, lastReturn },
      expected: { kind: 'grant', workflowId: 'node-rollout/n2' },
    },
    { name: 'by order: fifo', asked: { candidates, lastReturn }, expected: granted },
    {
      name: 'G5: nobody in a pool that its nodes have halted',
      nodes: { n3: { annotations: trouble } },
      expected: {
        kind: 'halted',
        because: 'the pool is halted until it is resumed or the node is back: n3: no answer',
      },
    },
    {
      name: 'by failureBudget',
      pool: { failureBudget: 2 },
      nodes: { n3: { annotations: trouble } },
      expected: granted,
    },
    {
      name: 'nobody in a pool that is in the policy no more',
      asked: { pool: 'former' },
      expected: { kind: 'wait', because: 'pool former is not in the policy' },
    },
  ])('$name', async ({ pool, nodes, asked, expected }) => {
    expect(await onStage(pool, nodes).ask(asked)).toMatchObject({ admission: expected });
  });

  test('G1: follows the policy in force at this moment, and names it', async () => {
    const { ask, obey } = onStage({}, { n2: { ready: false } });
    expect(await ask()).toMatchObject({ admission: { because: OUT, policy: 'policy-1' } });
    obey({ maxUnavailable: 2 }, 'policy-2');
    expect(await ask({ known: OUT })).toMatchObject({
      admission: { ...granted, policy: 'policy-2' },
    });
  });
});

describe('G8: while nothing changes', () => {
  const until = 'the pool pauses between two nodes until 2026-11-23T22:10:00.000Z';
  const pausing = (leftMs: number) => ({
    pool: { pauseBetween: '10m' },
    asked: { known: until, lastReturn: { atMs: NOW } },
    atMs: NOW + 10 * MINUTE - leftMs,
    message: until,
  });

  test.each<{
    name: string;
    pool?: object;
    nodes?: Record<string, Partial<FakeNode>>;
    asked: Partial<PoolQuestion>;
    atMs?: number;
    message: string;
    nextRetryDelay: number;
  }>([
    {
      name: 'the reason is said',
      nodes: { n2: { ready: false } },
      asked: { known: OUT },
      message: OUT,
      nextRetryDelay: MINUTE,
    },
    {
      name: 'permits are asked about more often',
      nodes: { n2: { ready: false } },
      asked: { known: OUT, permits: [permit('n2')] },
      message: OUT,
      nextRetryDelay: 20 * SECOND,
    },
    {
      name: 'permits are watched where nobody waits',
      asked: { candidates: [], permits: [permit('n2'), permit('n3')] },
      message: 'permits not yet used: n2, n3',
      nextRetryDelay: 20 * SECOND,
    },
    {
      name: 'a pool that is gone is waited for',
      asked: { pool: 'former', known: 'pool former is not in the policy' },
      message: 'pool former is not in the policy',
      nextRetryDelay: MINUTE,
    },
    { name: 'a pause is waited for', ...pausing(10 * MINUTE), nextRetryDelay: MINUTE },
    { name: 'a pause is waited for to its end', ...pausing(5_000), nextRetryDelay: 5_000 },
    { name: 'a pause that all but ends', ...pausing(10), nextRetryDelay: SECOND },
  ])('$name, again in $nextRetryDelay ms', async (given) => {
    const { ask, stage } = onStage(given.pool, given.nodes);
    jest.setSystemTime(given.atMs ?? NOW);
    await expect(ask(given.asked)).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
      message: given.message,
      nextRetryDelay: given.nextRetryDelay,
    });
    expect(stage.logged).toEqual([]);
  });

  test('another reason is news, and so is that there is none', async () => {
    const { ask, stage } = onStage({}, { n2: { ready: false } });
    expect(await ask({ known: 'another reason' })).toMatchObject({ admission: { because: OUT } });
    expect(stage.logged).toEqual(['lock waits']);
    const paused = { candidates: [], permits: [permit('n2')], known: OUT };
    expect(await ask(paused)).not.toHaveProperty('admission');
  });
});

describe('what becomes of a permit', () => {
  const NOTHING = { used: [], ended: [], lapsed: [] };
  const record = { annotations: recorded({ workflowId: 'node-rollout/n2', runId: 'run-n2' }) };
  const lapsing = (agoMs: number) => permit('n2', { sinceMs: NOW - DAY, endedMs: NOW - agoMs });

  test.each<{
    name: string;
    given: Permit;
    n2?: Partial<FakeNode>;
    uncounted?: true;
    expected?: Partial<typeof NOTHING> | Record<string, string[]>;
  }>([
    {
      name: 'used, where its node shows the record of its rollout',
      given: permit('n2', { sinceMs: NOW - 15 * SECOND }),
      n2: record,
      expected: { used: ['grant-n2'] },
    },
    {
      name: 'not counted for 15 s while nobody waits, for its rollout is about to say so itself',
      given: permit('n2', { sinceMs: NOW - 15 * SECOND + 1 }),
      n2: record,
    },
    {
      name: 'used, where it was given by a clock that is ahead',
      given: permit('n2', { sinceMs: NOW + DAY }),
      n2: record,
      expected: { used: ['grant-n2'] },
    },
    {
      name: 'used, though it was thought to have ended long ago',
      given: lapsing(DAY),
      n2: record,
      expected: { used: ['grant-n2'] },
    },
    {
      name: "not used by another rollout's record",
      given: permit('n2'),
      n2: { annotations: recorded({ workflowId: 'by-hand' }) },
    },
    {
      name: 'not used by a record nobody can read',
      given: permit('n2'),
      n2: { annotations: { [ANNOTATION.rollout]: '{' } },
    },
    {
      name: 'not asked about for 15 s',
      given: permit('n2', { sinceMs: NOW - 15 * SECOND + 1 }),
      uncounted: true,
    },
    {
      name: 'ended, where no open run counts on it then',
      given: permit('n2', { sinceMs: NOW - 15 * SECOND }),
      uncounted: true,
      expected: { ended: ['grant-n2'] },
    },
    { name: 'kept while a run counts on it', given: permit('n2', { sinceMs: NOW - DAY }) },
    { name: 'kept until what its run has set off has settled', given: lapsing(45 * SECOND - 1) },
    {
      name: 'lapsed 45 s after that was known',
      given: lapsing(45 * SECOND),
      expected: { lapsed: ['grant-n2'] },
    },
  ])('G1: $name', async ({ given, n2 = {}, uncounted, expected }) => {
    const { ask, stage } = onStage({}, { n2 });
    if (uncounted) stage.temporal.countedOn.clear();
    const asked = ask({ candidates: [], permits: [given] });
    if (expected) expect(await asked).toMatchObject({ ...NOTHING, ...expected, settled: 'lock-1' });
    else await expect(asked).rejects.toMatchObject({ message: 'permits not yet used: n2' });
  });

  test('is settled before anybody is admitted', async () => {
    const answer = await onStage().ask({ permits: [lapsing(45 * SECOND)] });
    expect(answer).toMatchObject({ lapsed: ['grant-n2'] });
    expect(answer).not.toHaveProperty('admission');
  });

  test('G1: is kept while Temporal does not say', async () => {
    const { ask, stage } = onStage();
    stage.temporal.countsOnPermit = away;
    const permits = [permit('n2', { sinceMs: NOW - DAY })];
    await expect(ask({ candidates: [], permits })).rejects.toThrow('the API server is away');
  });
});

/** After a lock that was ended so long ago. */
const lost = (agoMs: number) => {
  const scene = onStage();
  scene.stage.temporal.formerLockEndedMs = NOW - agoMs;
  return scene;
};

describe('G1: a lock that takes the place of one that was ended', () => {
  const because =
    'what a former lock of pool workers may have granted settles until 2026-11-23T22:00:01.000Z';

  test('gives nothing for 45 s, says why, counts nothing and knows nothing to be settled', async () => {
    const { ask, nodes } = lost(44 * SECOND);
    nodes.list = away;
    const answer = await ask();
    expect(answer).toMatchObject({ admission: { kind: 'wait', because } });
    expect(answer).not.toHaveProperty('settled');
    await expect(ask({ known: because })).rejects.toMatchObject({
      message: because,
      nextRetryDelay: SECOND,
    });
  });

  test.each<{ name: string; agoMs: number; settled?: string; kind: string }>([
    { name: 'gives then', agoMs: 45 * SECOND, kind: 'grant' },
    { name: 'does not ask twice', agoMs: SECOND, settled: 'lock-1', kind: 'grant' },
    { name: 'asks anew in a run after a reset', agoMs: SECOND, settled: 'lock-0', kind: 'wait' },
  ])('$name', async ({ agoMs, settled, kind }) => {
    const answer = await lost(agoMs).ask(settled === undefined ? {} : { settled });
    expect(answer).toMatchObject({ admission: { kind } });
  });
});
