import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { embeddedDatabase } from '../../lab/cluster/embedded.ts';
import { seeTo } from '../../worker/embedded/database.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/** What becomes of rollouts when the database of the Temporal that is brought along is lost, or its server is cut off. */

const run = promisify(execFile);
let scene: RolloutScene;
beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 3, embedded: true });
}, 1_800_000);
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const facts = (node: string) => scene.lab.fleet.evidence.node(node);
/** Two minutes, for a worker looks every ten seconds whether its namespace is there, and a lock made anew waits. */
async function untilBack(node: string, boots: number): Promise<void> {
  const isBack = async (): Promise<object> => ({
    boots: scene.lab.fleet.bootIds(node).length,
    schedulable: facts(node)?.unschedulable === false,
    free: facts(node)?.rollout === undefined,
  });
  const back = { boots, schedulable: true, free: true };
  const look = () =>
    until(isBack, (seen) => JSON.stringify(seen) === JSON.stringify(back)).then(
      () => undefined,
      (error: unknown) => error,
    );
  const late = (await look()) && (await look()) && (await look());
  if (late) throw late as Error;
}

test('the database is deleted in mid-drain', async () => {
  const { cluster } = scene.lab;
  const node = 'worker-1';
  await scene.forbidEvictions(node);
  await scene.askForReboot(node);
  await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await cluster.kill('temporal');
  const volume = dirname(embeddedDatabase(cluster.dir));
  for (const file of await readdir(volume)) await rm(join(volume, file));
  await cluster.start('temporal');
  await scene.allowEvictions();
  await untilBack(node, 2);
}, 300_000);

const isStarted = (node: string): Promise<boolean> =>
  scene.startByHand(node).then(
    () => true,
    (error: unknown) => /already started/i.test(String(error)),
  );

test('G7: the server is killed fifty times while rollouts are under way', async () => {
  const { cluster, fleet } = scene.lab;
  const before = new Map(fleet.nodes.map((node) => [node, fleet.bootIds(node).length]));
  for (const node of fleet.nodes) {
    await scene.askForReboot(node);
    // The one before may just have taken the node that Temporal is on.
    await until(() => isStarted(node), Boolean);
  }
  for (let kills = 0; kills < 50; kills += 1) {
    await pause(Math.random() * 1_000);
    await cluster.kill('temporal');
    expect(seeTo(embeddedDatabase(cluster.dir))).toMatchObject({ mayStart: true });
    await cluster.start('temporal');
  }
  for (const [node, boots] of before) await untilBack(node, boots + 1);
}, 600_000);

/** Only root may mount a small volume. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** In place of the directory, with its files in it, and a megabyte more. */
async function onSmallVolume(dir: string): Promise<() => Promise<unknown>> {
  const files = new Map<string, Buffer>();
  for (const file of await readdir(dir)) files.set(file, await readFile(join(dir, file)));
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 1024 ** 2);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]);
  for (const [file, content] of files) await writeFile(join(dir, file), content);
  return () => run('umount', [dir]);
}

/** Starts what nobody works on, until the server can write no more: there is room in the files that are there already. */
async function fillUp(): Promise<void> {
  for (let count = 0; ; count += 1) {
    await scene.client.workflow.start('nothing', {
      workflowId: `filler/${count}`,
      taskQueue: 'nobody',
      args: ['x'.repeat(50_000)],
    });
  }
}

/** Does that with a node in mid-drain, and with the database on a volume of its own, and sees the node through. */
async function inMidDrain(onVolume: (dir: string) => Promise<void>): Promise<void> {
  const { cluster, fleet } = scene.lab;
  const node = 'worker-1';
  const boots = fleet.bootIds(node).length;
  const dir = dirname(embeddedDatabase(cluster.dir));
  await cluster.kill('temporal');
  const unmount = await onSmallVolume(dir);
  try {
    await cluster.start('temporal');
    await scene.forbidEvictions(node);
    await scene.askForReboot(node);
    await until(() => isStarted(node), Boolean);
    await fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await onVolume(dir);
    await scene.allowEvictions();
    await untilBack(node, boots + 1);
  } finally {
    await cluster.kill('temporal');
    await unmount();
  }
}

/** What the init container finds. */
const refusal = (because: RegExp) => ({
  mayStart: false,
  because: expect.stringMatching(because) as unknown,
});

asRoot(
  'G7: the volume is full for a while, in mid-drain',
  () =>
    inMidDrain(async (dir) => {
      const filler = join(dir, 'filler');
      await expect(writeFile(filler, Buffer.alloc(2 * 1024 ** 2))).rejects.toThrow(/ENOSPC/);
      expect(seeTo(embeddedDatabase(scene.lab.cluster.dir))).toEqual(refusal(/ has 0 MB left/));
      await expect(fillUp()).rejects.toThrow();
      await rm(filler);
    }),
  600_000,
);

asRoot(
  'G7: the volume can only be read for a while, in mid-drain',
  () =>
    inMidDrain(async (dir) => {
      const { cluster } = scene.lab;
      await cluster.kill('temporal');
      await run('mount', ['-o', 'remount,ro', dir]);
      expect(seeTo(embeddedDatabase(cluster.dir), 0)).toEqual(
        refusal(/EROFS: read-only file system/),
      );
      await run('mount', ['-o', 'remount,rw', dir]);
      await cluster.start('temporal');
    }),
  600_000,
);
