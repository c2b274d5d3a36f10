import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Machine } from '../../lab/vm/qemu.ts';
import { machines } from './machines.ts';
import { MachineScene, PACKAGE, PATIENCE_MS } from './scene.ts';

/** A cluster of one node, which is a real machine, with Lockkeeper as the README installs it. */

const { run, why, note } = await machines();
const NODE = 'machine-1';
const { signal } = new AbortController();
let scene: MachineScene;
let machine: Machine;

beforeAll(async () => {
  if (why !== undefined) return;
  scene = await MachineScene.open('alone');
  machine = await scene.add({ name: NODE });
  await scene.deployShop({ replicas: 1, budget: { maxUnavailable: 1 } });
  await scene.install();
}, 3 * PATIENCE_MS);
afterAll(async () => scene?.close(), PATIENCE_MS);

run(
  `G2, G3, G4: a machine that runs worker and Temporal is drained, reboots itself once, and everything is as it was${note}`,
  async () => {
    const [before, worker] = [await machine.bootId(signal), await scene.worker()];
    await machine.requireReboot(PACKAGE, signal);
    const condition = await scene.condition(NODE, 'RebootRequired', (c) => c.status === 'True');
    expect(condition).toMatchObject({ reason: 'SentinelPresent', message: PACKAGE });

    const { evidence } = scene.lab;
    await evidence.until(NODE, 'cordoned', (node) => node.unschedulable, PATIENCE_MS);
    await evidence.until(NODE, 'a new boot', (node) => node.bootId !== before, PATIENCE_MS);
    const back = await evidence.until(
      NODE,
      'Ready and uncordoned',
      (node) => node.bootId !== before && node.ready && !node.unschedulable,
      PATIENCE_MS,
    );
    const after = await machine.bootId(signal);
    expect(back.bootId).toBe(after);
    expect(evidence.bootIds(NODE)).toEqual([before, after]);

    const { result } = await scene.story(NODE);
    expect(result).toMatchObject({ outcome: 'rebooted', bootIdBefore: before, bootIdAfter: after });
    // The pod that was evicted has ended as it wanted to, before the machine went down; the next is in the next boot.
    await scene.shopReady(1);
    expect(await scene.shopDiary(machine)).toEqual([
      `${before} began`,
      `${before} closing`,
      `${before} closed`,
      `${before} ended`,
      `${after} began`,
    ]);
    // Worker and Temporal are the pod they were, and have come up with their machine.
    const workerAfter = await scene.worker();
    expect(workerAfter.metadata.uid).toBe(worker.metadata.uid);
    await scene.lab.witness.assertClean();
  },
  4 * PATIENCE_MS,
);
