import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('worker.ts', import.meta.url));

let to: string;
beforeEach(() => {
  to = join(mkdtempSync(join(tmpdir(), 'lockkeeper-worker-')), 'app');
});
afterEach(() => {
  rmSync(join(to, '..'), { recursive: true });
});

/** The machine that a library of Linux is for, as its ELF header names it. */
const MACHINES: Readonly<Record<number, string>> = { 0x3e: 'amd64', 0xb7: 'arm64' };
const machineOf = (path: string): string | undefined =>
  MACHINES[readFileSync(join(to, path)).readUInt16LE(18)];

describe.each([
  { machine: 'amd64', target: 'x86_64-unknown-linux-gnu' },
  { machine: 'arm64', target: 'aarch64-unknown-linux-gnu' },
])('what the image for $machine holds', ({ machine, target }) => {
  test('has one native library, whoever builds it, and it is for that machine', () => {
    execFileSync(process.execPath, [PROGRAM, to, machine], { stdio: 'pipe' });
    const native = globSync('**/*.{node,so,so.*,dylib,dll,exe}', { cwd: to });
    const core = 'node_modules/@temporalio/core-bridge/releases';
    expect(native).toEqual([`${core}/${target}/index.node`]);
    expect(native.map(machineOf)).toEqual([machine]);
    expect(globSync(`${core}/*`, { cwd: to })).toEqual([`${core}/${target}`]);
  });
});

test('a machine there is no library for is refused', () => {
  expect(() => execFileSync(process.execPath, [PROGRAM, to, 's390x'], { stdio: 'pipe' })).toThrow(
    'Usage: node deploy/image/worker.ts DIRECTORY [amd64|arm64]',
  );
});
