import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, readRollout, type LabelChange } from '../domain/node-contract.ts';
import { cordonNode } from './cordon.ts';
import { evaluateGates } from './gates/pass-gates.ts';
import { taintWaiting, untaintWaiting } from './labels-and-taint.ts';
import { orderReboot } from './order.ts';
import { restoreNode, undoNode } from './restore.ts';
import { scanFleet } from './scan.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const BEFORE = { state: 'rebooting', team: 'ops' };
const AFTER = { state: 'serving' };
const KEY = 'example.org/waits';
const OURS = { key: KEY, effect: 'PreferNoSchedule' };
const GPU = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const POOL = { labels: { before: BEFORE, after: AFTER }, taint: KEY };
const ASKED = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
const CHANGES: Record<string, LabelChange> = {
  state: { found: 'serving', set: 'rebooting' },
  team: { found: null, set: 'ops' },
};
const marked = { [ANNOTATION.taint]: KEY };
const WAITING = { annotations: marked, taints: [GPU, OURS] };

const onStage = (facts: Partial<FakeNode> = {}, pool: object = POOL) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', facts);
  return { stage, nodes: stage.nodes };
};

/** As after the grant. */
const cordonOn = (stage: Stage) => stage.run(cordonNode, { ...ASKED, grantId: 'workers-1' });

const mark = (stage: Stage) => stage.run(taintWaiting, { node: 'n1', pool: 'workers' });

const isOff = ({ nodes }: Stage): void => {
  expect(nodes.at('n1').taints).toEqual([GPU]);
  expect(nodes.at('n1').annotations).not.toHaveProperty([ANNOTATION.taint]);
};

describe('cordonNode', () => {
  test('G6: sets the labels and takes the taint off in the update that cordons, and remembers what it found', async () => {
    const { stage, nodes } = onStage({ ...WAITING, labels: { pool: 'workers', state: 'serving' } });
    expect(await cordonOn(stage)).toMatchObject({ record: { ...RECORD, labels: CHANGES } });
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.at('n1')).toMatchObject({ labels: { pool: 'workers', ...BEFORE }, taints: [GPU] });
    expect(Object.keys(nodes.at('n1').annotations)).toEqual([ANNOTATION.rollout]);
    expect(readRollout(nodes.at('n1').annotations[ANNOTATION.rollout])).toMatchObject({
      value: { labels: CHANGES },
    });
  });

  test('G6: remembers the label that somebody sets while it does', async () => {
    const { stage, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.change('n1', { labels: { pool: 'workers', team: 'net' } }));
    expect(await cordonOn(stage)).toMatchObject({
      record: { labels: { state: { found: null }, team: { found: 'net' } } },
    });
  });

  test('G6: repeating it does not mistake our own labels for those it found', async () => {
    const { stage, nodes } = onStage({ labels: { pool: 'workers', state: 'serving' } });
    await cordonOn(stage);
    expect(await cordonOn(stage)).toMatchObject({ record: { labels: CHANGES } });
    expect(nodes.updates).toHaveLength(1);
  });

  test('writes neither labels nor taints for a pool that asks for none', async () => {
    const { stage, nodes } = onStage({ taints: [OURS] }, {});
    await cordonOn(stage);
    expect(Object.keys(nodes.updates[0] ?? {})).toEqual([
      'resourceVersion',
      'unschedulable',
      'annotations',
    ]);
  });
});

test('G6: orderReboot keeps what the record remembers of the labels', async () => {
  const { stage, nodes } = onStage({
    unschedulable: true,
    annotations: recorded({ labels: CHANGES }),
  });
  expect(await stage.run(orderReboot, ASKED)).toMatchObject({ kind: 'ordered' });
  expect(readRollout(nodes.at('n1').annotations[ANNOTATION.rollout])).toMatchObject({
    value: { phase: 'rebooting', labels: CHANGES },
  });
});

/** A node this run has cordoned. */
const takenOn = (labels: Record<string, string>, facts: Partial<FakeNode> = {}, pool?: object) => {
  const record = { ...RECORD, labels: CHANGES };
  const node = { unschedulable: true, annotations: recorded(record), labels, ...facts };
  const { stage, nodes } = onStage(node, pool);
  const asked = { node: 'n1', pool: 'workers', record };
  return {
    nodes,
    undo: () =>
      stage.run(undoNode, { ...asked, why: 'gate', because: 'the window closed', trouble: false }),
    restore: (over: object = {}) =>
      stage.run(restoreNode, { ...asked, stillRequired: false, ...over }),
  };
};
const TAKEN = { pool: 'workers', ...BEFORE };
const BACK = { bootId: 'boot-2', readySinceMs: 1_000 };

describe('undoNode', () => {
  test('G6: leaves the labels as they were found, in the update that uncordons', async () => {
    const { nodes, undo } = takenOn(TAKEN);
    await undo();
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.at('n1').labels).toEqual({ pool: 'workers', state: 'serving' });
  });
});

describe('restoreNode', () => {
  test('sets the labels of the time after; another that was set before stays, as in kured', async () => {
    const { nodes, restore } = takenOn(TAKEN, BACK);
    await restore();
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.at('n1').labels).toEqual({ pool: 'workers', state: 'serving', team: 'ops' });
  });

  test('sets them also on a node that is quarantined', async () => {
    const { nodes, restore } = takenOn(TAKEN, BACK);
    expect(await restore({ stillRequired: true })).toEqual({ kind: 'quarantined' });
    expect(nodes.at('n1').labels).toMatchObject(AFTER);
  });

  test('sets them also where a former version has taken the node, which knew of no labels', async () => {
    const { nodes, restore } = takenOn({ pool: 'workers' }, BACK);
    await restore({ record: RECORD });
    expect(nodes.at('n1').labels).toEqual({ pool: 'workers', ...AFTER });
  });

  test('sets them also on a node that was in no pool when its rollout began, and is in one again', async () => {
    const { nodes, restore } = takenOn(TAKEN, BACK);
    await restore({ pool: undefined });
    expect(nodes.at('n1').labels).toEqual({ pool: 'workers', state: 'serving', team: 'ops' });
  });

  test('G6: leaves the labels of a node that is in no pool as they were found', async () => {
    const { nodes, restore } = takenOn({ ...TAKEN, pool: 'other' }, BACK);
    await restore({ pool: undefined });
    expect(nodes.at('n1').labels).toEqual({ pool: 'other', state: 'serving' });
  });

  test.each([
    { name: 'whose pool has left the policy', over: { pool: 'gone' }, pool: POOL },
    { name: 'whose pool wants no labels any more', over: {}, pool: {} },
  ])('G6: leaves the labels of a node as they were found $name', async ({ over, pool }) => {
    const { nodes, restore } = takenOn(TAKEN, BACK, pool);
    await restore(over);
    expect(nodes.at('n1').labels).toEqual({ pool: 'workers', state: 'serving' });
  });

  test.each<{ name: string; facts: Partial<FakeNode> }>([
    { name: 'is not back', facts: {} },
    { name: 'is not ours', facts: { ...BACK, annotations: recorded({ workflowId: 'by-hand' }) } },
    { name: 'has been handed back before', facts: { ...BACK, annotations: {} } },
  ])('G6: touches no label of a node that $name', async ({ facts }) => {
    const { nodes, restore } = takenOn(TAKEN, facts);
    await restore();
    expect(nodes.at('n1').labels).toEqual(TAKEN);
  });
});

describe('taintWaiting', () => {
  test('puts the taint on beside others and says so in the annotation, in one update', async () => {
    const { stage, nodes } = onStage({ taints: [GPU] });
    await mark(stage);
    await mark(stage);
    expect(nodes.updates).toHaveLength(1);
    expect(nodes.at('n1')).toMatchObject(WAITING);
  });

  test('keeps a taint that somebody puts on while it does', async () => {
    const { stage, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.change('n1', { taints: [GPU] }));
    await mark(stage);
    expect(nodes.at('n1').taints).toEqual([GPU, OURS]);
  });

  test.each<{ name: string; facts: Partial<FakeNode>; pool: object }>([
    { name: 'of a pool that wants no taint any more', facts: {}, pool: {} },
    { name: 'that a rollout has', facts: { annotations: recorded() }, pool: POOL },
  ])('G6: does not taint a node $name', async ({ facts, pool }) => {
    const { stage, nodes } = onStage(facts, pool);
    await mark(stage);
    expect(nodes.updates).toEqual([]);
  });

  test('of a node that is gone does nothing', async () => {
    const { stage, nodes } = onStage();
    nodes.remove('n1');
    await mark(stage);
    expect(nodes.updates).toEqual([]);
  });
});

describe('G6: the taint is taken off', () => {
  test('by untaintWaiting, though somebody changes the node meanwhile', async () => {
    const { stage, nodes } = onStage(WAITING);
    nodes.meanwhile.push(() => nodes.change('n1', { labels: {} }));
    await stage.run(untaintWaiting, { node: 'n1' });
    isOff(stage);
    nodes.remove('n1');
    await stage.run(untaintWaiting, { node: 'n1' });
  });

  test('by the look that finds a gate closed, and by no other', async () => {
    const { stage, nodes } = onStage(WAITING);
    expect(await stage.run(evaluateGates, ASKED)).toMatchObject({ kind: 'open' });
    expect(nodes.updates).toEqual([]);
    const held = { ...marked, [ANNOTATION.hold]: 'disk swap' };
    nodes.change('n1', { annotations: held });
    expect(await stage.run(evaluateGates, ASKED)).toMatchObject({ kind: 'closed' });
    isOff(stage);
  });

  test('by the scan, once the rollout has ended that waited', async () => {
    const { stage, nodes } = onStage(WAITING);
    stage.temporal.running.add('node-rollout/n1');
    await stage.run(scanFleet, {});
    expect(nodes.updates).toEqual([]);
    stage.temporal.running.clear();
    await stage.run(scanFleet, {});
    isOff(stage);
    expect(stage.logged).toContain('taint of a wait that is over taken off');
  });

  test.each([
    { name: 'wants another', pool: { taint: 'other' } },
    { name: 'wants none any more', pool: {} },
  ])('by the scan, when the pool $name, though its rollout waits', async ({ pool }) => {
    const { stage } = onStage(WAITING, pool);
    stage.temporal.running.add('node-rollout/n1');
    await stage.run(scanFleet, {});
    isOff(stage);
  });
});
