import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Machine } from '../../lab/vm/qemu.ts';
import { machines } from './machines.ts';
import { MachineScene, PACKAGE, PATIENCE_MS } from './scene.ts';

/**
 * The other two ways to reboot. Both go through systemd-logind, so the kubelet's graceful node shutdown ends every pod first. Where it
 * has still told so, the worker's comes back as another pod, on the only node, which is cordoned.
 */

const { run, why, note } = await machines();
const NODE = 'machine-1';
const { signal } = new AbortController();
let scene: MachineScene;
let machine: Machine;

beforeAll(async () => {
  if (why !== undefined) return;
  scene = await MachineScene.open('methods');
  machine = await scene.add({ name: NODE, shutdownGracePeriod: '60s' });
  for (const { path, text } of await filesOfTheHost()) await write(path, text);
  await machine.guest.run(
    'systemd-tmpfiles --create && systemctl enable --now lockkeeper-reboot.path',
    signal,
  );
  await scene.install({ ...reboot('file'), temporal: { embedded: { ui: { enabled: true } } } });
}, 3 * PATIENCE_MS);
afterEach(async () => scene?.lab.witness.assertClean(), PATIENCE_MS);
afterAll(async () => scene?.close(), PATIENCE_MS);

const reboot = (method: 'file' | 'command') => ({ agent: { reboot: { method } } });

/** The three files that docs/install.md has people put on their hosts. */
async function filesOfTheHost(): Promise<{ path: string; text: string }[]> {
  const page = await readFile(new URL('../../docs/install.md', import.meta.url), 'utf8');
  const blocks = page.matchAll(/^```\w*\n# (\/etc\/\S*lockkeeper-reboot\.\w+).*\n([^`]*)^```$/gm);
  const files = [...blocks].map(([, path = '', text = '']) => ({ path, text }));
  expect(files.map(({ path }) => path)).toEqual([
    '/etc/tmpfiles.d/lockkeeper-reboot.conf',
    '/etc/systemd/system/lockkeeper-reboot.path',
    '/etc/systemd/system/lockkeeper-reboot.service',
  ]);
  return files;
}

async function write(path: string, text: string): Promise<void> {
  await machine.guest.run(`cat > ${path} <<'END'\n${text}END`, signal);
}

async function rollOnce(): Promise<void> {
  const boot = await machine.bootId(signal);
  // By what it delays a shutdown.
  const delays = await machine.guest.run('systemd-inhibit --list --no-pager', signal);
  expect(delays).toMatch(/kubelet .*shutdown .*delay/);
  await machine.requireReboot(PACKAGE, signal);
  await scene.lab.evidence.until(
    NODE,
    'back in service from its reboot',
    ({ bootId, ready, unschedulable, rollout }) =>
      bootId !== boot && ready && !unschedulable && !rollout,
    2 * PATIENCE_MS,
  );
  expect((await scene.story(NODE)).result).toMatchObject({
    outcome: 'rebooted',
    bootIdBefore: boot,
    bootIdAfter: await machine.bootId(signal),
  });
}

run(`method file: without root, by a unit of the host${note}`, rollOnce, 3 * PATIENCE_MS);

run(
  `method command: systemctl reboot, run on the host${note}`,
  async () => {
    await machine.guest.run('systemctl disable --now lockkeeper-reboot.path', signal);
    await scene.upgrade(reboot('command'));
    await rollOnce();
  },
  3 * PATIENCE_MS,
);
