import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkSentinelFile } from '../agent/sentinel.ts';

/** The host's directory for the sentinel alone, made as docs/install.md says, with a temporary directory for the host's root. */

const install = readFileSync(new URL('install.md', import.meta.url), 'utf8');
const [, tmpfiles = ''] = /# \/etc\/tmpfiles\.d\/lockkeeper\.conf\n([^`]+)```/.exec(install) ?? [];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sentinel-directory-'));
  for (const line of tmpfiles.trim().split('\n')) {
    const [type, path = '', , , , , target = ''] = line.split(' ');
    if (type === 'd') mkdirSync(join(root, path), { recursive: true });
    else symlinkSync(join(root, target), join(root, path));
  }
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const look = () => checkSentinelFile(join(root, 'run/lockkeeper/reboot-required')).wants;
const onHost = (script: string) => execFileSync('sh', ['-ec', script], { cwd: join(root, 'run') });

test('nobody is told of a reboot before one is required', () => {
  expect(look()).toBe('not-required');
  expect(existsSync(join(root, 'run/reboot-required'))).toBe(false);
});

test('what a package writes in the usual place is seen there and by the agent', () => {
  // As update-notifier and unattended-upgrades do.
  onHost(
    'echo "*** System restart required ***" > reboot-required; echo libc6 >> reboot-required.pkgs',
  );
  expect(existsSync(join(root, 'run/reboot-required'))).toBe(true);
  expect(checkSentinelFile(join(root, 'run/lockkeeper/reboot-required'))).toEqual({
    wants: 'required',
    message: 'libc6',
  });
  onHost('rm lockkeeper/reboot-required');
  expect(look()).toBe('not-required');
});
