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

test('the image has the licences of what is in it, and no compiler', () => {
  execFileSync(process.execPath, [PROGRAM, to], { stdio: 'pipe' });
  const notices = readFileSync(join(to, 'THIRD-PARTY-NOTICES'), 'utf8');
  // Bundled; the first under a licence that asks for its text and its source.
  expect(notices).toMatch(/^ical\.js [\d.]+\nLicence: MPL-2\.0\nSource: .*kewisch\/ical\.js/m);
  expect(notices).toContain('Mozilla Public License Version 2.0');
  for (const name of ['zod', 'croner', 'nodemailer'])
    expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
  const directories = globSync('node_modules/{*,@*/*}/package.json', { cwd: to });
  expect(directories.length).toBeGreaterThan(20);
  for (const path of directories) {
    const { name, version } = JSON.parse(readFileSync(join(to, path), 'utf8')) as Record<
      string,
      string
    >;
    expect(notices).toContain(`${name} ${version}\n`);
  }
  expect(notices).not.toMatch(/^(webpack|terser|@swc\/core|acorn|memfs) \d/m);
  // The SDK starts without one.
  const load =
    "import('@temporalio/worker').then(({ Worker }) => console.log(typeof Worker.create))";
  const loaded = execFileSync(process.execPath, ['-e', load], { cwd: to, encoding: 'utf8' });
  expect(loaded).toBe('function\n');
});

test('a machine there is no library for is refused', () => {
  expect(() => execFileSync(process.execPath, [PROGRAM, to, 's390x'], { stdio: 'pipe' })).toThrow(
    'Usage: node deploy/image/worker.ts DIRECTORY [amd64|arm64]',
  );
});
