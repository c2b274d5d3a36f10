import { expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitsOfFile } from './limits.ts';

test('the limits follow the policy file, and stay while it is bad', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-limits-'));
  const path = join(dir, 'policy.yaml');
  try {
    const limits = limitsOfFile(path);
    expect(limits()).toEqual([]);
    await writeFile(path, 'pools: [{ name: a, nodes: pool=a, maxUnavailable: 10% }]');
    const first = [{ name: 'a', nodes: 'pool=a', maxUnavailable: '10%' }];
    expect(limits()).toEqual(first);
    await writeFile(path, 'pools: [{ name: a, nodes: pool=a, maxUnavailable: 0 }]');
    expect(limits()).toEqual(first);
    const drain = '{ podSelector: app=web, skipWaitForDeleteTimeout: 1m }';
    const labels = '{ before: { state: away }, after: { state: here } }';
    await writeFile(
      path,
      `pools: [{ name: a, nodes: pool=a, drain: ${drain}, labels: ${labels} }]`,
    );
    expect(limits()).toEqual([
      {
        name: 'a',
        nodes: 'pool=a',
        maxUnavailable: 1,
        podSelector: 'app=web',
        skipWaitForDeleteTimeoutMs: 60_000,
        labelsAfter: { state: 'here' },
      },
    ]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
