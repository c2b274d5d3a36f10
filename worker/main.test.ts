import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

test('a worker refuses an argument in one line, for the environment configures it', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--policy=x'], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: '--policy=x: not known here, the environment configures; see --help\n',
  });
});
