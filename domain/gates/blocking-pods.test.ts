import { describe, expect, test } from '@jest/globals';
import { aPod } from '../a-pod.fixture.ts';
import type { PodFacts } from '../pod-verdict.ts';
import { blockingPods } from './blocking-pods.ts';
import { judged } from './judged.fixture.ts';

const reason = (rules: unknown, ...pods: PodFacts[]) => judged(blockingPods, rules, { pods });
const DB = { labels: { app: 'db', role: 'primary' } };

describe('a pod blocks its node', () => {
  test.each([
    { name: 'when its labels are selected', pod: DB, rules: ['app=db'], blocks: true },
    {
      name: 'when one rule of several selects it',
      pod: DB,
      rules: ['app=web', 'role'],
      blocks: true,
    },
    {
      name: 'not when only a part of a rule selects it',
      pod: DB,
      rules: ['app=db,role=replica'],
      blocks: false,
    },
    { name: 'not without a rule', pod: DB, rules: [], blocks: false },
    {
      name: 'while it is pending',
      pod: { ...DB, phase: 'Pending' },
      rules: ['app=db'],
      blocks: true,
    },
    {
      name: 'while it is terminating, as in kured',
      pod: { ...DB, deletionTimestampMs: 1 },
      rules: ['app=db'],
      blocks: true,
    },
    {
      name: 'though its DaemonSet would bring it back',
      pod: { ...DB, owner: { kind: 'DaemonSet', name: 'db' } },
      rules: ['app=db'],
      blocks: true,
    },
    ...['Succeeded', 'Failed', 'Unknown'].map((phase) => ({
      name: `not in phase ${phase}, as in kured`,
      pod: { ...DB, phase },
      rules: ['app=db'],
      blocks: false,
    })),
    {
      name: 'in the phases of its rule',
      pod: { ...DB, phase: 'Unknown' },
      rules: [{ selector: 'app=db', phases: ['Unknown'] }],
      blocks: true,
    },
    {
      name: 'in the namespace of its rule',
      pod: DB,
      rules: [{ selector: 'app=db', namespace: 'shop' }],
      blocks: true,
    },
    {
      name: 'not in another namespace',
      pod: DB,
      rules: [{ selector: 'app=db', namespace: 'else' }],
      blocks: false,
    },
  ])('$name', ({ pod, rules, blocks }) => {
    expect(reason(rules, aPod('db-0', pod))).toBe(blocks ? 'on the node: shop/db-0' : undefined);
  });

  test('several are named in a stable order, each once', () => {
    const pods = [aPod('b', DB), aPod('c'), aPod('a', DB)];
    expect(reason(['app=db', 'role=primary'], ...pods)).toBe('on the node: shop/a, shop/b');
  });

  test('and of many the first few are named', () => {
    const pods = Array.from({ length: 7 }, (_, index) => aPod(`db-${index}`, DB));
    expect(reason(['app=db'], ...pods)).toBe(
      'on the node: shop/db-0, shop/db-1, shop/db-2, shop/db-3, shop/db-4 and others',
    );
  });
});
