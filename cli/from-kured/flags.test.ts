import { describe, expect, test } from '@jest/globals';
import { readFlags } from './flags.ts';
import type { EnvVar } from './kured.ts';

const read = (args: readonly string[], env: readonly EnvVar[] = []) => {
  const { settings, notes, faults } = readFlags(args, env);
  return {
    values: Object.fromEntries([...settings].map(([name, { values }]) => [name, values])),
    elsewhere: [...settings.values()].flatMap(({ elsewhere }) => elsewhere ?? []),
    notes: notes.map(({ about, text }) => `${about}: ${text}`),
    faults,
  };
};

describe('flags by the rules of pflag', () => {
  test.each([
    ['--flag=value', ['--period=1m'], { period: ['1m'] }],
    ['--flag value', ['--period', '1m'], { period: ['1m'] }],
    [
      'an equals sign in the value',
      ['--drain-pod-selector=a=b'],
      { 'drain-pod-selector': ['a=b'] },
    ],
    ['an empty value', ['--reboot-days='], { 'reboot-days': [] }],
    [
      'a value that begins with a dash',
      ['--drain-grace-period', '-1'],
      { 'drain-grace-period': ['-1'] },
    ],
    [
      'a switch alone',
      ['--force-reboot', '--period=1m'],
      { 'force-reboot': ['true'], period: ['1m'] },
    ],
    ['a switch that is off', ['--force-reboot=false'], { 'force-reboot': ['false'] }],
    ['the last of several', ['--period=1m', '--period=2m'], { period: ['2m'] }],
    ['a list in one', ['--reboot-days=mon,tue'], { 'reboot-days': ['mon', 'tue'] }],
    [
      'a list in several',
      ['--reboot-days=mon', '--reboot-days', 'tue,wed'],
      { 'reboot-days': ['mon', 'tue', 'wed'] },
    ],
    [
      'selectors, whose commas belong to them',
      ['--blocking-pod-selector=a=b,c=d', '--blocking-pod-selector=e'],
      { 'blocking-pod-selector': ['a=b,c=d', 'e'] },
    ],
    ['nothing after two dashes', ['--period=1m', '--', '--force-reboot'], { period: ['1m'] }],
  ])('%s', (_, args, values) => {
    expect(read(args)).toEqual({ values, elsewhere: [], notes: [], faults: [] });
  });

  test('a switch takes no value from the next word, and the word is told of', () => {
    const { values, notes } = read(['--force-reboot', 'false']);
    expect(values).toEqual({ 'force-reboot': ['true'] });
    expect(notes).toEqual([expect.stringContaining('belongs to no flag, so kured ignores it')]);
  });

  test('two quotes are meant to be nothing', () => {
    const { values, notes } = read(['--drain-pod-selector=""', "--notify-url=''"]);
    expect(values).toEqual({ 'drain-pod-selector': [''], 'notify-url': [''] });
    expect(notes).toHaveLength(2);
  });

  test('a flag without its value keeps kured from starting', () => {
    expect(read(['--period']).faults).toEqual(['--period has no value']);
  });

  test.each([
    ['--frobnicate=s3cret', '--frobnicate'],
    ['-v=s3cret', '-v'],
    ['-v', '-v'],
    ['-period=s3cret', '-period'],
    ['--Period=s3cret', '--Period'],
  ])('%s is unknown, and its value is not repeated', (word, name) => {
    const { values, notes } = read([word]);
    expect(values).toEqual({});
    expect(notes).toEqual([expect.stringMatching(new RegExp(`^${name}: kured 1.23 has no such`))]);
    expect(notes.join()).not.toContain('s3cret');
  });

  test('a word after an unknown flag is its value and no other mistake', () => {
    expect(read(['--frobnicate', 's3cret', '--period=1m'])).toMatchObject({
      values: { period: ['1m'] },
      notes: [expect.not.stringContaining('s3cret')],
    });
  });
});

describe('variables of the environment', () => {
  test('win over the flags', () => {
    const { values, notes } = read(['--period=1m'], [{ name: 'KURED_PERIOD', value: '5m' }]);
    expect(values).toEqual({ period: ['5m'] });
    expect(notes).toEqual(['KURED_PERIOD: wins over --period, as in kured 1.23']);
  });

  test('add to a list', () => {
    const env = [{ name: 'KURED_REBOOT_DAYS', value: 'sat,sun' }];
    expect(read(['--reboot-days=fri'], env).values).toEqual({
      'reboot-days': ['fri', 'sat', 'sun'],
    });
    expect(read([], env).values).toEqual({ 'reboot-days': ['sat', 'sun'] });
  });

  test('are as if not there when they are empty', () => {
    const { values } = read(['--period=1m'], [{ name: 'KURED_PERIOD', value: '' }]);
    expect(values).toEqual({ period: ['1m'] });
  });

  test('protect pods, though kured ignores this one, and it is said', () => {
    const { values, notes } = read([], [{ name: 'KURED_BLOCKING_POD_SELECTOR', value: 'app=db' }]);
    expect(values).toEqual({ 'blocking-pod-selector': ['app=db'] });
    expect(notes).toEqual([expect.stringContaining('kured ignores this variable')]);
  });

  test.each([
    [{ secretKeyRef: { name: 'notify', key: 'url' } }, 'key url of Secret notify'],
    [{ configMapKeyRef: { name: 'hours', key: 'start' } }, 'key start of ConfigMap hours'],
    [{}, 'a field of the pod'],
  ])('may have their value elsewhere: %j', (valueFrom, place) => {
    const { values, elsewhere } = read([], [{ name: 'KURED_START_TIME', valueFrom }]);
    expect(values).toEqual({ 'start-time': [] });
    expect(elsewhere).toEqual([place]);
  });

  test('may be named by a flag', () => {
    const env = [{ name: 'URL', valueFrom: { secretKeyRef: { name: 'notify', key: 'url' } } }];
    const { values, elsewhere } = read(['--notify-url=$(URL)'], env);
    expect(values).toEqual({ 'notify-url': [] });
    expect(elsewhere).toEqual(['key url of Secret notify']);
  });

  test('that kured does not know are named without their value', () => {
    const { notes } = read(
      [],
      [
        { name: 'KURED_TOKEN', value: 's3cret' },
        { name: 'TZ', value: 'UTC' },
      ],
    );
    expect(notes).toEqual([expect.stringMatching(/^KURED_TOKEN: kured 1\.23 has no such option/)]);
    expect(notes.join()).not.toContain('s3cret');
  });
});
