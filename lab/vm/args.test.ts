import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { installCommands } from '../../test/labs/kubectl.ts';
import { parseMachinesArgs } from './args.ts';
import { INSTALL } from './lockkeeper.ts';
import { PACKAGES } from './possible.ts';

test('every wrong option is told of, with its rule', () => {
  expect(parseMachinesArgs(['--machines', '0', '--dir', ''])).toEqual({
    kind: 'wrong',
    problems: [
      '--dir: write the path of a directory',
      '--machines: write a whole number from 1 to 4, not "0"',
    ],
  });
});

test('without a word it is one machine, and stays', () => {
  expect(parseMachinesArgs([])).toEqual({ kind: 'run', args: { machines: 1, once: false } });
});

test('the help names what has to be installed', () => {
  const { text } = parseMachinesArgs(['--help']) as { readonly text: string };
  expect(text).toContain('apt-get install qemu-system-x86 ');
});

test('whoever runs .ci/run on a new machine gets what machines and the test of the Web UI need', async () => {
  const script = await readFile(new URL('../../.ci/run', import.meta.url), 'utf8');
  expect(script).toContain(`packages='${PACKAGES} chromium'`);
});

test('Lockkeeper is installed by the command of the README', () => {
  expect(installCommands()).toEqual([['helm', ...INSTALL]]);
});
