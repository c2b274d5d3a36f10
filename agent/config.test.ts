import { describe, expect, test } from '@jest/globals';
import { splitWords } from './command.ts';
import { readConfig, usage } from './config.ts';
import {
  OTHER_REBOOT_SIGNALS,
  OTHER_REBOOTS,
  SOFT_REBOOT_SIGNALS,
  SOFT_REBOOTS,
} from './soft-reboot.fixture.ts';

const POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
const NODE = { ...POD, LOCKKEEPER_NODE_ID: 'worker-7' };

const byCommand = (command: string) =>
  readConfig(['--reboot-method=command', `--reboot-command=${command}`], NODE);
const bySignal = (signal: number) => readConfig([`--reboot-signal=${signal}`], NODE);

describe('readConfig', () => {
  test('needs nothing but the name of the node in a pod', () => {
    expect(readConfig([], NODE)).toEqual({
      ok: true,
      config: {
        node: 'worker-7',
        periodMs: 60_000,
        logFormat: 'json',
        kube: {
          address: 'https://10.0.0.1:443',
          tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
          caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
        },
        host: {
          bootIdFile: '/proc/sys/kernel/random/boot_id',
          sentinel: { kind: 'file', path: '/var/run/reboot-required' },
          reboot: { method: 'signal', signal: 39 },
          commandTimeoutMs: 60_000,
        },
      },
    });
  });

  test('takes a flag before the environment', () => {
    const read = readConfig(['--period', '5m', '--node-id=n2'], {
      ...NODE,
      LOCKKEEPER_PERIOD: '9m',
    });
    expect(read).toMatchObject({ ok: true, config: { node: 'n2', periodMs: 300_000 } });
  });

  test('takes an empty variable for one that is not set', () => {
    const read = readConfig([], { ...NODE, LOCKKEEPER_PERIOD: '' });
    expect(read).toMatchObject({ ok: true, config: { periodMs: 60_000 } });
  });

  test('writes an IPv6 address of the API server as a URL wants it', () => {
    const read = readConfig([], { ...NODE, KUBERNETES_SERVICE_HOST: 'fd00::1' });
    expect(read).toMatchObject({ config: { kube: { address: 'https://[fd00::1]:443' } } });
  });

  test('splits a sentinel command into words and lets it win over the file', () => {
    const command = `sh -c 'needs-restarting -r; [ $? -eq 1 ]'`;
    expect(readConfig(['--reboot-sentinel-command', command], NODE)).toMatchObject({
      config: {
        host: {
          sentinel: {
            kind: 'command',
            command: { line: command, words: ['sh', '-c', 'needs-restarting -r; [ $? -eq 1 ]'] },
          },
        },
      },
    });
  });

  test('reboots by a file that the host waits for', () => {
    const flags = ['--reboot-method=file', '--reboot-file=/reboot/now'];
    expect(readConfig(flags, NODE)).toMatchObject({
      config: { host: { reboot: { method: 'file', path: '/reboot/now' } } },
    });
  });

  test.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['1000ms', 1_000],
  ])('reads %s as kured does', (period, periodMs) => {
    expect(readConfig(['--period', period], NODE)).toMatchObject({
      ok: true,
      config: { periodMs },
    });
  });

  test('shows all problems at once, each with its setting and rule', () => {
    const flags = [
      '--period=5x',
      '--drain-timeout=1h',
      '--reboot-method=magic',
      '--reboot-sentinel-command=sh -c "oops',
      '--log-format',
    ];
    const read = readConfig(flags, {});
    expect(read.ok ? [] : read.problems.map((problem) => problem.split(':')[0])).toEqual([
      '--drain-timeout=1h',
      '--log-format',
      '--node-id (LOCKKEEPER_NODE_ID)',
      '--period (LOCKKEEPER_PERIOD)',
      '--api-server (LOCKKEEPER_API_SERVER)',
      '--reboot-sentinel-command (LOCKKEEPER_REBOOT_SENTINEL_COMMAND)',
      '--reboot-method (LOCKKEEPER_REBOOT_METHOD)',
    ]);
  });

  test.each([
    ['true | false', '|', `sh -c 'true | false'`],
    ['test -f a && test -f b', '&&', `sh -c 'test -f a && test -f b'`],
    [`test -f 'a' || true`, '||', String.raw`sh -c 'test -f '\''a'\'' || true'`],
    ['check;', ';', `sh -c 'check;'`],
    ['check >/dev/null', '>', `sh -c 'check >/dev/null'`],
    ['check </dev/null', '<', `sh -c 'check </dev/null'`],
    ['check &', '&', `sh -c 'check &'`],
    ['test `uname -r` = x', '`', "sh -c 'test `uname -r` = x'"],
    ['test $(uname -r) = x', '$(', `sh -c 'test $(uname -r) = x'`],
    ['test -f $FILE', '$', `sh -c 'test -f $FILE'`],
    ['true\nfalse', 'a line break', `sh -c 'true\nfalse'`],
    ['check \\\n -r', 'a line break', `sh -c 'check \\\n -r'`],
    ['test -f /run/*.reboot', '*', `sh -c 'test -f /run/*.reboot'`],
    ['test -f /run/reboot?', '?', `sh -c 'test -f /run/reboot?'`],
    ['test -f ~/reboot', '~', `sh -c 'test -f ~/reboot'`],
    ['~/check', '~', `sh -c '~/check'`],
  ])('refuses %j, which wants a shell, and says how to write it', (line, operator, written) => {
    for (const flag of ['--reboot-sentinel-command', '--reboot-command']) {
      const read = (command: string) =>
        readConfig(['--reboot-method=command', `${flag}=${command}`], NODE);
      expect(read(line)).toMatchObject({
        ok: false,
        problems: [
          expect.stringContaining(`): ${operator} is for a shell, and no shell runs this`),
        ],
      });
      expect(read(line)).toMatchObject({ problems: [expect.stringContaining(`write ${written}`)] });
      expect(read(written).ok).toBe(true);
      expect(splitWords(written)).toEqual(['sh', '-c', line]);
    }
  });

  test.each([
    ['sh -c "check; [ $? -eq 1 ]"', '$?', `sh -c 'check; [ $? -eq 1 ]'`],
    ['sh -c "test `uname -r` = x"', '`', "sh -c 'test `uname -r` = x'"],
    ['say --to="it\'s $HOME"', '$', String.raw`say --to='it'\''s $HOME'`],
  ])('refuses %j, and says how to write the same words', (line, operator, written) => {
    const read = readConfig([`--reboot-sentinel-command=${line}`], NODE);
    expect(read.ok ? [] : read.problems).toEqual([
      expect.stringContaining(
        `): ${operator} is for a shell, and no shell runs this: write ${written},`,
      ),
    ]);
    expect(splitWords(written)).toEqual(splitWords(line));
    expect(readConfig([`--reboot-sentinel-command=${written}`], NODE).ok).toBe(true);
  });

  test.each([
    `sh -c "check | grep -q x"`,
    String.raw`sh -c "test \$(uname -r) = x"`,
    `curl 'http://host/?a=1&b=2'`,
    String.raw`grep a\|b /etc/x`,
    String.raw`find /run -name \*.reboot -o -name "reboot?" -o -name 'a$'`,
    `sh -c 'check\ntest -f x'`,
    '  check backup~\n',
    '! check',
  ])('takes %j, in which nothing for a shell is left outside quotes', (line) => {
    expect(readConfig([`--reboot-sentinel-command=${line}`], NODE).ok).toBe(true);
  });

  test.each(SOFT_REBOOTS)('G3: refuses %j, which keeps the boot id, and says so', (command) => {
    expect(byCommand(command)).toEqual({
      ok: false,
      problems: [
        `--reboot-command (LOCKKEEPER_REBOOT_COMMAND): "${command}" is a soft reboot, which keeps the kernel and its boot id, so that it would never be believed: write systemctl reboot`,
      ],
    });
  });

  test.each(OTHER_REBOOTS)('reboots by %j', (command) => {
    expect(byCommand(command)).toMatchObject({ ok: true });
  });

  test.each(SOFT_REBOOT_SIGNALS)('G3: refuses signal %i, at which the boot id stays', (signal) => {
    expect(bySignal(signal)).toEqual({
      ok: false,
      problems: [
        `--reboot-signal (LOCKKEEPER_REBOOT_SIGNAL): ${signal} is a soft reboot, which keeps the kernel and its boot id, so that it would never be believed: take 39, at which systemd reboots`,
      ],
    });
  });

  test.each(OTHER_REBOOT_SIGNALS)('reboots by signal %i', (signal) => {
    expect(bySignal(signal)).toMatchObject({ ok: true, config: { host: { reboot: { signal } } } });
  });

  test.each([
    ['--period', '0s', 'at least 1s'],
    ['--reboot-signal', '0', 'from 1 to 64'],
    ['--reboot-signal', 'TERM', 'from 1 to 64'],
    ['--api-server', '10.0.0.1:6443', 'not an address'],
    ['--command-timeout', '-1s', 'not a duration'],
  ])('refuses %s %s', (flag, value, rule) => {
    const read = readConfig([flag, value], NODE);
    expect(read.ok ? '' : read.problems.join()).toContain(rule);
  });

  test('explains every setting with flag and variable', () => {
    expect(usage()).toContain('--reboot-sentinel-command, LOCKKEEPER_REBOOT_SENTINEL_COMMAND');
  });
});

describe('splitWords', () => {
  test.each([
    ['/bin/systemctl  reboot ', ['/bin/systemctl', 'reboot']],
    [`sh -c 'a "b" c'`, ['sh', '-c', 'a "b" c']],
    [`say "a \\"b\\" \\n"`, ['say', 'a "b" \\n']],
    [`a\\ b ''`, ['a b', '']],
    [`--x='y z'`, ['--x=y z']],
    ['', []],
    [`sh -c 'open`, undefined],
  ])('splits %s', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});
