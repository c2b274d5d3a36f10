import { describe, expect, test } from '@jest/globals';
import type { QueuePlace } from '../domain/lock-state.ts';
import { ANNOTATION } from '../domain/node-contract.ts';
import { awaitTurn, leaveQueue, type TurnQuestion } from './await-turn.ts';
import { recorded } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const KEY = 'lockkeeper.io/waiting';
const REQUEST = { pool: 'workers', workflowId: 'node-rollout/n1', runId: 'run-1', node: 'n1' };
const placed = (place: number, over: Partial<QueuePlace> = {}): QueuePlace => ({
  kind: 'waiting',
  place,
  of: 3,
  behind: ['n7'],
  why: 'behind',
  because: 'others go first',
  ...over,
});

const onStage = ({
  attempt = 1,
  labels = { pool: 'workers' },
  pool = {},
}: { attempt?: number; labels?: Record<string, string>; pool?: object } = {}) => {
  const stage = new Stage(pool, { attempt });
  stage.nodes.add('n1', { labels });
  const ask = (over: Partial<TurnQuestion> = {}) =>
    stage.run(awaitTurn, { node: 'n1', pool: 'workers', ...over });
  return { stage, ask };
};

describe('awaitTurn where the lock does not know the rollout', () => {
  const ASKED = { type: 'no-room', nextRetryDelay: 1_500, nonRetryable: false };

  test.each<{ name: string; asked?: Partial<TurnQuestion>; hosts?: string[]; request?: object }>([
    { name: 'joins the queue for this run' },
    {
      name: 'says all that decides when it is its turn',
      asked: { zone: 'a', overdueAtMs: 9 },
      request: { zone: 'a', overdueAtMs: 9 },
    },
    { name: 'lets a host of our workers go last', hosts: ['n1', 'n2'], request: { last: true } },
    { name: 'lets others go as they come', hosts: ['n2'] },
    { name: 'joins again where the lock was lost', asked: { known: placed(1) } },
  ])('$name, and asks again soon', async ({ asked, hosts = [], request = {} }) => {
    const { stage, ask } = onStage();
    for (const host of hosts) stage.temporal.hosts.add(host);
    await expect(ask(asked)).rejects.toMatchObject(ASKED);
    expect(stage.temporal.requests).toEqual([{ ...REQUEST, ...request }]);
  });

  test('does not join once its attempt was given up: its rollout may have left', async () => {
    const { stage, ask } = onStage();
    stage.temporal.workerNodes = async () => {
      stage.environment.cancel('CANCELLED');
      return new Set();
    };
    await expect(ask()).rejects.toThrow('CANCELLED');
    expect(stage.temporal.requests).toEqual([]);
  });
});

describe('awaitTurn where the lock knows the rollout', () => {
  test('answers a grant that its signal has not brought, and asks for nothing', async () => {
    const { stage, ask } = onStage();
    stage.temporal.turn = { kind: 'granted', grantId: 'workers-k-1' };
    expect(await ask({ known: placed(2) })).toEqual(stage.temporal.turn);
    expect(stage.temporal.requests).toEqual([]);
  });

  test.each<{ name: string; turn: QueuePlace; known?: QueuePlace; news: boolean }>([
    { name: 'the first place of all', turn: placed(3), news: true },
    { name: 'being the first', turn: placed(1), known: placed(2), news: true },
    { name: 'being the first no more', turn: placed(2), known: placed(1), news: true },
    {
      name: 'to the first, another kind of reason',
      turn: placed(1, { why: 'halted' }),
      known: placed(1, { why: 'wait' }),
      news: true,
    },
    {
      name: 'to the first, that it is counted once more',
      turn: placed(1, { why: 'counting' }),
      known: placed(1, { why: 'wait' }),
      news: false,
    },
    {
      name: 'to others, another kind of reason',
      turn: placed(2, { why: 'halted' }),
      known: placed(2),
      news: false,
    },
    { name: 'the same place', turn: placed(2), known: placed(2), news: false },
    { name: 'a place further on', turn: placed(2, { of: 2 }), known: placed(3), news: false },
    {
      name: 'another reason',
      turn: placed(2, { because: 'n7 is NotReady' }),
      known: placed(2, { because: 'n8 is cordoned' }),
      news: false,
    },
  ])('G8: $name is news: $news', async ({ turn, known, news }) => {
    const { stage, ask } = onStage();
    stage.temporal.turn = turn;
    const answer = ask(known ? { known } : {});
    if (news) expect(await answer).toEqual(turn);
    else await expect(answer).rejects.toMatchObject({ type: 'no-room' });
    expect(stage.temporal.requests).toEqual([]);
  });

  test('G8: says place and reason while that is all there is', async () => {
    const { stage, ask } = onStage();
    const known = placed(2, { because: 'n7 is NotReady' });
    stage.temporal.turn = known;
    await expect(ask({ known })).rejects.toMatchObject({
      message: 'number 2 of 3 in the queue, behind n7: n7 is NotReady',
      nonRetryable: false,
    });
  });

  test.each([
    { of: 1, minutes: 1.04 },
    { of: 50, minutes: 3 },
    { of: 100, minutes: 5 },
    { of: 5_000, minutes: 5 },
  ])('asks the more seldom the more wait: $of, about every $minutes minutes', async (given) => {
    const { stage, ask } = onStage();
    const known = placed(2, { of: given.of });
    stage.temporal.turn = known;
    const { nextRetryDelay } = (await ask({ known }).catch((error: unknown) => error)) as {
      nextRetryDelay: number;
    };
    const usual = given.minutes * 60_000;
    expect(nextRetryDelay).toBeGreaterThanOrEqual(usual * 0.9);
    expect(nextRetryDelay).toBeLessThanOrEqual(usual * 1.1);
  });
});

describe('the taint of a node that waits', () => {
  test('is put on once it has a place', async () => {
    const { stage, ask } = onStage({ pool: { taint: KEY } });
    await expect(ask()).rejects.toMatchObject({ type: 'no-room' });
    expect(stage.nodes.at('n1').taints).toEqual([]);
    stage.temporal.turn = placed(1);
    await ask();
    expect(stage.nodes.at('n1').taints).toMatchObject([{ key: KEY }]);
  });

  test('holds nothing up where it cannot be put on', async () => {
    const { stage, ask } = onStage({ pool: { taint: KEY } });
    stage.temporal.turn = placed(1);
    stage.nodes.update = async () => {
      throw new Error('the API server is away');
    };
    expect(await ask()).toEqual(placed(1));
    expect(stage.logged).toEqual(['waiting node not tainted']);
  });

  test('is taken off by leaveQueue, which gives up place and permit', async () => {
    const { stage, ask } = onStage({ pool: { taint: KEY } });
    stage.temporal.turn = placed(1);
    await ask();
    await stage.run(leaveQueue, { node: 'n1', pool: 'workers' });
    const { taints, annotations } = stage.nodes.at('n1');
    expect(taints).toEqual([]);
    expect(annotations).not.toHaveProperty([ANNOTATION.taint]);
    const word = { workflowId: 'node-rollout/n1' };
    expect(stage.temporal.lockSignals).toEqual([
      { pool: 'workers', name: 'permitPassed', what: word },
    ]);
  });
});

test('an abort leaves the queue also where the node cannot be written', async () => {
  const { stage, ask } = onStage({ pool: { taint: KEY } });
  stage.temporal.turn = placed(1);
  await ask();
  stage.nodes.update = async () => {
    throw new Error('metadata.annotations: Too long');
  };
  await stage.run(leaveQueue, { node: 'n1', pool: 'workers' });
  expect(stage.temporal.lockSignals).toHaveLength(1);
  expect(stage.logged.at(-1)).toBe('taint of a wait not taken off');
});

describe('a node that an attempt of its own run took when it had been given up', () => {
  const taken = { annotations: recorded(), unschedulable: true };
  test('is finished first, and no turn is asked for', async () => {
    const { stage, ask } = onStage({ attempt: 2 });
    stage.nodes.change('n1', taken);
    expect(await ask()).toMatchObject({ kind: 'left-behind' });
    expect(stage.temporal.requests).toEqual([]);
  });

  test('is not what the watch alone still shows', async () => {
    const { stage, ask } = onStage({ attempt: 2 });
    stage.nodes.change('n1', taken);
    const late = await stage.nodes.read('n1');
    if (late) stage.shown.set('n1', late);
    stage.nodes.change('n1', { annotations: {}, unschedulable: false });
    await expect(ask()).rejects.toMatchObject({ type: 'no-room' });
    expect(stage.temporal.requests).toEqual([REQUEST]);
  });
});

describe('a node that has moved', () => {
  const moved = { kind: 'moved', policy: 'policy-1' };

  test.each<{ name: string; labels: Record<string, string>; expected: object }>([
    { name: 'to another pool', labels: { pool: 'masters' }, expected: { pool: 'masters' } },
    {
      name: 'out of every pool',
      labels: { pool: 'nobody' },
      expected: { because: 'its labels match the selector of no pool' },
    },
  ])('$name is said to, and asks for nothing', async ({ labels, expected }) => {
    for (const { attempt, known } of [{ attempt: 2 }, { attempt: 1, known: placed(2) }]) {
      const { stage, ask } = onStage({ attempt, labels });
      stage.changePolicy({}, 'policy-1', { name: 'masters', nodes: 'pool=masters' });
      expect(await ask(known ? { known } : {})).toMatchObject({ ...moved, ...expected });
      expect(stage.temporal.requests).toEqual([]);
    }
  });

  test('is not looked for just after its gates: the first attempt reads no node', async () => {
    const { stage, ask } = onStage({ labels: { pool: 'nobody' } });
    await expect(ask()).rejects.toMatchObject({ type: 'no-room' });
    expect(stage.temporal.requests).toEqual([REQUEST]);
  });

  test('keeps its place where it cannot be read', async () => {
    const { stage, ask } = onStage({ attempt: 2, labels: { pool: 'nobody' } });
    stage.nodes.read = async () => {
      throw new Error('the API server is away');
    };
    await expect(ask()).rejects.toMatchObject({ type: 'no-room' });
    expect(stage.temporal.requests).toEqual([REQUEST]);
  });
});
