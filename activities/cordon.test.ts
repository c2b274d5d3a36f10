import { describe, expect, jest, test } from '@jest/globals';
import { ANNOTATION, readRollout } from '../domain/node-contract.ts';
import { failure } from './failure.ts';
import { cordonNode } from './cordon.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const ASKED = {
  node: 'n1',
  pool: 'workers',
  skip: [],
  evenIfNotRequired: false,
  grantId: 'workers-1',
};
const WORD = { workflowId: 'node-rollout/n1', grantId: 'workers-1' };

const onStage = (facts: Partial<FakeNode> = {}) => {
  const stage = new Stage();
  stage.nodes.add('n1', facts);
  // As after a grant that was heard at once.
  stage.temporal.permit = { countedAtMs: Date.now(), others: [] };
  return { stage, nodes: stage.nodes, cordon: () => stage.run(cordonNode, ASKED) };
};

describe('cordonNode', () => {
  test('cordons the node and writes the record of this run, both in one update', async () => {
    const { cordon, nodes } = onStage();
    expect(await cordon()).toMatchObject({ kind: 'cordoned', record: RECORD });
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.at('n1').unschedulable).toBe(true);
    expect(readRollout(nodes.at('n1').annotations[ANNOTATION.rollout])).toEqual({
      ok: true,
      value: RECORD,
    });
  });

  test('shows it in the lifecycle conditions, on the events and in one line of the log', async () => {
    const { cordon, nodes, stage } = onStage();
    await cordon();
    expect(nodes.lifecycle).toEqual({
      MaintenancePlanned: true,
      DrainInProgress: true,
      Drained: false,
      MaintenanceInProgress: false,
    });
    expect(nodes.events).toEqual(['n1 Normal Draining: cordoned; draining for a reboot']);
    expect(stage.logged).toEqual(['node cordoned']);
  });

  test('follows one policy to the end, and names it, when the file changes meanwhile', async () => {
    const { cordon, stage } = onStage();
    stage.changePolicyInMidStep({ windows: [] }, 'policy-2');
    expect(await cordon()).toMatchObject({ kind: 'cordoned', policy: 'policy-1' });
    // By whichever policy it was cordoned, it is not by this one.
    expect(await cordon()).not.toHaveProperty('policy');
  });

  test('looks again by the policy in force then, when somebody changed the node meanwhile', async () => {
    const { cordon, nodes, stage } = onStage();
    nodes.meanwhile.push(() => nodes.change('n1', { unschedulable: true }));
    stage.changePolicyInMidStep({ windows: [] }, 'policy-2');
    expect(await cordon()).toMatchObject({ kind: 'closed', policy: 'policy-2' });
  });

  test.each([
    { name: 'is in another pool', labels: { pool: 'masters' }, pool: 'masters' },
    { name: 'is in none', labels: { pool: 'nobody' }, pool: undefined },
  ])('G1: takes no node out by the permit of a pool when it $name', async ({ labels, pool }) => {
    const { cordon, nodes, stage } = onStage({ labels });
    stage.changePolicy({}, 'policy-1', { name: 'masters', nodes: 'pool=masters' });
    const moved = await cordon();
    expect(moved).toMatchObject({ kind: 'moved', policy: 'policy-1' });
    expect('pool' in moved ? moved.pool : undefined).toBe(pool);
    expect(nodes.updates).toEqual([]);
  });

  test("G6: remembers a cordon that was there before as somebody else's", async () => {
    const { cordon, nodes } = onStage({ unschedulable: true });
    expect(await cordon()).toMatchObject({ record: { ...RECORD, cordonedByUs: false } });
    expect(nodes.at('n1').unschedulable).toBe(true);
    expect(nodes.events[0]).toContain('it was cordoned before, and will be left so');
  });

  test('touches nothing when a gate has closed while the permit was waited for, and says which', async () => {
    const { cordon, nodes } = onStage({
      annotations: { [ANNOTATION.hold]: 'disk swap' },
      deleting: true,
    });
    expect(await cordon()).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      because: 'hold: held: disk swap; node: the node is being deleted',
    });
    expect(nodes.updates).toEqual([]);
    expect(nodes.events).toEqual([]);
  });

  test('G2: notices a gate that closes while it does', async () => {
    const { cordon, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.change('n1', { deleting: true }));
    expect(await cordon()).toMatchObject({ kind: 'closed' });
    expect(nodes.at('n1').unschedulable).toBe(false);
  });

  test('G2: notices a gate that closes while the lock is asked', async () => {
    const { cordon, nodes, stage } = onStage();
    const { permit } = stage.temporal;
    stage.temporal.permitOf = async () => {
      nodes.change('n1', { annotations: { [ANNOTATION.hold]: 'disk swap' } });
      return permit;
    };
    expect(await cordon()).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      because: 'hold: held: disk swap',
    });
    expect(nodes.at('n1').unschedulable).toBe(false);
  });

  test('G6: notices that somebody cordons the node while it does', async () => {
    const { cordon, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.change('n1', { unschedulable: true }));
    expect(await cordon()).toMatchObject({ record: { cordonedByUs: false } });
  });

  test("G6: repeating it changes nothing and does not mistake our own cordon for another's", async () => {
    const { cordon, nodes } = onStage();
    await cordon();
    expect(await cordon()).toMatchObject({ kind: 'cordoned', record: RECORD });
    expect(nodes.updates).toHaveLength(1);
  });

  test('G6: says when it cordoned, and of a cordon that it finds that nobody knows', async () => {
    const { cordon, nodes } = onStage();
    const beforeMs = Date.now();
    const first = await cordon();
    expect(first).toMatchObject({ kind: 'cordoned' });
    expect(first.kind === 'cordoned' && first.atMs).toBeGreaterThanOrEqual(beforeMs);
    nodes.change('n1', { unschedulable: false });
    expect(await cordon()).toEqual({ kind: 'cordoned', record: RECORD, atMs: 0 });
  });

  test('G4: sweeps an order and an answer of former times away', async () => {
    const { cordon, nodes } = onStage({
      annotations: { [ANNOTATION.order]: '{}', [ANNOTATION.answer]: '{}', 'example.org/x': 'y' },
    });
    await cordon();
    expect(Object.keys(nodes.at('n1').annotations)).toEqual(['example.org/x', ANNOTATION.rollout]);
  });

  test.each([
    {
      name: 'a rollout that has ended has left',
      annotations: recorded({ workflowId: 'by-hand' }),
      because: /^run \S+ of by-hand has left n1 behind$/,
    },
    {
      name: 'another run of the same rollout has left, as before a reset',
      annotations: recorded({ runId: 'run-0' }),
      because: /^run run-0 of node-rollout\/n1 has left n1 behind$/,
    },
  ])('G6: does not touch a node that $name', async ({ annotations, because }) => {
    const { cordon, nodes } = onStage({ annotations });
    expect(await cordon()).toEqual({
      kind: 'left-behind',
      because: expect.stringMatching(because),
    });
    expect(nodes.updates).toEqual([]);
  });

  test.each([
    {
      name: 'another rollout has',
      annotations: recorded({ workflowId: 'by-hand' }),
      because: 'owner: another rollout has the node: by-hand',
    },
    {
      name: 'nobody can say who has',
      annotations: { [ANNOTATION.rollout]: '{' },
      because: 'owner: the rollout annotation cannot be read: it is not JSON',
    },
  ])('G6: waits for a node that $name', async ({ annotations, because }) => {
    const { cordon, nodes, stage } = onStage({ annotations });
    stage.temporal.running.add('by-hand');
    expect(await cordon()).toEqual({ kind: 'closed', policy: 'policy-1', because });
    expect(nodes.updates).toEqual([]);
  });

  test.each([
    { when: 'before', gone: ({ nodes }: Stage) => nodes.remove('n1') },
    {
      when: 'while it is cordoned',
      gone: ({ nodes }: Stage) => nodes.meanwhile.push(() => nodes.remove('n1')),
    },
  ])('says so when the node is deleted $when', async ({ gone }) => {
    const { cordon, stage } = onStage();
    gone(stage);
    expect(await cordon()).toEqual({ kind: 'gone' });
    expect(stage.nodes.events).toEqual([]);
  });
});

describe('the permit by which a node is cordoned', () => {
  test.each<{ name: string; facts: Partial<FakeNode>; word: string }>([
    { name: 'is used', facts: {}, word: 'permitUsed' },
    {
      name: 'was used, where an attempt before has cordoned',
      facts: { annotations: recorded(), unschedulable: true },
      word: 'permitUsed',
    },
    {
      name: 'is passed on where a gate has closed',
      facts: { annotations: { [ANNOTATION.hold]: 'disk swap' } },
      word: 'permitPassed',
    },
    {
      name: 'is passed on where an earlier run has left its mark',
      facts: { annotations: recorded({ runId: 'run-0' }) },
      word: 'permitPassed',
    },
    {
      name: 'is passed on where the node has moved',
      facts: { labels: { pool: 'nobody' } },
      word: 'permitPassed',
    },
  ])('$name, and the lock is told: $word', async ({ facts, word }) => {
    const { cordon, stage } = onStage(facts);
    await cordon();
    expect(stage.temporal.lockSignals).toEqual([{ pool: 'workers', name: word, what: WORD }]);
  });

  test('is asked about by name', async () => {
    const { cordon, stage } = onStage();
    const asked: unknown[] = [];
    stage.temporal.permitOf = async (...question: unknown[]) => {
      asked.push(...question);
      return { countedAtMs: Date.now(), others: [] };
    };
    await cordon();
    expect(asked).toEqual(['workers', WORD]);
  });

  test('G1: touches nothing where the lock knows it no more, for its room may be taken', async () => {
    const { cordon, nodes, stage } = onStage();
    stage.temporal.permit = undefined;
    expect(await cordon()).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      because: 'the lock of pool workers no longer knows the permit',
    });
    expect([nodes.updates, nodes.events, nodes.lifecycle]).toEqual([[], [], {}]);
  });

  test('G1: is asked about again after a conflict: it may have been taken away since', async () => {
    const { cordon, nodes, stage } = onStage();
    nodes.meanwhile.push(() => {
      nodes.change('n1', { labels: { pool: 'workers', new: 'label' } });
      stage.temporal.permit = undefined;
    });
    expect(await cordon()).toMatchObject({ kind: 'closed' });
    expect(nodes.at('n1').unschedulable).toBe(false);
  });

  test('does not write once its attempt was given up: another may have taken its place', async () => {
    const { cordon, nodes, stage } = onStage();
    const { permit } = stage.temporal;
    stage.temporal.permitOf = async () => {
      stage.environment.cancel('CANCELLED');
      return permit;
    };
    await expect(cordon()).rejects.toThrow('CANCELLED');
    expect(nodes.updates).toEqual([]);
  });

  test.each<{
    name: string;
    agoMs: number;
    n2: Partial<FakeNode>;
    others: string[];
    because?: string;
  }>([
    { name: 'good by a count of a moment ago', agoMs: 0, n2: { ready: false }, others: ['n2'] },
    {
      name: 'counted again when its count is old',
      agoMs: 5_000,
      n2: { ready: false },
      others: [],
      because: '1 of at most 1 out of service: n2 is NotReady',
    },
    {
      name: 'counted again when its count is of the future',
      agoMs: -60_000,
      n2: { ready: false },
      others: [],
      because: '1 of at most 1 out of service: n2 is NotReady',
    },
    {
      name: 'counted again with the permits of others',
      agoMs: 5_000,
      n2: {},
      others: ['n2'],
      because: '1 of at most 1 out of service: n2 has a permit',
    },
    { name: 'good where a new count has room', agoMs: 5_000, n2: {}, others: [] },
  ])('G1: is $name', async ({ agoMs, n2, others, because }) => {
    const { cordon, nodes, stage } = onStage();
    nodes.add('n2', n2);
    stage.temporal.permit = { countedAtMs: Date.now() - agoMs, others };
    const expected = because === undefined ? { kind: 'cordoned' } : { kind: 'closed', because };
    expect(await cordon()).toMatchObject(expected);
    expect(nodes.at('n1').unschedulable).toBe(because === undefined);
  });

  test.each([
    { kind: 'kube-rejected', because: 'updating node n1: metadata.annotations: Too long' },
    { kind: 'kube-forbidden', because: 'updating node n1: a policy of theirs denied the request' },
  ] as const)('is not held over a node that cannot be written: $kind', async (refused) => {
    const { cordon, nodes, stage } = onStage();
    const { kind, because } = refused;
    nodes.update = async () => {
      throw failure(kind, because);
    };
    expect(await cordon()).toMatchObject({ kind: 'closed', because: `node: ${because}` });
    expect(stage.temporal.lockSignals).toMatchObject([{ name: 'permitPassed' }]);
  });

  test('is kept where nobody knows whether it was used: the node may not be read once more', async () => {
    const { cordon, nodes, stage } = onStage();
    nodes.update = async () => {
      throw failure('kube-unavailable', 'updating node n1: no answer');
    };
    await expect(cordon()).rejects.toThrow('no answer');
    nodes.read = async () => {
      throw failure('kube-forbidden', 'reading node n1: forbidden');
    };
    await expect(cordon()).rejects.toThrow('forbidden');
    expect(stage.temporal.lockSignals).toEqual([]);
  });

  test('is not held over a node that somebody changes all the time: it is passed on after ten conflicts', async () => {
    jest.useFakeTimers();
    const { cordon, nodes, stage } = onStage();
    let conflicts = 0;
    nodes.update = async () => {
      conflicts += 1;
      return 'conflict';
    };
    const cordoned = cordon();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await cordoned).toMatchObject({
      kind: 'closed',
      because: expect.stringContaining('(10 conflicts)'),
    });
    expect(conflicts).toBe(10);
    expect(stage.temporal.lockSignals).toMatchObject([{ name: 'permitPassed' }]);
    jest.useRealTimers();
  });
});
