import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

test('whoever reads no further ends it without a word', async () => {
  const main = new URL('main.ts', import.meta.url).pathname;
  // The pipe is closed before anything is written.
  const script = `{ sleep 1; "$0" "$1" policy schema; echo "exit $?" >&2; } | true`;
  const { stderr } = await promisify(execFile)('sh', ['-c', script, process.execPath, main]);
  expect(stderr).toBe('exit 0\n');
});
