import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ANNOTATION, writeAttempts } from '../../domain/node-contract.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

let scene: RolloutScene;
beforeAll(async () => {
  const reboot = { orderExpires: '30s', stableFor: '1s', perDay: 100 };
  scene = await RolloutScene.open({ nodes: 3, pools: { lost: { reboot } } });
}, 1_800_000);
afterAll(async () => {
  await scene.close();
});

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;

test('G1, G5: a lock that is terminated is started anew by who waits, and goes by what the nodes show', async () => {
  const [node, next, failed] = ['worker-1', 'worker-2', 'worker-3'];
  await scene.moveTo('lost', node, next, failed);
  await scene.forbidEvictions(node);
  const { timeline } = scene.lab.fleet.evidence;
  const bootsBefore = boots(next);
  const begun = timeline.length;
  const rollouts: WorkflowHandle[] = [];
  const start = async (name: string): Promise<void> => {
    await scene.askForReboot(name);
    rollouts.push(await scene.startByHand(name));
  };
  await start(node);
  // Whoever is in the queue first goes first.
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await start(next);
  await until(
    () => scene.lockStatus('lost'),
    ({ queue }) => queue.length === 1,
  );
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
  await start(failed);
  // The terminated one still answers, but says nothing of itself.
  await until(
    () => scene.lockStatus('lost'),
    ({ because }) =>
      because?.startsWith('what a former lock of pool lost may have granted') === true,
  );
  const { troubles } = await until(
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
  await scene.lab.witness.assertClean();
}, 300_000);
