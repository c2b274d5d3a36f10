import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { startSoak, type Told } from './soak-child.ts';

const WITHIN_MS = 60_000;
const soak = (...args: readonly string[]): Promise<Told> => startSoak(args, WITHIN_MS).told;

/** No history is as short as this. */
const ENDLESS = ['--most-steps', '300', '--seed', '7'] as const;

describe('a history that never ends', () => {
  test('is a finding that says how it is found again', async () => {
    const { findings } = await soak(...ENDLESS, '--runs', '1');
    const [finding] = findings;
    expect(finding).toMatchObject({
      rule: 'G7',
      sentence: expect.stringContaining('it never ends: more than 300 steps'),
      seed: 7,
      path: expect.stringMatching(/^0(:\d+)+$/),
    });
    const again = await soak(...ENDLESS, '--path', finding?.path ?? '');
    expect(again).toMatchObject({ findings: [finding], histories: 1, lived: 1 });
  });

  test('is not made smaller when there is no time for that', async () => {
    const { findings } = await soak(...ENDLESS, '--runs', '1', '--shrink', '0.000001');
    expect(findings).toMatchObject([{ seed: 7, path: '0' }]);
  });

  test('does not keep the others from being lived, each once', async () => {
    const { findings, histories } = await soak(...ENDLESS, '--runs', '5', '--shrink', '0.000001');
    expect(findings).toHaveLength(1);
    expect(histories).toBe(5);
  });
});

test.each([
  { how: 'by SIGTERM', stop: 'SIGTERM' },
  { how: 'by Ctrl-C', stop: 'SIGINT' },
  { how: 'because nobody is there to hear of it', stop: 'disconnect' },
] as const)('a search that is stopped $how tells what it has seen', async ({ stop }) => {
  const { process: child, told } = startSoak(['--runs', '1000000', '--seed', '7'], WITHIN_MS);
  // It has begun: the first history is told of at once.
  if (child.stderr) await once(child.stderr, 'data');
  if (stop === 'disconnect') child.disconnect();
  else child.kill(stop);
  expect((await told).histories).toBeLessThan(1_000_000);
  expect(child.exitCode).toBe(130);
});
