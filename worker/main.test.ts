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

/** What is asked for first is there: the file of the bundle is only looked for. */
const env = { LOCKKEEPER_WORKFLOW_BUNDLE: MAIN, LOCKKEEPER_HEALTH_ADDRESS: '127.0.0.1:0' };

test.each<[Record<string, string>, RegExp]>([
  [{ LOCKKEEPER_POLL_AGAIN: 'x' }, /^LOCKKEEPER_POLL_AGAIN: write a duration/],
  [{ LOCKKEEPER_TEMPORAL_METRICS: 'h:1' }, /^LOCKKEEPER_TEMPORAL_METRICS: .*socket address/],
  [{ KUBECONFIG: '/none' }, /the configuration of Kubernetes \(\/none\) cannot be read: ENOENT/],
])('a worker that is configured badly, %j, says so in one line and ends', (given, line) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
    encoding: 'utf8',
    env: { ...env, ...given },
  });
  const errors = `${stderr}${stdout}`.split('\n').filter((said) => !said.includes('"INFO"'));
  expect({ status, errors }).toEqual({ status: 2, errors: [expect.stringMatching(line), ''] });
});
