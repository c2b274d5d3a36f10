import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { WatchedRule } from '../../lab/witness/contract.ts';
import { lab } from './lab.ts';
import { WitnessScene, type PlayedNode } from './witness-scene.ts';

let scene: WitnessScene;
let limits: { maxUnavailable: number | string };
let nodes: PlayedNode[];
let node: PlayedNode;
let other: PlayedNode;

beforeEach(async () => {
  limits = { maxUnavailable: 1 };
  scene = await WitnessScene.open(lab(), limits);
  nodes = await scene.addNodes(3);
  [node, other] = nodes as [PlayedNode, PlayedNode];
});
afterEach(async () => {
  await scene.close();
});

/** Longer than a change may have escaped the worker. */
const unmistakably = async () => pause(2_500);

async function expectBroken(rule: WatchedRule, sentence: RegExp): Promise<void> {
  await expect(scene.witness.assertClean()).rejects.toThrow(sentence);
  expect(scene.witness.violations.map((violation) => violation.rule)).toEqual([rule]);
}

async function rollOut(): Promise<void> {
  await node.take();
  await node.order();
  await node.accept();
  await node.ready(false);
  await node.boot();
  await node.ready(true);
  await node.handBack();
}

describe('a rollout as it should be', () => {
  test('is nothing to the witness, with a pod that may stay and a person who has just cordoned another node', async () => {
    await scene.addPod(node, 'DaemonSet');
    const pod = await scene.addPod(node);
    await other.write(scene.admin, { unschedulable: true });
    await node.take();
    await scene.evict(pod);
    await scene.admin.delete(`/api/v1/namespaces/default/pods/${pod}?gracePeriodSeconds=0`);
    await node.order();
    await node.accept();
    await node.boot();
    await node.handBack();
    await scene.witness.finish();
    expect(scene.witness.violations).toEqual([]);
  });

  test('is nothing to the witness twice in a row, nor with the power cut when it was announced', async () => {
    await rollOut();
    await rollOut();
    scene.witness.expectReboot(node.name);
    await node.boot();
    await scene.witness.finish();
  });
});

describe('a broken Lockkeeper is caught when', () => {
  test('G1: it takes a second node while it has one', async () => {
    await node.take();
    await other.take();
    await expectBroken('G1', /although 1 of at most 1 .* were out: .* is in a rollout since/);
  });

  test('G1: it takes a node while another has been NotReady', async () => {
    await other.ready(false);
    await unmistakably();
    await node.take();
    await expectBroken('G1', /is NotReady since/);
  });

  test('G1: it takes more than a budget that has been raised', async () => {
    limits.maxUnavailable = 2;
    await node.take();
    await other.take();
    await scene.witness.assertClean();
    await nodes[2]?.take();
    await expectBroken('G1', /although 2 of at most 2/);
  });

  test('G2: it orders a reboot with a pod on the node', async () => {
    const pod = await scene.addPod(node);
    await unmistakably();
    await node.take();
    await unmistakably();
    await node.order();
    await expectBroken('G2', new RegExp(`while on it were default/${pod}`));
  });

  test('G2: it orders a reboot of a node that somebody has uncordoned', async () => {
    await node.take();
    await node.write(scene.admin, { unschedulable: false });
    await node.order();
    await expectBroken('G2', /while it was not cordoned/);
  });

  test('G2: another run than the one that has the node orders', async () => {
    await node.take();
    await node.order({ rollout: `${node.run.workflowId}/run-2` });
    await expectBroken('G2', /by .*run-2, but its record says .*run-1/);
  });

  test('G4: a machine reboots without an order', async () => {
    await node.take();
    await node.boot();
    await expectBroken('G4', /without an accepted order/);
  });

  test('G4: one order brings two boots', async () => {
    await node.take();
    await node.order();
    await node.accept();
    await node.boot();
    await node.boot();
    await expectBroken('G4', /without an accepted order/);
  });

  test('G4: an agent accepts what has expired', async () => {
    const expiresAtMs = Date.now() + 1_000;
    await node.take();
    await node.order({ expiresAtMs });
    await pause(1_100);
    await node.accept();
    await expectBroken('G4', /accepted an order that had expired/);
  });

  test('G4: an accepted order is withdrawn', async () => {
    await node.take();
    await node.order();
    await node.accept();
    await node.write(scene.worker, { annotations: { [ANNOTATION.order]: null } });
    await expectBroken('G4', /was withdrawn after it had been accepted/);
  });

  test('G6: it lifts the cordon of a person', async () => {
    await node.write(scene.admin, { unschedulable: true });
    await node.take(scene.worker, { cordonedByUs: false });
    await node.handBack();
    await expectBroken('G6', /although somebody else had cordoned it/);
  });

  test('G6: it forgets its cordon', async () => {
    await node.take();
    await node.handBack({ unschedulable: true });
    await expectBroken('G6', /was handed back cordoned/);
  });

  test('G6: it cordons again what a person has uncordoned', async () => {
    await node.take();
    await node.write(scene.admin, { unschedulable: false });
    await node.write(scene.worker, { unschedulable: true });
    await expectBroken('G6', /cordoned .* again, which admin had uncordoned/);
  });

  test('G6: it evicts from a node that it does not have', async () => {
    const pod = await scene.addPod(node);
    await scene.evict(pod);
    await expectBroken('G6', /which was not in its hands/);
  });

  test('G6: it leaves a condition behind', async () => {
    await node.take();
    const conditions = [{ type: 'DrainInProgress', status: 'True', reason: 'Lockkeeper' }];
    await scene.worker.patch(`${node.path}/status`, 'strategic', { status: { conditions } });
    await node.handBack();
    await scene.witness.assertClean();
    await expect(scene.witness.finish()).rejects.toThrow(/left the condition DrainInProgress/);
  });
});
