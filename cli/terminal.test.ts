import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { plain } from './terminal.ts';

test('what is printed keeps its lines and columns, and steers no terminal', () => {
  expect(plain('a\tb\n\u001b[31mc\r\u0007\u202ed\u009b2J ü 日\n')).toBe('a\tb\n[31mcd2J ü 日\n');
});

test('whoever reads no further ends it without a word', async () => {
  const main = new URL('main.ts', import.meta.url).pathname;
  // The pipe is closed before anything is written.
  const script = `{ sleep 1; "$0" "$1" policy schema; echo "exit $?" >&2; } | true`;
  const { stderr } = await promisify(execFile)('sh', ['-c', script, process.execPath, main]);
  expect(stderr).toBe('exit 0\n');
});
