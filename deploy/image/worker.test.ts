import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const PROGRAM = fileURLToPath(new URL('worker.ts', import.meta.url));

let to: string;
beforeEach(() => {
  to = join(mkdtempSync(join(tmpdir(), 'lockkeeper-worker-')), 'app');
});
afterEach(() => {
  rmSync(join(to, '..'), { recursive: true });
});

test('the image has one native library, whoever builds it, and it is for its machine', () => {
  execFileSync(process.execPath, [PROGRAM, to, 'arm64'], { stdio: 'pipe' });
  const native = globSync('**/*.{node,so,so.*,dylib,dll,exe}', { cwd: to });
  const core = 'node_modules/@temporalio/core-bridge/releases';
  expect(native).toEqual([`${core}/aarch64-unknown-linux-gnu/index.node`]);
  // As its ELF header names the machine: AArch64.
  expect(native.map((path) => readFileSync(join(to, path)).readUInt16LE(18))).toEqual([0xb7]);
  expect(globSync(`${core}/*`, { cwd: to })).toEqual([`${core}/aarch64-unknown-linux-gnu`]);
});

test('a machine there is no library for is refused', () => {
  expect(() => execFileSync(process.execPath, [PROGRAM, to, 's390x'], { stdio: 'pipe' })).toThrow(
    'Usage: node deploy/image/worker.ts DIRECTORY [amd64|arm64]',
  );
});
