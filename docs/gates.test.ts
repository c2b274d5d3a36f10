import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { GATES, SKIPPABLE } from '../domain/gates.ts';
import { alertsReason, blockingPodsReason, kuredLockReason } from '../domain/gates/outside.ts';
import { Policy, problemsOf } from '../domain/policy.ts';

const text = readFileSync(new URL('gates.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);

test('every example is a policy', () => {
  expect(blocks).toHaveLength(4);
  for (const block of blocks) {
    const { error } = Policy.safeParse(parse(block));
    expect(error && problemsOf(error)).toBeUndefined();
  }
});

test('every gate is in the table, in the order in which they are told', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` +\| [a-z].*\| .*\|$/gm)].map(([, name]) => name);
  expect(rows.slice(0, GATES.length)).toEqual([...GATES]);
  const never = GATES.filter((gate) => !SKIPPABLE.some((one) => one === gate));
  expect(never).toEqual(['pool', 'node']);
});

describe('the documentation has the words of', () => {
  const NOTHING = { alerts: [], blockingPods: [] };
  const where = 'http://…';
  const rules = { namespace: 'kube-system', daemonSet: 'kured', annotation: 'x' };
  test.each([
    {
      name: 'alerts',
      words: alertsReason({
        ...NOTHING,
        alerts: [
          { where, kind: 'alerts', firing: ['NodeDown', 'ShopDown'], pending: ['DiskFull'] },
        ],
      }),
    },
    {
      name: 'a query',
      words: alertsReason({
        ...NOTHING,
        alerts: [
          { where, kind: 'above', query: 'sum(…)', threshold: 0.05, series: ['{job="api"}'] },
        ],
      }),
    },
    {
      name: 'a Prometheus that is away',
      words: alertsReason({
        ...NOTHING,
        alerts: [{ where, kind: 'unknown', because: 'connect ECONNREFUSED' }],
      }),
    },
    {
      name: 'a blocking pod',
      words: blockingPodsReason({ ...NOTHING, blockingPods: ['shop/db-0'] }),
    },
    {
      name: 'the lock of kured',
      words: kuredLockReason({
        ...NOTHING,
        kuredLock: { rules, look: { kind: 'held', nodes: ['worker-7'] } },
      })?.replace(/^.*\)/, '…'),
    },
  ])('$name', ({ words }) => {
    expect(text).toContain(`\`${words}\``);
  });
});
