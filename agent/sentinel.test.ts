import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../domain/present.ts';
import { createHost } from './host.ts';
import type { HostSettings } from './host.ts';
import { checkSentinelFile } from './sentinel.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sentinel-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const path = () => join(dir, 'reboot-required');

describe('a sentinel file', () => {
  test('present means required', () => {
    writeFileSync(path(), '*** System restart required ***\n');
    expect(checkSentinelFile(path())).toEqual({
      wants: 'required',
      message: `${path()} is present`,
    });
  });

  test('present as a link to somewhere outside means required', () => {
    symlinkSync('/nowhere/at/all', path());
    expect(checkSentinelFile(path()).wants).toBe('required');
  });

  test('absent from its directory means not required', () => {
    expect(checkSentinelFile(path())).toEqual({
      wants: 'not-required',
      message: `${path()} is absent`,
    });
  });

  test('in a directory that is not there means unknown', () => {
    expect(checkSentinelFile(join(dir, 'gone', 'reboot-required'))).toEqual({
      wants: 'unknown',
      message: expect.stringContaining(`the directory ${join(dir, 'gone')} is not there`),
    });
  });

  test('below a file instead of a directory means unknown', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(checkSentinelFile(join(dir, 'file', 'reboot-required')).wants).toBe('unknown');
  });

  test('names the packages that asked for it, each once', () => {
    writeFileSync(path(), '');
    writeFileSync(`${path()}.pkgs`, 'linux-image-6.8.0-45\nlibc6\n\nlibc6\n');
    expect(checkSentinelFile(path()).message).toBe('linux-image-6.8.0-45, libc6');
  });

  test('shortens a long list of packages and counts the rest', () => {
    writeFileSync(path(), '');
    const names = Array.from({ length: 100 }, (_, i) => `package-number-${i}`);
    writeFileSync(`${path()}.pkgs`, names.join('\n'));
    const { message } = checkSentinelFile(path());
    expect(message.length).toBeLessThanOrEqual(300);
    expect(message).toMatch(/^package-number-0, .* and \d+ more$/);
    const shown = message.split(',').length;
    expect(message).toContain(`and ${100 - shown} more`);
  });
});

/** For what ends by itself, however slowly. */
const PATIENCE_MS = 60_000;

interface Ways {
  readonly enter?: readonly string[];
  readonly withinMs?: number;
}

const ask = (
  line: string,
  words: readonly string[],
  { enter = [], withinMs = PATIENCE_MS }: Ways = {},
) =>
  createHost(
    {
      bootIdFile: '/proc/sys/kernel/random/boot_id',
      sentinel: { kind: 'command', command: { line, words } },
      reboot: { method: 'signal', signal: 39 },
      commandTimeoutMs: withinMs,
    },
    { enter, signalProcess1: () => undefined },
  ).checkSentinel();

const shell = (script: string, ways?: Ways) => ask('check', ['/bin/sh', '-c', script], ways);

/** Stands still, the event loop with it, until the process has ended; nobody has been told of it then. */
function standStillUntilEnd(pid: number): void {
  while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) continue;
}

describe('a sentinel command', () => {
  test.each([
    { name: 'exit code 0', script: 'echo kernel; exit 0', wants: 'required', message: 'kernel' },
    { name: 'exit code 1', script: 'exit 1', wants: 'not-required', message: 'exit code 1' },
    {
      name: 'exit code 2',
      script: 'echo oops >&2; exit 2',
      wants: 'unknown',
      message: 'exit code 2: oops',
    },
    {
      name: 'exit code 127 of a missing program',
      script: 'no-such-program-here',
      wants: 'unknown',
      message: 'exit code 127',
    },
    { name: 'the end by a signal', script: 'kill -9 $$', wants: 'unknown', message: 'SIGKILL' },
    {
      name: 'no end in time, children included',
      script: 'echo begun; sleep 600 & wait',
      withinMs: 500,
      wants: 'unknown',
      message: 'no end after 0.5 s, killed: begun',
    },
    {
      name: 'the last line of many',
      script: 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo the end',
      wants: 'required',
      message: 'check: the end',
    },
  ])('with $name means $wants', async ({ script, withinMs, wants, message }) => {
    const sentinel = await shell(script, present({ withinMs }));
    expect(sentinel.wants).toBe(wants);
    expect(sentinel.message).toContain(message);
  });

  test('that cannot be started means unknown', async () => {
    const sentinel = await ask('/no/such/file', ['/no/such/file']);
    expect(sentinel).toEqual({
      wants: 'unknown',
      message: expect.stringContaining('/no/such/file: cannot be started'),
    });
  });

  test('is unknown, not "not required", where the host cannot be entered', async () => {
    const refused = 'echo "nsenter: cannot open /proc/1/ns/mnt: Permission denied" >&2; exit 1';
    const sentinel = await ask('check', ['true'], { enter: ['/bin/sh', '-c', refused] });
    expect(sentinel).toEqual({
      wants: 'unknown',
      message: expect.stringContaining('cannot be started: nsenter: cannot open'),
    });
  });

  test('is heard to its last word, also when its end is told with that of another program', async () => {
    const [pid, go] = [join(dir, 'pid'), join(dir, 'go')];
    const wait = `echo $$ > ${pid}.new; mv ${pid}.new ${pid}; until [ -e ${go} ]; do sleep 0.01; done`;
    const sentinel = shell(`${wait}; echo 'cannot look'; exit 1`);
    while (!existsSync(pid)) await new Promise(setImmediate);
    const other = spawn('/bin/sh', ['-c', 'echo']);
    other.stdout.on('data', () => {
      writeFileSync(go, '');
      standStillUntilEnd(Number(readFileSync(pid, 'utf8')));
    });
    standStillUntilEnd(other.pid ?? 0);
    expect(await sentinel).toEqual({ wants: 'not-required', message: 'check: cannot look' });
  });

  test('runs behind whatever enters the host', async () => {
    const enter = ['/bin/sh', '-c', 'echo "entered: $*"', '--'];
    const sentinel = await ask('x', ['echo', 'inside'], { enter });
    expect(sentinel.message).toBe('x: entered: echo inside');
  });
});

const settings = (
  reboot: HostSettings['reboot'],
  commandTimeoutMs = PATIENCE_MS,
): HostSettings => ({
  bootIdFile: join(dir, 'boot-id'),
  sentinel: { kind: 'file', path: join(dir, 'reboot-required') },
  reboot,
  commandTimeoutMs,
});

const command = (script: string) =>
  ({ method: 'command', command: { line: 'reboot', words: ['/bin/sh', '-c', script] } }) as const;

describe('the reboot', () => {
  test('by signal goes to process 1', async () => {
    const sent: number[] = [];
    const system = { enter: [], signalProcess1: (signal: number) => void sent.push(signal) };
    await createHost(settings({ method: 'signal', signal: 39 }), system).reboot();
    expect(sent).toEqual([39]);
  });

  test.each([
    { name: 'resolves when the command succeeds', script: 'exit 0', error: undefined },
    {
      name: 'says how the command failed',
      script: 'echo no bus; exit 1',
      error: 'exit code 1: no bus',
    },
    {
      name: 'does not wait for ever',
      script: 'sleep 600',
      withinMs: 500,
      error: 'no end after 0.5 s',
    },
  ])('by command $name', async ({ script, withinMs, error }) => {
    const system = { enter: [], signalProcess1: () => undefined };
    const done = createHost(settings(command(script), withinMs), system).reboot();
    if (error === undefined) await done;
    else await expect(done).rejects.toThrow(error);
  });

  test('an empty boot id is an error, for it would equal any other', async () => {
    writeFileSync(join(dir, 'boot-id'), '\n');
    const host = createHost(settings({ method: 'signal', signal: 39 }));
    await expect(host.bootId()).rejects.toThrow('is empty');
  });
});
