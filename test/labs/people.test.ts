import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ANNOTATION, writeAttempts } from '../../domain/node-contract.ts';
import { eventually, RolloutScene } from './rollout-scene.ts';

/** What people do to a fleet that is being rolled: change the policy, start twice, end what they should not. */

const LIVE = ['worker-1', 'worker-2', 'worker-3', 'worker-4', 'worker-5', 'worker-6'];

let scene: RolloutScene;
beforeAll(async () => {
  const quick = { orderExpires: '30s', stableFor: '1s', perDay: 100 };
  scene = await RolloutScene.open({
    nodes: 9,
    pools: { live: { reboot: quick }, orphans: { reboot: quick }, lost: { reboot: quick } },
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
  await eventually(
    async () => takenIn('live'),
    ({ length }) => length === 1,
  );
  await changeBudget(3);
  await eventually(
    async () => takenIn('live'),
    ({ length }) => length === 3,
  );
  await changeBudget(1);
  await eventually(
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
    await scene.moveTo('orphans', node, next);
    await scene.forbidEvictions(node);
    await scene.askForReboot(node);
    const first = await scene.startByHand(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await first.terminate('a test');
    await scene.askForReboot(next);
    const second = await scene.startByHand(next);
    await eventually(
      () => scene.lockStatus('orphans'),
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
    await scene.lockOf('orphans').signal('pause', { reason: 'a test' });
    const first = await scene.startByHand(node);
    await eventually(
      () => scene.lockStatus('orphans'),
      ({ queue }) => queue.length === 1,
    );
    // Granted, and gone before it can cordon: nothing is left on the node.
    await scene.lab.worker.kill();
    await scene.lockOf('orphans').signal('resume');
    await first.terminate('a test');
    await scene.lab.worker.start();
    await scene.lab.fleet.machine(node).withdrawRequest();
    await scene.askForReboot(next);
    const second = await scene.startByHand(next);
    expect(await scene.result(second)).toMatchObject({ outcome: 'rebooted' });
    expect(boots(node)).toBe(2);
  });
});

test('G1, G5: a lock that is terminated is started anew by who waits, and goes by what the nodes show', async () => {
  const [node, next, failed] = ['worker-8', 'worker-9', 'worker-7'];
  await scene.moveTo('lost', node, next, failed);
  await scene.forbidEvictions(node);
  const { timeline } = scene.lab.fleet.evidence;
  const bootsBefore = boots(next);
  const begun = timeline.length;
  const rollouts: WorkflowHandle[] = [];
  for (const name of [node, next]) {
    await scene.askForReboot(name);
    rollouts.push(await scene.startByHand(name));
  }
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await scene.lockOf('lost').terminate('a test');
  // As a rollout that has failed leaves its node, when the lock could no longer be told; so long ago that it need not rest.
  const trouble = 'shop/web-1: disruption budget never';
  const lastAtMs = Date.now() - 86_400_000;
  const attempts = writeAttempts({
    reboots: [],
    failed: { count: 1, lastAtMs, because: trouble },
    trouble: { because: trouble, atMs: lastAtMs },
  });
  await scene.patchNode(failed, { metadata: { annotations: { [ANNOTATION.attempts]: attempts } } });
  await scene.askForReboot(failed);
  rollouts.push(await scene.startByHand(failed));
  // The terminated one still answers, but says nothing of itself.
  await eventually(
    () => scene.lockStatus('lost'),
    ({ because }) => because?.startsWith('a former lock of pool lost was ended') === true,
  );
  const { troubles } = await eventually(
    () => scene.lockStatus('lost'),
    (status) => status.troubles.length > 0,
  );
  expect(troubles).toMatchObject([{ node: failed, because: trouble }]);
  expect(boots(next)).toBe(bootsBefore);
  await scene.allowEvictions();
  for (const rollout of rollouts) {
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  }
  // Although it has asked last: in a halted pool only the node that is the trouble may try again.
  const taken = timeline.slice(begun).filter(({ unschedulable }) => unschedulable);
  expect([...new Set(taken.map((sight) => sight.node))]).toEqual([node, failed, next]);
}, 300_000);

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
