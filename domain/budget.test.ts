import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aNode, read } from './a-node.fixture.ts';
import { AWAY_TAINTS } from './away-taints.ts';
import { budgetOf, room as roomFor } from './budget.ts';
import type { NodeFacts } from './node-facts.ts';

const RECORD = read({
  workflowId: 'node-rollout/n2',
  runId: 'run',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
});

const room = (asked: Omit<Parameters<typeof roomFor>[0], 'awayTaints'>) =>
  roomFor({ ...asked, awayTaints: AWAY_TAINTS });

describe('budgetOf', () => {
  test.each([
    { maxUnavailable: 3, poolSize: 100, expected: 3 },
    { maxUnavailable: 3, poolSize: 1, expected: 3 },
    { maxUnavailable: '10%', poolSize: 100, expected: 10 },
    { maxUnavailable: '10%', poolSize: 29, expected: 2 },
    { maxUnavailable: '99%', poolSize: 2, expected: 1 },
    { maxUnavailable: '1%', poolSize: 5, expected: 1 },
    { maxUnavailable: '50%', poolSize: 0, expected: 1 },
    { maxUnavailable: '100%', poolSize: 7, expected: 7 },
  ])('of $maxUnavailable in a pool of $poolSize is $expected', (given) => {
    expect(budgetOf(given.maxUnavailable, given.poolSize)).toBe(given.expected);
  });

  test('a percentage rounds down, to at least 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(5_000), (percent, poolSize) => {
        const budget = budgetOf(`${percent}%`, poolSize);
        expect(budget).toBeGreaterThanOrEqual(1);
        if (budget > 1) expect(budget * 100).toBeLessThanOrEqual(percent * poolSize);
        expect((budget + 1) * 100).toBeGreaterThan(percent * poolSize);
      }),
    );
  });
});

describe('G1: who uses the budget:', () => {
  test.each<{ name: string; other: NodeFacts; permits?: string[]; because: string }>([
    {
      name: 'a NotReady node, whoever broke it',
      other: aNode({ name: 'n2', ready: false }),
      because: 'n2 is NotReady',
    },
    {
      name: 'a node somebody has cordoned',
      other: aNode({ name: 'n2', unschedulable: true }),
      because: 'n2 is cordoned',
    },
    {
      name: 'a node that is being deleted',
      other: aNode({ name: 'n2', deleting: true }),
      because: 'n2 is being deleted',
    },
    {
      name: 'a node in mid-rollout without a permit',
      other: aNode({ name: 'n2', rollout: RECORD }),
      because: 'n2 is in the middle of a rollout',
    },
    {
      name: 'a node whose record cannot be read',
      other: aNode({ name: 'n2', rollout: { ok: false, because: 'it is not JSON' } }),
      because: 'n2 is in the middle of a rollout',
    },
    {
      name: 'one with a permit, though the cluster still shows it in service',
      other: aNode({ name: 'n2' }),
      permits: ['n2'],
      because: 'n2 has a permit',
    },
    ...[
      'ToBeDeletedByClusterAutoscaler',
      'karpenter.sh/disrupted',
      'aws-node-termination-handler/spot-itn',
      'node.kubernetes.io/out-of-service',
    ].map((key) => ({
      name: `one that bears the taint ${key}, whatever its Ready says`,
      other: aNode({ name: 'n2', taints: [{ key, effect: 'NoSchedule' }] }),
      because: `n2 bears the taint ${key}:NoSchedule`,
    })),
    {
      name: 'one with a permit whose Node has vanished',
      other: aNode({ name: 'n3' }),
      permits: ['n2'],
      because: 'n2 has a permit',
    },
  ])('$name', ({ other, permits = [], because }) => {
    const found = room({
      nodes: [aNode({ name: 'n1' }), other],
      maxUnavailable: 1,
      permits,
      candidate: 'n1',
    });
    expect(found).toEqual({
      room: false,
      because: `1 of at most 1 out of service: ${because}`,
    });
  });

  test.each<{
    name: string;
    nodes: NodeFacts[];
    permits: string[];
    max?: number;
    expected: object;
  }>([
    {
      name: 'not the candidate itself, whatever is wrong with it',
      nodes: [aNode({ name: 'n1', ready: false, unschedulable: true, rollout: RECORD })],
      permits: ['n1'],
      expected: { room: true },
    },
    {
      name: 'one with a taint for its workloads, or one whose key only resembles',
      nodes: [
        aNode({
          name: 'n2',
          taints: [
            { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
            { key: 'karpenter.sh/disruptions', effect: 'NoSchedule' },
            { key: 'aws-node-termination-handler', effect: 'NoSchedule' },
          ],
        }),
      ],
      permits: [],
      expected: { room: true },
    },
    {
      name: 'each node once: one with a permit and a record, a cordon and no Ready',
      nodes: [aNode({ name: 'n2', ready: false, unschedulable: true, rollout: RECORD })],
      permits: ['n2', 'n2'],
      max: 2,
      expected: { room: true },
    },
    {
      name: 'a long list, named in part and counted in full',
      nodes: ['n2', 'n3', 'n4', 'n5'].map((name) => aNode({ name, ready: false })),
      permits: ['n6'],
      max: 2,
      expected: {
        room: false,
        because:
          '5 of at most 2 out of service: n2 is NotReady, n3 is NotReady, n4 is NotReady, and 2 more',
      },
    },
  ])('$name', ({ nodes, permits, max = 1, expected }) => {
    const found = room({ nodes, maxUnavailable: max, permits, candidate: 'n1' });
    expect(found).toEqual(expected);
  });
});

const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
const node = (name: string) =>
  fc
    .record({
      ready: fc.boolean(),
      unschedulable: fc.boolean(),
      deleting: fc.boolean(),
      mid: fc.boolean(),
    })
    .map(({ mid, ...facts }) => aNode({ name, ...facts, ...(mid ? { rollout: RECORD } : {}) }));

describe('G1: after a grant', () => {
  const pool = fc.tuple(...NAMES.map(node));
  const maxUnavailable = fc.oneof(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
  );

  test('no more than the budget are out of service, the candidate included', () => {
    fc.assert(
      fc.property(pool, maxUnavailable, fc.subarray(NAMES), (nodes, max, permits) => {
        const found = room({ nodes, maxUnavailable: max, permits, candidate: 'n1' });
        const out = nodes.filter(
          ({ name, ready, unschedulable, deleting, rollout }) =>
            name === 'n1' ||
            permits.includes(name) ||
            !ready ||
            unschedulable ||
            deleting ||
            rollout !== undefined,
        );
        expect(found.room).toBe(out.length <= budgetOf(max, nodes.length));
      }),
      { numRuns: 500 },
    );
  });

  test('one after the other, in any pool, never more than the budget are granted', () => {
    fc.assert(
      fc.property(pool, maxUnavailable, (nodes, max) => {
        const permits: string[] = [];
        for (const { name } of nodes) {
          if (room({ nodes, maxUnavailable: max, permits, candidate: name }).room) {
            permits.push(name);
          }
        }
        expect(permits.length).toBeLessThanOrEqual(budgetOf(max, nodes.length));
      }),
    );
  });
});
