import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHost, type Host, type HostSettings } from './host.ts';

let directory: string;
const signals: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'host-test-'));
  signals.length = 0;
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const rebootingBy = (path: string): Host => hostWith({ method: 'file', path });

const hostWith = (reboot: HostSettings['reboot']): Host =>
  createHost(
    {
      bootIdFile: '/proc/sys/kernel/random/boot_id',
      sentinel: { kind: 'file', path: join(directory, 'reboot-required') },
      reboot,
      commandTimeoutMs: 60_000,
    },
    { enter: [], signalProcess1: (signal) => signals.push(signal) },
  );

test('a reboot by file writes the file that a unit of the host waits for, and signals nobody', async () => {
  await rebootingBy(join(directory, 'reboot')).reboot();
  expect(readdirSync(directory)).toEqual(['reboot']);
  expect(signals).toEqual([]);
});

test('a reboot by file into a directory that is not there fails with the path', async () => {
  const path = join(directory, 'missing', 'reboot');
  await expect(rebootingBy(path).reboot()).rejects.toThrow(path);
});

test('G3: a reboot by command is no soft one by itself, for which systemctl has a variable', async () => {
  const seen = join(directory, 'seen');
  const script = 'printf %s "$SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT" >"$1"';
  const command = { line: 'reboot', words: ['/bin/sh', '-c', script, 'sh', seen] };
  await hostWith({ method: 'command', command }).reboot();
  expect(readFileSync(seen, 'utf8')).toBe('1');
});
