import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard, type Guard } from './guard.ts';
import { manageProcess, type ManagedProcess, type ProcessSpec } from './process.ts';

const { signal } = new AbortController();
let dir: string;
let guard: Guard;
let deaths: string[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-process-'));
  guard = startGuard();
  deaths = [];
});
afterEach(async () => {
  guard.close();
  await rm(dir, { recursive: true, force: true });
});

/** A shell script; it is ready when it has said so in its log. */
function aProcess(script: string, spec: Partial<ProcessSpec> = {}): ManagedProcess {
  const logPath = join(dir, 'log');
  const isReady = async (): Promise<boolean> => (await readFile(logPath, 'utf8')).includes('ready');
  const full = { name: 'it', command: '/bin/sh', args: ['-c', script], logPath, isReady, ...spec };
  return manageProcess(full, { guard, onDeath: (line) => deaths.push(line) });
}

/** A zombie is not alive: where nobody reaps orphans, they stay in the table. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

describe('a process of the lab', () => {
  test('is killed, children included, when it does not heed SIGTERM', async () => {
    const it = aProcess("trap '' TERM; sleep 60 & echo child $! ready; wait; wait");
    await it.start(signal);
    const child = Number(/child (\d+)/.exec(await readFile(join(dir, 'log'), 'utf8'))?.[1]);
    expect(isAlive(child)).toBe(true);
    await it.stop(100);
    expect(isAlive(child)).toBe(false);
  });

  test('that is frozen is stopped all the same', async () => {
    const it = aProcess('echo ready; sleep 60');
    await it.start(signal);
    it.freeze();
    await it.stop();
    expect(it.running).toBe(false);
  });

  test('that ends while it starts is reported by the start, in one line with its last words', async () => {
    const it = aProcess('echo no such thing; exit 3');
    await expect(it.start(signal)).rejects.toThrow(
      /^it ended \(exit code 3\); it last said: no such thing \(log: .*\)$/,
    );
    expect(deaths).toEqual([]);
  });

  test('that ends by itself is reported, one that is stopped is not', async () => {
    const it = aProcess('echo ready; read line < /dev/null; sleep 0.2; exit 4');
    await it.start(signal);
    while (deaths.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(deaths[0]).toMatch(/^it ended \(exit code 4\)/);
    const other = aProcess('echo ready; sleep 60');
    await other.start(signal);
    await other.stop();
    expect(deaths).toHaveLength(1);
  });
});
