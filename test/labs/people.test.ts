import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/** What people do to a fleet that is being rolled: change the policy, start twice, end what they should not. */

const LIVE = ['worker-1', 'worker-2', 'worker-3', 'worker-4', 'worker-5', 'worker-6'];

let scene: RolloutScene;
beforeAll(async () => {
  const quick = { orderExpires: '30s', stableFor: '1s', perDay: 100 };
  scene = await RolloutScene.open({
    nodes: 9,
    pools: { live: { reboot: quick }, left: { reboot: quick } },
  });
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;

const changeBudget = (to: number): Promise<void> =>
  scene.changePolicy((pools) => {
    for (const pool of pools) if (pool.name === 'live') pool.maxUnavailable = to;
  });

const takenIn = (pool: string): string[] =>
  scene.nodesOf(pool).flatMap(({ name, rollout }) => (rollout ? [name] : []));

test('G1: a budget changed from 1 to 3 and back to 1 counts at once, in both directions', async () => {
  await scene.moveTo('live', ...LIVE);
  await scene.forbidEvictions(...LIVE);
  const rollouts: WorkflowHandle[] = [];
  for (const node of LIVE) {
    await scene.askForReboot(node);
    rollouts.push(await scene.startByHand(node));
  }
  await until(
    async () => takenIn('live'),
    ({ length }) => length === 1,
  );
  await changeBudget(3);
  await until(
    async () => takenIn('live'),
    ({ length }) => length === 3,
  );
  await changeBudget(1);
  await until(
    () => scene.lockStatus('live'),
    ({ because }) => because?.startsWith('3 of at most 1') === true,
  );
  await scene.allowEvictions();
  for (const rollout of rollouts) {
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  }
  expect(scene.mostNodesOut()).toBe(3);
  expect(LIVE.map(boots)).toEqual([2, 2, 2, 2, 2, 2]);
}, 300_000);

test('G4: two rollouts of one node under different ids reboot it once', async () => {
  const node = 'worker-7';
  await scene.askForReboot(node);
  const mine = await scene.startByHand(node);
  const other = await scene.client.workflow.start('nodeRollout', {
    workflowId: 'by-hand',
    taskQueue: 'lockkeeper',
    args: [{ node }],
  });
  const outcomes = [await scene.result(mine), await scene.result(other)].map(
    ({ outcome }) => outcome,
  );
  expect(outcomes.toSorted()).toEqual(['nothing-to-do', 'rebooted']);
  expect(boots(node)).toBe(2);
});

describe('a rollout that is ended from outside', () => {
  test('G1: keeps its place while its node is out, until the next run has handed it back', async () => {
    const [node, next] = ['worker-8', 'worker-9'];
    await scene.moveTo('left', node, next);
    await scene.forbidEvictions(node);
    await scene.askForReboot(node);
    const first = await scene.startByHand(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await first.terminate('a test');
    await scene.askForReboot(next);
    const second = await scene.startByHand(next);
    await until(
      () => scene.lockStatus('left'),
      ({ because }) => because?.includes(`${node} is in the middle of a rollout`) === true,
    );
    expect(boots(next)).toBe(1);
    await scene.allowEvictions();
    const again = await scene.startByHand(node);
    expect(await scene.result(again)).toMatchObject({ outcome: 'rebooted' });
    expect(await scene.result(second)).toMatchObject({ outcome: 'rebooted' });
  });

  test('leaves a permit that was not used, which lapses by itself', async () => {
    const [node, next] = ['worker-8', 'worker-9'];
    await scene.askForReboot(node);
    await scene.lockOf('left').signal('pause', { reason: 'a test' });
    const first = await scene.startByHand(node);
    await until(
      () => scene.lockStatus('left'),
      ({ queue }) => queue.length === 1,
    );
    // Granted, and gone before it can cordon: nothing is left on the node.
    await scene.lab.worker.kill();
    await scene.lockOf('left').signal('resume');
    await first.terminate('a test');
    await scene.lab.worker.start();
    await scene.lab.fleet.machine(node).withdrawRequest();
    await scene.askForReboot(next);
    const second = await scene.startByHand(next);
    expect(await scene.result(second)).toMatchObject({ outcome: 'rebooted' });
    expect(boots(node)).toBe(2);
  });
});

test('G7: a rollout that is reset in mid-drain starts over from what it sees, and reboots once', async () => {
  const node = 'worker-7';
  const before = boots(node);
  await scene.forbidEvictions(node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await scene.reset(rollout.workflowId);
  await scene.allowEvictions();
  const again = scene.client.workflow.getHandle(rollout.workflowId);
  expect(await scene.result(again)).toMatchObject({ outcome: 'rebooted' });
  expect(boots(node)).toBe(before + 1);
});
