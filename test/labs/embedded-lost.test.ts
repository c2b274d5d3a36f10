import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { rolloutId } from '../../domain/names.ts';
import { embeddedDatabase } from '../../lab/cluster/embedded.ts';
import { onPath } from '../../lab/tools/find.ts';
import { startTemporal } from '../../lab/worker-node.ts';
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
    free: facts(node)?.rollout === undefined && !facts(node)?.hasLifecycle,
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
    // Its node may go down for its reboot just now.
    await startTemporal(cluster);
  }
  for (const [node, boots] of before) await untilBack(node, boots + 1);
}, 600_000);

/** Only root may mount a volume. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** Mounts a new volume of so many bytes at the directory. */
type Mount = (dir: string, bytes: number) => Promise<unknown>;

const inMemory: Mount = (dir, bytes) =>
  run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]);

/** Where this machine has loop devices, and what makes a file system. */
const withDisk =
  existsSync('/dev/loop-control') && (await onPath('mkfs.ext4')) !== undefined ? asRoot : test.skip;

const imageOf = (dir: string): string => `${dir}.ext4`;
const mountDisk = (dir: string) =>
  run('mount', ['-o', 'loop,errors=remount-ro', imageOf(dir), dir]);

/** Can only be read from an error of the disk on, by those too who have its files open; with room for the init program. */
const onDisk: Mount = async (dir, bytes) => {
  await writeFile(imageOf(dir), '');
  await truncate(imageOf(dir), bytes + 64 * 1024 ** 2);
  await run('mkfs.ext4', ['-q', imageOf(dir)]);
  await mountDisk(dir);
};

/** What the kernel does when it finds the file system damaged. */
async function failDisk(dir: string): Promise<void> {
  const { stdout } = await run('findmnt', ['--noheadings', '--output', 'SOURCE', dir]);
  await writeFile(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, 'a test');
}

/** In place of the directory, with its files in it, and a megabyte more. */
async function mountOver(dir: string, mount: Mount): Promise<void> {
  const files = new Map<string, Buffer>();
  for (const file of await readdir(dir)) files.set(file, await readFile(join(dir, file)));
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 1024 ** 2);
  await mount(dir, bytes);
  // As the server leaves them.
  for (const [file, content] of files) await writeFile(join(dir, file), content, { flush: true });
}

/** Starts what nobody works on. */
const startFiller = (count: number) =>
  scene.client.workflow.start('nothing', {
    workflowId: `filler/${count}`,
    taskQueue: 'nobody',
    args: ['x'.repeat(50_000)],
  });

/** Does so until the server can write no more: there is room in the files that are there already. */
async function fillUp(): Promise<void> {
  for (let count = 0; ; count += 1) await startFiller(count);
}

const runOf = async (node: string): Promise<string> =>
  (await scene.client.workflow.getHandle(rolloutId(node)).describe()).runId;

/** Does that with a node in mid-drain, and with the database on a volume of its own, and sees the same run through. */
async function inMidDrain(mount: Mount, happens: (dir: string) => Promise<void>): Promise<void> {
  const { cluster, fleet } = scene.lab;
  const node = 'worker-1';
  const boots = fleet.bootIds(node).length;
  const dir = dirname(embeddedDatabase(cluster.dir));
  await cluster.kill('temporal');
  await mountOver(dir, mount);
  try {
    await cluster.start('temporal');
    await scene.forbidEvictions(node);
    await scene.askForReboot(node);
    await until(() => isStarted(node), Boolean);
    await fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    const rollout = await runOf(node);
    await happens(dir);
    await scene.allowEvictions();
    await untilBack(node, boots + 1);
    expect(await runOf(node)).toBe(rollout);
  } finally {
    await cluster.kill('temporal');
    await run('umount', [dir]);
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
    inMidDrain(inMemory, async (dir) => {
      const filler = join(dir, 'filler');
      await expect(writeFile(filler, Buffer.alloc(2 * 1024 ** 2))).rejects.toThrow(/ENOSPC/);
      expect(seeTo(embeddedDatabase(scene.lab.cluster.dir))).toEqual(refusal(/ has 0 MB left/));
      await expect(fillUp()).rejects.toThrow();
      await rm(filler);
    }),
  600_000,
);

withDisk(
  'G7: the volume can only be read for a while, in mid-drain: under the server, and when it starts',
  () =>
    inMidDrain(onDisk, async (dir) => {
      const { cluster } = scene.lab;
      const log = () => readFile(join(cluster.logsDir, 'temporal.log'), 'utf8');
      const { length } = await log();
      await failDisk(dir);
      await expect(startFiller(0)).rejects.toThrow();
      expect((await log()).slice(length)).toContain('disk I/O error');
      // What its probe asks, so that nobody ends it.
      await scene.client.workflowService.getSystemInfo({});
      await cluster.kill('temporal');
      // As the kubelet starts one container again: the init container is not asked.
      await expect(cluster.start('temporal')).rejects.toThrow(/readonly database/);

      await run('umount', [dir]);
      await mountDisk(dir);
      await run('mount', ['-o', 'remount,ro', dir]);
      expect(seeTo(embeddedDatabase(cluster.dir))).toEqual(refusal(/EROFS: read-only file system/));
      await run('mount', ['-o', 'remount,rw', dir]);
      expect(seeTo(embeddedDatabase(cluster.dir))).toMatchObject({ mayStart: true });
      await cluster.start('temporal');
    }),
  600_000,
);
