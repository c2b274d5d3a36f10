import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ActivityCancellationDetails } from '@temporalio/common';
import { ANNOTATION, IN_TIME, writeAnswer, writeOrder } from '../domain/node-contract.ts';
import { awaitReturn, type Return, type ReturnQuestion } from './return.ts';
import { aPod } from '../domain/a-pod.fixture.ts';
import type { ObjectAnswer } from '../domain/gates/outside-gate.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const START = Date.parse('2026-11-23T22:00:00Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const ORDER = {
  bootId: 'boot-1',
  rollout: 'node-rollout/n1/run-1',
  expiresAtMs: START + 5 * MINUTE,
};
const ordered = { ...recorded(), [ANNOTATION.order]: writeOrder(ORDER) };
const answered = (
  verdict: 'accepted' | 'refused',
  { rollout = ORDER.rollout, because = IN_TIME } = {},
) => ({
  ...ordered,
  [ANNOTATION.answer]: writeAnswer({ ...ORDER, rollout, verdict, because, atMs: START }),
});

beforeEach(() => {
  jest.useFakeTimers({ now: START });
});
afterEach(() => {
  jest.useRealTimers();
});

const after = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** Waits for the return of a node whose order has just been written. */
function onStage(
  over: Partial<ReturnQuestion> = {},
  node: Partial<FakeNode> = {},
  heartbeatDetails?: unknown,
) {
  const stage = new Stage({}, { heartbeatDetails });
  const { nodes, pods } = stage;
  nodes.add('n1', { annotations: ordered, unschedulable: true, ...node });
  let end: Return | Error | undefined;
  const begin = () => {
    void stage
      .run(awaitReturn, {
        node: 'n1',
        pool: 'workers',
        record: RECORD,
        order: ORDER,
        orderedAtMs: START,
        daemonSets: [],
        lost: false,
        ...over,
      })
      .then(
        (answer) => (end = answer),
        (error: Error) => (end = error),
      );
  };
  begin();
  return {
    stage,
    nodes,
    pods,
    end: () => end,
    accept: () => nodes.change('n1', { annotations: answered('accepted') }),
    /** The node is up in a new boot, as its kubelet and its agent say at this moment. */
    comeUp: (facts: Partial<FakeNode> = {}) =>
      nodes.change('n1', {
        bootId: 'boot-2',
        ready: true,
        readySinceMs: Date.now(),
        heartbeatAtMs: Date.now(),
        report: { wants: 'not-required', message: '', heardAtMs: Date.now() },
        ...facts,
      }),
    saying: () => stage.heartbeats.at(-1),
  };
}

const RETURNED = {
  kind: 'returned',
  bootId: 'boot-2',
  readySinceMs: expect.any(Number),
  stillRequired: false,
};

describe('awaitReturn', () => {
  test('sees an accepted order through to a proved return', async () => {
    const { accept, comeUp, end, nodes, stage } = onStage();
    await after(SECOND);
    accept();
    await after(SECOND);
    nodes.change('n1', { ready: false });
    await after(MINUTE);
    comeUp();
    await after(29 * SECOND);
    expect(end()).toBeUndefined();
    await after(2 * SECOND);
    expect(end()).toMatchObject(RETURNED);
    expect(stage.logged).toEqual(['node reboots']);
  });

  test('takes a reboot for the answer, though nobody has answered', async () => {
    const { comeUp, end } = onStage();
    await after(SECOND);
    comeUp();
    await after(40 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });

  test('G2: a second answer of the agent changes nothing: what it has accepted it does', async () => {
    const { accept, comeUp, end, nodes } = onStage();
    accept();
    await after(SECOND);
    nodes.change('n1', { annotations: answered('refused') });
    await after(MINUTE);
    expect(end()).toBeUndefined();
    comeUp();
    await after(40 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });

  test("gives the agent's refusal in its own words", async () => {
    const { end, nodes } = onStage();
    nodes.change('n1', { annotations: answered('refused', { because: 'so' }) });
    await after(SECOND);
    expect(end()).toEqual({ kind: 'refused', because: 'so' });
  });

  test('gives an agent up that is silent beyond the expiry of the order', async () => {
    const { end } = onStage();
    await after(5 * MINUTE);
    expect(end()).toBeUndefined();
    await after(MINUTE);
    expect(end()).toEqual({
      kind: 'silent',
      because: 'the agent did not answer before the order expired',
    });
  });

  test('says that the node is gone when it is deleted, answered or not', async () => {
    for (const answeredFirst of [false, true]) {
      const { accept, end, nodes } = onStage();
      await after(SECOND);
      if (answeredFirst) accept();
      await after(SECOND);
      nodes.remove('n1');
      await after(SECOND);
      expect(end()).toEqual({ kind: 'gone' });
    }
  });

  test('says so of a node that was deleted while nobody looked, and has registered anew', async () => {
    const record = { ...RECORD, nodeUid: 'first' };
    const { accept, comeUp, end } = onStage({ record }, { uid: 'first' });
    accept();
    await after(SECOND);
    comeUp({ uid: 'second' });
    await after(SECOND);
    expect(end()).toEqual({ kind: 'gone' });
  });
});

const daemonSet = (spec: object): ObjectAnswer => ({
  kind: 'found',
  objects: [{ spec: { template: { spec } } }],
});

describe('G3: a node is not believed to be back', () => {
  test.each<{ name: string; facts: () => Partial<FakeNode>; because: unknown }>([
    {
      name: 'because it went NotReady and Ready again',
      facts: () => ({ bootId: 'boot-1' }),
      because: 'its boot id has not changed',
    },
    {
      name: 'while it is not Ready',
      facts: () => ({ ready: false }),
      because: expect.stringMatching(/^not Ready( since \S+)?, it has a new boot id$/),
    },
    {
      name: 'by a heartbeat from before the order',
      facts: () => ({ heartbeatAtMs: START }),
      because: 'its kubelet has not confirmed Ready since',
    },
  ])('$name', async ({ facts, because }) => {
    const { accept, comeUp, end, saying } = onStage();
    accept();
    await after(SECOND);
    comeUp(facts());
    await after(10 * MINUTE);
    expect(end()).toBeUndefined();
    expect(saying()).toMatchObject({ because });
  });

  test('until it has stayed Ready for as long as the policy says', async () => {
    const { accept, comeUp, end, nodes } = onStage();
    accept();
    await after(SECOND);
    comeUp();
    await after(25 * SECOND);
    nodes.change('n1', { ready: false });
    await after(SECOND);
    comeUp();
    await after(25 * SECOND);
    expect(end()).toBeUndefined();
    await after(10 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });

  test('until the DaemonSet pods that were Ready before are Ready again', async () => {
    const { accept, comeUp, end, pods, saying } = onStage({ daemonSets: ['shop/cni', 'shop/log'] });
    const cni = aPod('cni-x', { owner: { kind: 'DaemonSet', name: 'cni' } });
    const log = aPod('log-x', { owner: { kind: 'DaemonSet', name: 'log' } });
    pods.pods = [
      cni,
      { ...log, ready: false },
      aPod('log', { owner: { kind: 'ReplicaSet', name: 'log' } }),
    ];
    accept();
    await after(SECOND);
    comeUp();
    await after(2 * MINUTE);
    expect(end()).toBeUndefined();
    expect(saying()).toMatchObject({ because: 'not Ready again: shop/log' });
    pods.pods = [cni, log];
    await after(2 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });

  test.each<{ name: string; answer: ObjectAnswer }>([
    { name: 'a DaemonSet that was deleted meanwhile', answer: { kind: 'missing' } },
    {
      name: 'a DaemonSet that wants other nodes now',
      answer: daemonSet({ nodeSelector: { pool: 'others' } }),
    },
  ])('but not for $name', async ({ answer }) => {
    const { accept, comeUp, end, stage } = onStage({ daemonSets: ['shop/log'] });
    stage.objects.answers.set('daemonsets', answer);
    accept();
    await after(SECOND);
    comeUp();
    await after(32 * SECOND);
    expect(end()).toEqual(expect.not.objectContaining({ missing: expect.anything() }));
    expect(end()).toMatchObject(RETURNED);
  });

  test.each<{ name: string; answer: ObjectAnswer }>([
    { name: 'is there', answer: daemonSet({ nodeSelector: { pool: 'workers' } }) },
    { name: 'nobody may read', answer: { kind: 'unknown', because: 'forbidden' } },
  ])(
    'by the pods of a DaemonSet that $name, until it has been waited for long enough',
    async ({ answer }) => {
      const { accept, comeUp, end, saying, stage } = onStage({ daemonSets: ['shop/log'] });
      stage.objects.answers.set('daemonsets', answer);
      accept();
      await after(SECOND);
      comeUp();
      await after(9 * MINUTE);
      expect(end()).toBeUndefined();
      expect(saying()).toMatchObject({ because: 'not Ready again: shop/log' });
      await after(MINUTE + 2 * SECOND);
      expect(end()).toMatchObject({ ...RETURNED, missing: ['shop/log'] });
    },
  );

  test('until its agent has looked at the sentinel, for which it has a little more time', async () => {
    const early = { wants: 'required', message: '', heardAtMs: START } as const;
    const { accept, comeUp, end, saying } = onStage();
    accept();
    await after(SECOND);
    comeUp({ report: early });
    await after(55 * SECOND);
    expect(end()).toBeUndefined();
    expect(saying()).toMatchObject({ because: 'its agent has not reported since the reboot' });
    await after(10 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });
});

const required = (heardAtMs: number) => ({ wants: 'required', message: '', heardAtMs }) as const;

describe('a sentinel that survives the reboot', () => {
  test('is told with the return, by what the agent says in the new boot', async () => {
    const { accept, comeUp, end } = onStage();
    accept();
    await after(SECOND);
    comeUp({ report: required(Date.now()) });
    await after(40 * SECOND);
    expect(end()).toMatchObject({ ...RETURNED, stillRequired: true });
  });

  test('is told also by an attempt that begins after the agent has been heard', async () => {
    const seen = { firstHeartbeatMs: START + SECOND };
    const { accept, comeUp, end } = onStage({}, {}, seen);
    accept();
    // The kubelet has beaten again since the agent spoke: that beat is not the first of the boot.
    comeUp({ heartbeatAtMs: START + 4 * SECOND, report: required(START + 2 * SECOND) });
    await after(40 * SECOND);
    expect(end()).toMatchObject({ ...RETURNED, stillRequired: true, bootedAtMs: START + SECOND });
  });

  test('G7: is told also by an attempt that begins late and was told nothing by the one before', async () => {
    const { accept, comeUp, end } = onStage();
    accept();
    await after(SECOND);
    // The kubelet has beaten again since the agent spoke; when Ready was gained still shows when the boot began.
    comeUp({
      readySinceMs: START + 2 * SECOND,
      heartbeatAtMs: START + 50 * SECOND,
      report: required(START + 4 * SECOND),
    });
    await after(40 * SECOND);
    const bootedAtMs = START + 2 * SECOND;
    expect(end()).toMatchObject({ ...RETURNED, stillRequired: true, bootedAtMs });
  });

  test('G7: is waited for until the agent reports anew where its report may be of either boot', async () => {
    const { accept, comeUp, end, nodes } = onStage();
    accept();
    await after(SECOND);
    // The agent spoke before the node was Ready, and nobody was there to see the boot begin.
    comeUp({
      readySinceMs: START + 5 * SECOND,
      heartbeatAtMs: START + 50 * SECOND,
      report: required(START + 4 * SECOND),
    });
    await after(4 * MINUTE);
    expect(end()).toBeUndefined();
    nodes.change('n1', { report: required(Date.now()) });
    await after(2 * SECOND);
    expect(end()).toMatchObject({ ...RETURNED, stillRequired: true });
  });

  test('is not waited for without end when the agent says nothing more', async () => {
    const { accept, comeUp, end } = onStage();
    accept();
    await after(SECOND);
    comeUp({ readySinceMs: START + 5 * SECOND, report: required(START + 500) });
    await after(6 * MINUTE);
    expect(end()).toMatchObject(RETURNED);
  });

  test('is not read from an old report when the reboot was so quick that Ready was never lost', async () => {
    const { accept, comeUp, end } = onStage();
    accept();
    await after(SECOND);
    comeUp({ readySinceMs: START - MINUTE, report: required(START) });
    await after(70 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });
});

describe('G3: the proof is made of fresh sights', () => {
  test('Ready that was lost and found between two looks starts the wait anew', async () => {
    const { accept, comeUp, end, nodes } = onStage();
    accept();
    await after(SECOND);
    comeUp();
    await after(29 * SECOND);
    nodes.change('n1', { readySinceMs: Date.now() });
    await after(28 * SECOND);
    expect(end()).toBeUndefined();
    await after(4 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });
});

describe('G5: a node that does not come back', () => {
  test('is late after the time the policy gives it, and why is told', async () => {
    const { accept, end } = onStage();
    accept();
    await after(20 * MINUTE);
    expect(end()).toBeUndefined();
    await after(10 * SECOND);
    expect(end()).toEqual({ kind: 'late', because: 'its boot id has not changed' });
  });

  test('is waited for without end once it is lost, and then returns as any other', async () => {
    const { accept, comeUp, end } = onStage({ lost: true });
    accept();
    await after(120 * MINUTE);
    expect(end()).toBeUndefined();
    comeUp();
    await after(40 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });
});

test('G5: a node is late by the clock of the worker, whatever its answer is dated', async () => {
  const { end, nodes } = onStage();
  const atMs = Date.parse('9999-01-01T00:00:00Z');
  const answer = writeAnswer({ ...ORDER, verdict: 'accepted', because: IN_TIME, atMs });
  nodes.change('n1', { annotations: { ...ordered, [ANNOTATION.answer]: answer } });
  await after(26 * MINUTE);
  expect(end()).toMatchObject({ kind: 'late' });
});

test('G5: nor is it late before its time for an answer of a slow clock', async () => {
  const { end, nodes } = onStage();
  const atMs = Date.parse('1970-01-01T00:00:00Z');
  const answer = writeAnswer({ ...ORDER, verdict: 'accepted', because: IN_TIME, atMs });
  nodes.change('n1', { annotations: { ...ordered, [ANNOTATION.answer]: answer } });
  await after(19 * MINUTE);
  expect(end()).toBeUndefined();
});

describe('a run that finds the order accepted', () => {
  const FOUND = { node: 'n1', record: RECORD, orderedAtMs: 0, daemonSets: [], lost: false };

  test('waits for the return at once, whoever has answered', async () => {
    const stage = new Stage();
    stage.nodes.add('n1', {
      annotations: answered('accepted', { rollout: 'node-rollout/n1/run-0' }),
    });
    stage.nodes.change('n1', { bootId: 'boot-2', heartbeatAtMs: START + 1 });
    const returned = stage.run(awaitReturn, FOUND);
    await after(2 * MINUTE);
    expect(await returned).toMatchObject(RETURNED);
  });

  test('G5: counts from the moment the agent accepted, not from its own start', async () => {
    const stage = new Stage();
    stage.nodes.add('n1', { annotations: answered('accepted') });
    await after(19 * MINUTE);
    const returned = stage.run(awaitReturn, FOUND);
    await after(2 * MINUTE);
    expect(await returned).toEqual({ kind: 'late', because: 'its boot id has not changed' });
  });

  test('G5: and was begun without a pool goes by the policy of the pool that the node is in', async () => {
    const stage = new Stage({ reboot: { returnWithin: '5m' } });
    stage.nodes.add('n1', { annotations: answered('accepted') });
    const returned = stage.run(awaitReturn, FOUND);
    await after(6 * MINUTE);
    expect(await returned).toMatchObject({ kind: 'late' });
  });
});

describe('cancelling', () => {
  test('ends the wait for an answer', async () => {
    const { end, stage } = onStage();
    await after(SECOND);
    stage.environment.cancel();
    await after(6 * SECOND);
    expect(end()).toEqual({
      kind: 'interrupted',
      because: 'stopped before the agent answered',
    });
  });

  test('G5: does not end the wait for the return: that only goes forward', async () => {
    const { accept, comeUp, end, stage } = onStage();
    accept();
    await after(SECOND);
    expect(stage.temporal.told).toEqual([]);
    stage.environment.cancel();
    await after(MINUTE);
    expect(end()).toBeUndefined();
    // Whoever has said so is answered, once.
    expect(stage.temporal.told).toEqual([
      {
        workflowId: 'node-rollout/n1',
        runId: 'run-1',
        name: 'rebootAccepted',
        what: { atMs: START },
      },
    ]);
    comeUp();
    await after(40 * SECOND);
    expect(end()).toMatchObject(RETURNED);
  });

  test('ends the wait for a node that is lost: somebody gives it up', async () => {
    const { accept, end, stage } = onStage({ lost: true });
    accept();
    await after(SECOND);
    stage.environment.cancel();
    await after(6 * SECOND);
    expect(end()).toEqual({ kind: 'interrupted', because: 'it is given up' });
  });

  test.each([{ acceptedFirst: false }, { acceptedFirst: true }])(
    'G7: by a worker that shuts down hands the wait over (accepted: $acceptedFirst)',
    async ({ acceptedFirst }) => {
      const { accept, end, stage } = onStage();
      if (acceptedFirst) accept();
      await after(SECOND);
      stage.environment.cancel(
        'WORKER_SHUTDOWN',
        new ActivityCancellationDetails({ workerShutdown: true }),
      );
      await after(6 * SECOND);
      expect(end()).toBeInstanceOf(Error);
    },
  );
});

test('G8: tells why it waits at least every five seconds, even while the node cannot be seen', async () => {
  const stage = new Stage();
  stage.nodes.add('n1');
  stage.nodes.follow = () => Promise.resolve();
  void stage
    .run(awaitReturn, {
      node: 'n1',
      record: RECORD,
      order: ORDER,
      orderedAtMs: START,
      daemonSets: [],
      lost: false,
    })
    .catch(() => undefined);
  await after(31 * SECOND);
  expect(stage.heartbeats).toEqual(
    Array.from({ length: 6 }, () => ({ because: 'the node has not been seen yet' })),
  );
});
