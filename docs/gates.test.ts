import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { aPod } from '../domain/a-pod.fixture.ts';
import type { AlertObservation } from '../domain/gates/alert-samples.ts';
import { alerts } from '../domain/gates/alerts.ts';
import { blockingPods } from '../domain/gates/blocking-pods.ts';
import { jobs } from '../domain/gates/jobs.ts';
import { judged } from '../domain/gates/judged.fixture.ts';
import { kuredLock } from '../domain/gates/kured-lock.ts';
import { GATES, SKIPPABLE } from '../domain/gates/names.ts';
import { Policy, problemsOf } from '../domain/policy.ts';

const text = readFileSync(new URL('gates.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);

test('every example is a policy', () => {
  expect(blocks.length).toBeGreaterThan(3);
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

const alertsSay = (seen: AlertObservation) =>
  judged(alerts, { prometheus: 'http://prometheus' }, { prometheis: [seen] });
const adding = readFileSync(new URL('adding-a-gate.md', import.meta.url), 'utf8');

test.each(
  [...adding.matchAll(/```\w+\n(?:\/\/|#) (\S+)\n([\s\S]*?)```/g)].map(
    ([, path = '', code = '']) => ({
      path,
      code,
    }),
  ),
)('how to add a gate shows what stands in $path', ({ path, code }) => {
  const source = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const known = new Set(source.split('\n').map((line) => line.trim()));
  const lines = code.split('\n').map((line) => line.trim());
  expect(lines.filter((line) => !known.has(line))).toEqual([]);
});

const found = (...objects: object[]) => ({ objects: [{ kind: 'found', objects } as const] });

describe('the documentation has the words of', () => {
  const where = 'http://…';
  const MADE = '2026-11-23T21:00:00Z';
  const locked = { metadata: { annotations: { x: '{"nodeID":"worker-7"}' } } };
  const job = (name: string) => ({
    metadata: { namespace: 'ops', name, creationTimestamp: MADE },
    spec: {},
  });
  test.each([
    {
      name: 'alerts',
      words: alertsSay({
        where,
        kind: 'alerts',
        firing: ['NodeDown', 'ShopDown'],
        pending: ['DiskFull'],
      }),
    },
    {
      name: 'a query',
      words: alertsSay({
        where,
        kind: 'above',
        query: 'sum(…)',
        threshold: 0.05,
        series: ['{job="api"}'],
      }),
    },
    {
      name: 'a Prometheus that is away',
      words: alertsSay({ where, kind: 'unknown', because: 'connect ECONNREFUSED' }),
    },
    {
      name: 'a blocking pod',
      words: judged(blockingPods, [{ selector: 'a' }], {
        pods: [aPod('db-0', { labels: { a: '' } })],
      }),
    },
    { name: 'a Job', words: judged(jobs, ['a'], found(job('backup-29'))) },
    {
      name: 'the lock of kured',
      words: judged(kuredLock, { annotation: 'x' }, found(locked))?.replace(/^.*\)/, '…'),
    },
  ])('$name', ({ words }) => {
    expect(text).toContain(`\`${words}\``);
  });
});
