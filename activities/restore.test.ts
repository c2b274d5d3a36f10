import { describe, expect, test } from '@jest/globals';
import {
  ANNOTATION,
  writeAttempts,
  readQuarantine,
  writeAnswer,
  writeExcused,
  writeOrder,
  writeQuarantine,
} from '../domain/node-contract.ts';
import { restoreNode, undoNode } from './restore.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const ORDER = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: 10_000 };
const ordered = { ...recorded(), [ANNOTATION.order]: writeOrder(ORDER) };
const accepted = {
  ...ordered,
  [ANNOTATION.answer]: writeAnswer({ ...ORDER, verdict: 'accepted', because: 'ok', atMs: 5_000 }),
};
const QUARANTINE = writeQuarantine({ bootId: 'boot-1', because: 'still there', atMs: 1 });
const OLD = {
  [ANNOTATION.quarantine]: QUARANTINE,
  [ANNOTATION.excused]: writeExcused(2),
};
const UNDO = { node: 'n1', why: 'gate', because: 'the window closed', trouble: false } as const;
const heard = (wants: 'required' | 'not-required', heardAtMs: number) => ({
  wants,
  message: '',
  heardAtMs,
});

/** A node this run has cordoned. */
const onStage = (facts: Partial<FakeNode> = {}, cordonedByUs = true) => {
  const stage = new Stage();
  const { nodes } = stage;
  nodes.add('n1', { unschedulable: true, annotations: recorded({ cordonedByUs }), ...facts });
  nodes.lifecycle['DrainInProgress'] = true;
  const record = { ...RECORD, cordonedByUs };
  return {
    nodes,
    stage,
    restore: (stillRequired = false) =>
      stage.run(restoreNode, { node: 'n1', record, stillRequired, readySinceMs: 1_000 }),
    undo: (over: object = {}) => stage.run(undoNode, { ...UNDO, record, ...over }),
  };
};

/** As a node is when it has come back from its reboot. */
const BACK: Partial<FakeNode> = {
  bootId: 'boot-2',
  readySinceMs: 1_000,
  report: heard('not-required', 2_000),
};

describe('restoreNode', () => {
  test('G6: uncordons what was cordoned by us, and leaves nothing of ours on the node', async () => {
    const { restore, nodes, stage } = onStage({
      ...BACK,
      annotations: { ...accepted, 'example.org/x': 'y' },
    });
    expect(await restore()).toEqual({ kind: 'restored' });
    expect(nodes.at('n1')).toMatchObject({
      unschedulable: false,
      annotations: { 'example.org/x': 'y' },
    });
    expect(Object.keys(nodes.at('n1').annotations)).toEqual(['example.org/x', ANNOTATION.attempts]);
    expect(nodes.lifecycle).toEqual({});
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.events).toEqual(['n1 Normal Returned: rebooted and back, boot id boot-2']);
    expect(stage.logged).toEqual(['node returned']);
  });

  test("G6: keeps somebody else's cordon", async () => {
    const { restore, nodes } = onStage(BACK, false);
    expect(await restore()).toEqual({ kind: 'restored' });
    expect(nodes.at('n1')).toMatchObject({ unschedulable: true, annotations: {} });
  });

  test('G6: lifts no cordon once the record is gone: it is not ours any more', async () => {
    const { restore, nodes } = onStage({ ...BACK, annotations: {} });
    await restore();
    expect(nodes.at('n1').unschedulable).toBe(true);
    expect(nodes.lifecycle).toEqual({});
  });

  test('G6: touches nothing that another rollout has taken', async () => {
    const theirs = recorded({ workflowId: 'by-hand' });
    const { restore, nodes } = onStage({ ...BACK, annotations: theirs });
    expect(await restore()).toEqual({ kind: 'not-ours' });
    expect(nodes.events).toEqual([expect.stringContaining('changed by somebody else')]);
    expect(nodes.at('n1')).toMatchObject({ unschedulable: true, annotations: theirs });
    expect(nodes.lifecycle).toEqual({ DrainInProgress: true });
  });

  test('looks again when the node has changed meanwhile', async () => {
    const { restore, nodes } = onStage(BACK);
    nodes.meanwhile.push(() => nodes.change('n1', { labels: { pool: 'workers', new: 'label' } }));
    await restore();
    expect(nodes.at('n1')).toMatchObject({ unschedulable: false, labels: { new: 'label' } });
  });

  test('quarantines a node whose sentinel has survived the reboot, and says so', async () => {
    const { restore, nodes } = onStage(BACK);
    expect(await restore(true)).toEqual({ kind: 'quarantined' });
    expect(nodes.at('n1').unschedulable).toBe(false);
    expect(readQuarantine(nodes.at('n1').annotations[ANNOTATION.quarantine])).toMatchObject({
      ok: true,
      value: { bootId: 'boot-2' },
    });
    expect(nodes.events[0]).toMatch(/^n1 Warning Quarantined: .*its sentinel survived the reboot/);
  });

  test('lifts an old quarantine when the sentinel is gone', async () => {
    const { restore, nodes } = onStage({ ...BACK, annotations: { ...recorded(), ...OLD } });
    await restore();
    expect(Object.keys(nodes.at('n1').annotations)).toEqual([ANNOTATION.attempts]);
  });

  test('G5: takes an old excuse off, so that the next trouble halts the pool', async () => {
    const { restore, nodes } = onStage({ ...BACK, annotations: { ...recorded(), ...OLD } });
    await restore(true);
    expect(nodes.at('n1').annotations).not.toHaveProperty([ANNOTATION.excused]);
  });

  test.each<{ name: string; node: Partial<FakeNode> }>([
    { name: 'is not Ready any more', node: { ready: false } },
    { name: 'has lost and found Ready since its return was proved', node: { readySinceMs: 2_000 } },
    { name: 'is still in the boot of before', node: { bootId: 'boot-1' } },
  ])('G3: touches nothing when the node $name', async ({ node }) => {
    const { restore, nodes } = onStage({ ...BACK, ...node });
    expect(await restore()).toEqual({ kind: 'not-back' });
    expect(nodes.at('n1').unschedulable).toBe(true);
    expect(nodes.updates).toEqual([]);
  });

  test('repeating it changes nothing and answers the same', async () => {
    const { restore, nodes } = onStage(BACK);
    await restore(true);
    expect(await restore(true)).toEqual({ kind: 'quarantined' });
    expect(nodes.updates).toHaveLength(1);
  });
});

describe('undoNode', () => {
  test('G6: hands the node back as it was found, in one update', async () => {
    const { undo, nodes, stage } = onStage({ annotations: { ...ordered, 'example.org/x': 'y' } });
    expect(await undo()).toEqual({ kind: 'undone' });
    expect(nodes.at('n1').unschedulable).toBe(false);
    expect(nodes.at('n1').annotations).toEqual({ 'example.org/x': 'y' });
    expect(nodes.lifecycle).toEqual({});
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.events).toEqual([
      'n1 Warning Undone: handed back without a reboot: the window closed',
    ]);
    expect(stage.logged).toEqual(['node handed back without a reboot']);
  });

  test("G6: keeps somebody else's cordon", async () => {
    const { undo, nodes } = onStage({}, false);
    await undo();
    expect(nodes.at('n1').unschedulable).toBe(true);
  });

  test('G6: leaves the cordon of a node that is being deleted', async () => {
    const { undo, nodes } = onStage({ deleting: true });
    expect(await undo()).toEqual({ kind: 'undone' });
    expect(nodes.at('n1').unschedulable).toBe(true);
    expect(nodes.at('n1').annotations).toEqual({});
  });

  test('tells after a failure which try it was, and when the next may come', async () => {
    const failed = { count: 2, lastAtMs: 1, because: 'x' };
    const attempts = { [ANNOTATION.attempts]: writeAttempts({ reboots: [], failed }) ?? '' };
    const { undo, nodes } = onStage({ annotations: { ...recorded(), ...attempts } });
    const before = Date.now();
    const first = await undo({ why: 'failure', pool: 'workers' });
    expect(first).toMatchObject({ kind: 'undone', tries: 3 });
    const inMinutes = ((first as { againAtMs: number }).againAtMs - before) / 60_000;
    expect(Math.floor(inMinutes)).toBe(40);
    // Tried again after a crash, it was the same try.
    expect(nodes.at('n1').annotations).not.toHaveProperty([ANNOTATION.rollout]);
    expect(await undo({ why: 'failure', pool: 'workers' })).toMatchObject({ tries: 3 });
    expect(await onStage().undo()).toEqual({ kind: 'undone' });
  });

  test('leaves another node of the same name alone', async () => {
    const record = { ...RECORD, nodeUid: 'first' };
    const { undo, nodes } = onStage({ uid: 'second' });
    expect(await undo({ record })).toEqual({ kind: 'gone' });
    expect(nodes.updates).toEqual([]);
  });

  test('leaves a quarantine and its excuse where they are: nothing has been rebooted', async () => {
    const { undo, nodes } = onStage({ annotations: { ...recorded(), ...OLD } });
    await undo();
    expect(nodes.at('n1').annotations).toEqual(OLD);
  });

  test.each<{ name: string; node: Partial<FakeNode> }>([
    { name: 'the agent has accepted the order', node: { annotations: accepted } },
    { name: 'the node has rebooted', node: { annotations: ordered, bootId: 'boot-2' } },
  ])('G4: is too late once $name, and changes nothing then', async ({ node }) => {
    const { undo, nodes } = onStage(node);
    expect(await undo()).toEqual({ kind: 'too-late' });
    expect(nodes.updates).toEqual([]);
    expect(nodes.events).toEqual([]);
    expect(nodes.lifecycle).toEqual({ DrainInProgress: true });
  });

  test('takes an accepted order back where the node is lost and a person gives it up', async () => {
    const { undo, nodes } = onStage({ annotations: accepted });
    expect(await undo({ why: 'abort', lost: true })).toMatchObject({ kind: 'undone' });
    expect(nodes.at('n1').unschedulable).toBe(false);
    expect(Object.keys(nodes.at('n1').annotations)).toEqual([ANNOTATION.attempts]);
  });

  test.each<{ name: string; node: Partial<FakeNode> }>([
    { name: 'has rebooted after all', node: { bootId: 'boot-2' } },
    { name: 'is down, and may still come up', node: { ready: false } },
  ])('G4: but not where it $name', async ({ node }) => {
    const { undo, nodes } = onStage({ annotations: accepted, ...node });
    expect(await undo({ why: 'abort', lost: true })).toEqual({ kind: 'too-late' });
    expect(nodes.updates).toEqual([]);
  });

  test('G4: loses the race against an agent that accepts while it withdraws', async () => {
    const { undo, nodes } = onStage({ annotations: ordered });
    nodes.meanwhile.push(() => nodes.change('n1', { annotations: accepted }));
    expect(await undo()).toEqual({ kind: 'too-late' });
    expect(nodes.at('n1')).toMatchObject({ unschedulable: true, annotations: accepted });
  });

  test('goes on where a crash has left it: only the conditions were left', async () => {
    const { undo, nodes } = onStage({ unschedulable: false, annotations: {} });
    expect(await undo()).toEqual({ kind: 'undone' });
    expect(nodes.updates).toEqual([]);
    expect(nodes.lifecycle).toEqual({});
  });
});

describe.each([{ how: 'restore' as const }, { how: 'undo' as const }])('$how', ({ how }) => {
  test('says so when the node is gone', async () => {
    const scene = onStage(how === 'restore' ? BACK : {});
    scene.nodes.remove('n1');
    expect(await scene[how]()).toEqual({ kind: 'gone' });
  });

  test('says so when the node goes while it is handed back', async () => {
    const scene = onStage(how === 'restore' ? BACK : {});
    scene.nodes.meanwhile.push(() => scene.nodes.remove('n1'));
    expect(await scene[how]()).toEqual({ kind: 'gone' });
    expect(scene.nodes.events).toEqual([]);
  });
});

describe('the lock is told that a rollout has ended,', () => {
  const ZONED = { labels: { pool: 'workers', 'topology.kubernetes.io/zone': 'a' } };
  const restored = { node: 'n1', pool: 'workers', record: RECORD, stillRequired: false, tookMs: 9 };
  const undone = { ...UNDO, pool: 'workers', record: RECORD };

  test.each<{
    name: string;
    facts?: Partial<FakeNode>;
    act: (stage: Stage) => Promise<unknown>;
    expected?: object;
  }>([
    {
      name: 'in which zone and how long it took',
      facts: { ...BACK, ...ZONED },
      act: (stage) => stage.run(restoreNode, restored),
      expected: { node: 'n1', zone: 'a', tookMs: 9 },
    },
    {
      name: 'where it was handed back before too, for nobody knows whether it has heard',
      facts: { ...BACK, annotations: {} },
      act: (stage) => stage.run(restoreNode, restored),
      expected: { node: 'n1', tookMs: 9 },
    },
    {
      name: 'not how long a quarantined one took',
      facts: BACK,
      act: (stage) => stage.run(restoreNode, { ...restored, stillRequired: true }),
      expected: { node: 'n1' },
    },
    {
      name: 'by an undo too',
      facts: ZONED,
      act: (stage) => stage.run(undoNode, undone),
      expected: { node: 'n1', zone: 'a' },
    },
    {
      name: 'not where the node is away again',
      facts: { ...BACK, ready: false },
      act: (stage) => stage.run(restoreNode, restored),
    },
    {
      name: 'not where it is too late to undo',
      facts: BACK,
      act: (stage) => stage.run(undoNode, undone),
    },
    {
      name: 'not where nobody knows its pool',
      act: (stage) => stage.run(undoNode, { ...UNDO, record: RECORD }),
    },
  ])('$name', async ({ facts, act, expected }) => {
    const { stage } = onStage(facts);
    await act(stage);
    const told = expected ? [{ pool: 'workers', name: 'rolloutEnded', what: expected }] : [];
    expect(stage.temporal.lockSignals).toEqual(told);
  });
});
