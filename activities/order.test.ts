import { describe, expect, test } from '@jest/globals';
import {
  ANNOTATION,
  readOrder,
  readRollout,
  writeAnswer,
  writeOrder,
} from '../domain/node-contract.ts';
import { orderReboot } from './order.ts';
import { aPod } from '../domain/a-pod.fixture.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const ASKED = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
const OURS = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1' };

/** A node this run has cordoned and drained. */
const onStage = (facts: Partial<FakeNode> = {}, pool: object = {}) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded(), ...facts });
  const { nodes, pods } = stage;
  return {
    stage,
    nodes,
    pods,
    order: (over: object = {}) => stage.run(orderReboot, { ...ASKED, ...over }),
  };
};

const orderOn = ({ nodes }: { nodes: Stage['nodes'] }) =>
  nodes.at('n1').annotations[ANNOTATION.order];

describe('orderReboot', () => {
  test('orders the reboot of this boot for this run, until the time the policy says', async () => {
    const scene = onStage({}, { reboot: { orderExpires: '90s' } });
    const answer = await scene.order();
    const written = readOrder(orderOn(scene));
    if (answer.kind !== 'ordered') throw new Error(answer.because);
    expect(written).toEqual({ ok: true, value: answer.order });
    expect(answer.order).toMatchObject(OURS);
    expect(answer.order.expiresAtMs).toBe(answer.orderedAtMs + 90_000);
    expect(readRollout(scene.nodes.at('n1').annotations[ANNOTATION.rollout])).toMatchObject({
      value: { phase: 'rebooting', cordonedByUs: true, bootIdBefore: 'boot-1' },
    });
  });

  test('shows it in the lifecycle conditions, on the events and in one line of the log', async () => {
    const { order, nodes, stage } = onStage();
    await order();
    expect(nodes.lifecycle).toEqual({
      DrainInProgress: false,
      Drained: true,
      MaintenanceInProgress: true,
    });
    expect(nodes.events).toEqual(['n1 Normal Rebooting: found empty; reboot ordered']);
    expect(stage.logged).toEqual(['reboot ordered']);
  });

  test('follows one policy to the end, and names it, when the file changes meanwhile', async () => {
    const { order, stage } = onStage();
    stage.changePolicyInMidStep({ windows: [] }, 'policy-2');
    expect(await order()).toMatchObject({ kind: 'ordered', policy: 'policy-1' });
    expect(await order()).not.toHaveProperty('policy');
  });

  test('sweeps an answer of former times away, which might pass for the answer to this order', async () => {
    const stale = writeAnswer({ ...OURS, verdict: 'accepted', because: 'ok', atMs: 5_000 });
    const { order, nodes } = onStage({
      annotations: { ...recorded(), [ANNOTATION.answer]: stale },
    });
    await order();
    expect(nodes.at('n1').annotations[ANNOTATION.answer]).toBeUndefined();
  });

  test('G7: repeating it answers with the order already there, and writes none', async () => {
    const scene = onStage();
    const first = await scene.order();
    const again = await scene.order();
    expect(again).toMatchObject({
      kind: 'ordered',
      order: first.kind === 'ordered' ? first.order : undefined,
    });
    expect(scene.nodes.updates).toHaveLength(1);
  });

  test('G7: repeating it after the reboot orders no second one', async () => {
    const scene = onStage();
    const first = await scene.order();
    scene.nodes.change('n1', { bootId: 'boot-2' });
    const again = await scene.order();
    expect(again).toMatchObject({
      kind: 'ordered',
      order: first.kind === 'ordered' ? first.order : undefined,
      // Whatever the kubelet has confirmed since the reboot counts, also before this attempt.
      orderedAtMs: 0,
    });
    expect(scene.nodes.updates).toHaveLength(1);
  });

  test('replaces an order of another run, which the agent would refuse', async () => {
    const foreign = writeOrder({ ...OURS, rollout: 'node-rollout/n1/run-0', expiresAtMs: 1 });
    const scene = onStage({ annotations: { ...recorded(), [ANNOTATION.order]: foreign } });
    expect(await scene.order()).toMatchObject({ kind: 'ordered', order: OURS });
  });
});

describe('G2: no order is written', () => {
  test.each<{ name: string; node?: Partial<FakeNode>; pool?: object; expected: object }>([
    {
      name: 'while somebody holds the node',
      node: { annotations: { ...recorded(), [ANNOTATION.hold]: 'disk is being replaced' } },
      expected: { kind: 'closed', because: 'hold: held: disk is being replaced' },
    },
    {
      name: 'outside of every window',
      pool: { windows: [] },
      expected: { kind: 'closed', because: 'window: its pool has no window' },
    },
    {
      name: 'for a node that wants no reboot any more',
      node: { report: { wants: 'not-required', message: '', heardAtMs: Date.now() } },
      expected: { kind: 'closed', because: 'required: no reboot is required' },
    },
    {
      name: 'for a node whose agent is silent',
      node: { report: { wants: 'required', message: '', heardAtMs: 0 } },
      expected: {
        kind: 'closed',
        because: 'agent: the agent has been silent since 1970-01-01T00:00:00.000Z',
      },
    },
    {
      name: 'for a node that has rebooted by itself, which would be its second reboot',
      node: { bootId: 'boot-2' },
      expected: { kind: 'closed', because: 'the node has rebooted since it was cordoned' },
    },
  ])('$name', async ({ node, pool, expected }) => {
    const scene = onStage(node, pool);
    expect(await scene.order()).toEqual({ ...expected, policy: 'policy-1' });
    expect(orderOn(scene)).toBeUndefined();
  });

  test('while a pod is there that may not be, and the pods are named', async () => {
    const scene = onStage();
    scene.pods.pods = [aPod('a'), aPod('b', { deletionTimestampMs: Date.now() })];
    expect(await scene.order()).toEqual({
      kind: 'not-empty',
      because: 'still on the node: shop/a (it has not been evicted), shop/b (it is terminating)',
      owners: ['shop/ReplicaSet/web'],
    });
    expect(orderOn(scene)).toBeUndefined();
  });

  test('but not for pods that their owner has put back often enough', async () => {
    const scene = onStage();
    scene.pods.pods = [aPod('a')];
    const cameBack = { 'shop/ReplicaSet/web': 2 };
    expect(await scene.order({ cameBack })).toMatchObject({ kind: 'not-empty' });
    expect(await scene.order({ cameBack: { 'shop/ReplicaSet/web': 3 } })).toMatchObject({
      kind: 'ordered',
    });
  });

  test('for them too where the policy would rather wait', async () => {
    const scene = onStage({}, { drain: { comesBack: 'wait' } });
    scene.pods.pods = [aPod('a')];
    const cameBack = { 'shop/ReplicaSet/web': 9 };
    expect(await scene.order({ cameBack })).toMatchObject({ kind: 'not-empty' });
  });

  test.each<{ name: string; node: Partial<FakeNode>; expected: object }>([
    {
      name: 'for a node that somebody has uncordoned',
      node: { unschedulable: false },
      expected: { type: 'cordon-lost', message: 'somebody uncordoned n1 in mid-rollout' },
    },
    {
      name: 'for a node another rollout has taken',
      node: { annotations: recorded({ workflowId: 'by-hand' }) },
      expected: { type: 'not-ours', message: 'node n1 has been taken by by-hand' },
    },
    {
      name: 'for a node that carries the mark of another run of the same rollout, as after a reset',
      node: { annotations: recorded({ runId: 'run-2' }) },
      expected: { type: 'run-changed', message: 'node n1 carries the mark of run run-2' },
    },
    {
      name: 'for a node whose record was removed',
      node: { annotations: {} },
      expected: {
        type: 'not-ours',
        message: 'the rollout annotation of n1 was removed or cannot be read',
      },
    },
  ])('$name', async ({ node, expected }) => {
    const scene = onStage(node);
    await expect(scene.order()).rejects.toMatchObject({ ...expected, nonRetryable: true });
    expect(orderOn(scene)).toBeUndefined();
  });

  test('for another node of the same name', async () => {
    const annotations = recorded({ nodeUid: 'first' });
    const { order } = onStage({ annotations, uid: 'second' });
    await expect(order({ nodeUid: 'first' })).rejects.toMatchObject({ type: 'node-gone' });
  });

  test('for a node that was deleted', async () => {
    const { order, nodes } = onStage();
    nodes.remove('n1');
    await expect(order()).rejects.toMatchObject({ type: 'node-gone' });
  });

  test.each<{ name: string; change: Partial<FakeNode>; outcome: object }>([
    {
      name: 'somebody uncordons it',
      change: { unschedulable: false },
      outcome: { type: 'cordon-lost' },
    },
    {
      name: 'somebody holds it',
      change: { annotations: { ...recorded(), [ANNOTATION.hold]: 'x' } },
      outcome: { kind: 'closed', because: 'hold: held: x' },
    },
    { name: 'it reboots', change: { bootId: 'boot-2' }, outcome: { kind: 'closed' } },
  ])('for a node looked at before $name', async ({ change, outcome }) => {
    const scene = onStage();
    scene.pods.meanwhile.push(() => scene.nodes.change('n1', change));
    const answer = await scene.order().catch((error: unknown) => error);
    expect(answer).toMatchObject(outcome);
    expect(orderOn(scene)).toBeUndefined();
  });
});

describe('an order is written all the same', () => {
  test('when only pods are there that may stay', async () => {
    const scene = onStage();
    scene.pods.pods = [
      aPod('cni', { owner: { kind: 'DaemonSet', name: 'cni' } }),
      aPod('static', { mirror: true }),
      aPod('job', { finished: true }),
    ];
    expect(await scene.order()).toMatchObject({ kind: 'ordered' });
  });

  test('when a person skips the gate that is closed', async () => {
    const scene = onStage({ annotations: { ...recorded(), [ANNOTATION.hold]: 'x' } });
    expect(await scene.order({ skip: ['hold'] })).toMatchObject({ kind: 'ordered' });
  });

  test('when a person wants a reboot that nothing asks for', async () => {
    const report = { wants: 'not-required', message: '', heardAtMs: Date.now() } as const;
    const scene = onStage({ report });
    expect(await scene.order({ evenIfNotRequired: true })).toMatchObject({ kind: 'ordered' });
  });
});
