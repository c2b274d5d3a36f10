import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../ask.ts';

/** `npm run lab` in one terminal, and a person who plays with it in another. */

const MAIN = fileURLToPath(new URL('../../lab/main.ts', import.meta.url));

let dir: string;
let first: ChildProcess;
let said = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-control-test-'));
  const sizes = ['--nodes', '2', '--reboot', '0', '--pods-per-node', '1', '--down-for', '1s'];
  first = spawn(process.execPath, [MAIN, ...sizes, '--dir', join(dir, 'lab')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  first.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes('second terminal')) {
    if (first.exitCode !== null) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}, 1_800_000);
afterAll(async () => {
  if (first.exitCode === null) {
    first.kill('SIGKILL');
    await once(first, 'exit');
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

/** Waits until the first terminal has shown it, after `from` where that is given. */
const says = (words: RegExp, from = 0): Promise<unknown> =>
  until(
    async () => said.slice(from),
    (text) => words.test(text),
  );

/** What the second terminal shows. */
const second = (...words: readonly string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    const argv = [MAIN, ...words, '--dir', join(dir, 'lab')];
    execFile(process.execPath, argv, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });

/** The process of the lab's Temporal, as a person finds it with ps. */
async function temporalPid(): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('server\0start-dev') && line.includes(dir)) return Number(pid);
  }
  throw new Error('there is no Temporal');
}

test('a lab that is played with goes on: a fault, a machine that is powered on, a worker and a Temporal that go and come', async () => {
  expect(await second('power-on', 'worker-1')).toEqual({ code: 1, text: 'worker-1 is not away\n' });
  expect(await second('fault', 'worker-9=none')).toMatchObject({ code: 1 });
  expect((await second('fault', 'worker-1=never-returns')).code).toBe(0);

  expect((await second('stop', 'worker')).code).toBe(0);
  expect((await second('stop', 'temporal')).code).toBe(0);
  await says(/worker-1 \?.*Temporal does not answer/);
  expect((await second('start', 'temporal')).code).toBe(0);
  expect((await second('start', 'worker')).code).toBe(0);

  const from = said.length;
  process.kill(await temporalPid(), 'SIGKILL');
  await says(/temporal ended .*starting it again[^]*temporal is ready/, from);

  const [, sentinel = ''] = /touch (.*)\n/.exec(said) ?? [];
  await writeFile(sentinel.replace('worker-2', 'worker-1'), '');
  await says(/worker-1 rebooting/, from);
  await until(
    () => second('power-on', 'worker-1'),
    ({ code }) => code === 0,
  );
  await says(/worker-1 rebooted, 1 reboot/, from);

  first.kill('SIGINT');
  expect(await once(first, 'exit')).toEqual([0, null]);
  const [, picture = ''] = /what happened to each node is drawn in (.*)\n$/.exec(said) ?? [];
  expect(await readFile(picture, 'utf8')).toContain('worker-1: back and settling');
}, 600_000);
