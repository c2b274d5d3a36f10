import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

test('an agent that is configured badly says what is wrong, a line each, and ends', () => {
  const flags = ['--node-id=n1', '--api-server=https://h', '--period=5', '--drain=1'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...flags], {
    encoding: 'utf8',
    env: {},
  });
  expect({ status, stdout, stderr: stderr.split('\n') }).toEqual({
    status: 2,
    stdout: '',
    stderr: [
      'lockkeeper-agent: the configuration is wrong:',
      '  --drain=1: not known here; --help shows what is',
      '  --period (LOCKKEEPER_PERIOD): "5" is not a duration of at least 1s, like 30s, 5m or 1h30m',
      '',
    ],
  });
});
