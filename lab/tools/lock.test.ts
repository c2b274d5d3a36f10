import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';

const { signal } = new AbortController();
let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-lock-'));
  path = join(dir, 'kwok.lock');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the lock of a tool', () => {
  test('lets one work at a time, and tells the other who holds it', async () => {
    const story: string[] = [];
    const waits: string[] = [];
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const options = { path, signal, onWait: (holder: string) => waits.push(holder) };
    const first = withLock(options, async () => {
      story.push('first in');
      entered.resolve();
      await leave.promise;
      story.push('first out');
    });
    await entered.promise;
    const second = withLock(options, async () => void story.push('second in'));
    while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    leave.resolve();
    await Promise.all([first, second]);
    expect(story).toEqual(['first in', 'first out', 'second in']);
    expect(waits).toEqual([String(process.pid)]);
    expect(await readdir(dir)).toEqual([]);
  });

  test('of a process that is gone is taken over', async () => {
    await writeFile(path, `${spawnSync('true').pid} gone`);
    expect(await withLock({ path, signal, onWait: refuse }, () => Promise.resolve('done'))).toBe(
      'done',
    );
  });

  test('that nobody has touched for long is taken over, although its process id is in use', async () => {
    await writeFile(path, `${process.pid} of an earlier boot`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path, longAgo, longAgo);
    expect(await withLock({ path, signal, onWait: refuse }, () => Promise.resolve('done'))).toBe(
      'done',
    );
  });

  test('is given back when the work fails', async () => {
    const work = withLock({ path, signal, onWait: refuse }, () => Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(await readdir(dir)).toEqual([]);
  });
});

function refuse(holder: string): void {
  throw new Error(`waited for ${holder}`);
}
