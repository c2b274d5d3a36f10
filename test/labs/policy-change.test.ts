import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sayGate } from '../../domain/gates/names.ts';
import type { RolloutStatus } from '../../domain/status.ts';
import { until } from '../ask.ts';
import { openWindow } from '../open-window.ts';
import { closedGatesOf, RolloutScene } from './rollout-scene.ts';

/** The policy is edited, or a window opened, while rollouts wait that nothing else would wake: the scan sleeps, and so does every look. */

const REBOOT = { orderExpires: '30s', stableFor: '1s', perDay: 100 };

const dayFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const FREEZE = { from: dayFromNow(-1), to: dayFromNow(2), because: 'year end' };
const CHANGE = { for: '1h', by: 'ann', reason: 'CHG0042' };

let scene: RolloutScene;
beforeAll(async () => {
  scene = await RolloutScene.open({
    nodes: 5,
    env: { LOCKKEEPER_POLL_AGAIN: '12h' },
    pools: {
      shut: { windows: [], reboot: REBOOT },
      former: { reboot: REBOOT },
      asked: { windows: [], freezes: [FREEZE], reboot: REBOOT },
    },
  });
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const waitsFor = (status: RolloutStatus): string[] => closedGatesOf(status).map(sayGate);

async function started(pool: string, node: string) {
  await scene.moveTo(pool, node);
  await scene.askForReboot(node);
  return await scene.startByHand(node);
}

test('a rollout that waits for a window moves on as soon as the policy has one', async () => {
  const rollout = await started('shut', 'worker-1');
  const before = await until(
    () => scene.status(rollout),
    (status) => waitsFor(status).includes('window: its pool has no window'),
  );
  await scene.changePolicy((pools) => {
    for (const pool of pools) if (pool.name === 'shut') pool.windows = [{ always: true }];
  });
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  const after = await scene.status(rollout);
  expect([before.policy, after.policy]).toEqual([
    expect.stringMatching(/^[0-9a-f]{12}$/),
    expect.stringMatching(/^[0-9a-f]{12}$/),
  ]);
  expect(after.policy).not.toBe(before.policy);
});

test('rollouts of a pool that is renamed go on in the new one: from the queue, and from the gates', async () => {
  const [inQueue, atGates] = ['worker-2', 'worker-3'];
  const queued = await started('former', inQueue);
  await scene.result(queued);
  await scene.lockOf('former').signal('pause', { reason: 'a test' });
  await scene.askForReboot(inQueue);
  const rollout = await scene.startByHand(inQueue);
  await until(
    () => scene.lockStatus('former'),
    ({ queue }) => queue.length === 1,
  );
  await scene.patchNode(atGates, {
    metadata: { annotations: { 'lockkeeper.io/hold': 'a test' } },
  });
  const held = await started('former', atGates);
  await until(
    () => scene.status(held),
    (status) => waitsFor(status).includes('hold: held: a test'),
  );

  await scene.changePolicy((pools) => {
    for (const pool of pools) if (pool.name === 'former') pool.name = 'renamed';
  });
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(await scene.status(rollout)).toMatchObject({ pool: 'renamed' });
  await until(
    () => scene.status(held),
    ({ pool }) => pool === 'renamed',
  );
  expect((await scene.lockStatus('former')).queue).toEqual([]);
  const { searchAttributes } = await held.describe();
  expect(searchAttributes).toMatchObject({ LockkeeperPool: ['renamed'] });

  await scene.patchNode(atGates, { metadata: { annotations: { 'lockkeeper.io/hold': null } } });
  await held.signal('retry');
  expect(await scene.result(held)).toMatchObject({ outcome: 'rebooted' });
});

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;

test('a node is rebooted in a window that a person opens, but not in a freeze unless that is said too', async () => {
  const node = 'worker-4';
  const rollout = await started('asked', node);
  const untilItSays = (part: string) =>
    until(
      () => scene.status(rollout),
      (status) => waitsFor(status).some((reason) => reason.includes(part)),
    );
  await untilItSays('window: its pool has no window');
  await openWindow(scene.client, 'asked', CHANGE);
  await untilItSays(': year end)');
  expect(boots(node)).toBe(1);

  const { says } = await openWindow(scene.client, 'asked', { ...CHANGE, despiteFreeze: true });
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(boots(node)).toBe(2);
  expect(says).toContain((await scene.status(rollout)).window);
});

test('G2: a window that a person closes in mid-drain hands the node back', async () => {
  const node = 'worker-5';
  const { evidence } = scene.lab.fleet;
  await openWindow(scene.client, 'asked', { ...CHANGE, despiteFreeze: true });
  await scene.forbidEvictions(node);
  const rollout = await started('asked', node);
  await evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await scene.lockOf('asked').executeUpdate('closeWindow', { args: [{ by: 'ann' }] });
  await evidence.until(node, 'handed back', ({ unschedulable }) => !unschedulable);
  await until(
    () => scene.status(rollout),
    (status) => waitsFor(status).includes('window: its pool has no window'),
  );
  expect(boots(node)).toBe(1);

  await scene.allowEvictions();
  await openWindow(scene.client, 'asked', { ...CHANGE, despiteFreeze: true });
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
});
