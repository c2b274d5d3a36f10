import { describe, expect, test } from '@jest/globals';
import { aNode } from '../../domain/a-node.fixture.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { Policy } from '../../domain/policy.ts';
import type { LockStatus } from '../../domain/status.ts';
import { judgeHalted, judgeHolds, judgeLocks, judgeMembers } from './pools.ts';

const NOW = 10_000_000;
const POLICY = Policy.parse({
  pools: [
    { name: 'workers', nodes: 'pool=workers' },
    { name: 'edge', nodes: 'site', failureBudget: 2 },
  ],
});
const IDLE = { wants: 'not-required', message: '', heardAtMs: NOW } as const;
const node = (name: string, labels: Record<string, string>, changes: Partial<NodeFacts> = {}) =>
  aNode({ name, labels, report: IDLE, ...changes });
const worker = (name: string, changes: Partial<NodeFacts> = {}) =>
  node(name, { pool: 'workers' }, changes);
const edge = (name: string, changes: Partial<NodeFacts> = {}) => node(name, { site: 'x' }, changes);

const members = (...nodes: NodeFacts[]) => judgeMembers({ policy: POLICY, nodes, nowMs: NOW });

describe('nodes and pools', () => {
  test('that belong together are counted', () => {
    expect(members(worker('a'), worker('b'), edge('c'))).toEqual([
      { verdict: 'good', says: 'workers: 2, edge: 1' },
    ]);
  });

  test('a node in none is no mistake as long as it wants nothing', () => {
    expect(members(worker('a'), edge('c'), node('cp', {}))).toEqual([
      { verdict: 'good', says: 'workers: 1, edge: 1' },
      { verdict: 'good', says: 'in no pool, and never rebooted: cp' },
    ]);
    const wanting = node('cp', {}, { report: { ...IDLE, wants: 'required' } });
    expect(members(worker('a'), edge('c'), wanting)).toMatchObject([
      {
        verdict: 'warning',
        says: expect.stringContaining('cp: its labels match the selector of no'),
      },
    ]);
  });

  test('a pool without nodes, and a node in two, are told of', () => {
    expect(members(node('a', { pool: 'workers', site: 'x' }))).toMatchObject([
      { verdict: 'warning', says: 'pool workers has no node' },
      { verdict: 'warning', says: 'pool edge has no node' },
      {
        verdict: 'warning',
        says: 'left alone, for a: its labels match the selectors of several pools: workers and edge',
        mend: expect.stringContaining('kubectl get nodes --show-labels'),
      },
    ]);
  });
});

const halted = (...nodes: NodeFacts[]) => judgeHalted({ policy: POLICY, nodes, nowMs: NOW });

describe('pools in trouble', () => {
  const trouble = { because: 'the drain timed out', atMs: NOW - 1_000 };
  const failed = { attempts: { reboots: [], trouble }, ready: false };

  test('none', () => {
    expect(halted(worker('a'), edge('b'))).toEqual([{ verdict: 'good', says: 'none' }]);
  });

  test('halted, with the node and how to go on', () => {
    expect(halted(worker('a', failed))).toMatchObject([
      {
        verdict: 'bad',
        says: expect.stringMatching(/^workers: the pool is halted .* a: the drain timed out$/),
        mend: expect.stringContaining('--workflow-id pool-lock/workers --name resume'),
      },
    ]);
  });

  test('within its failure budget it goes on', () => {
    expect(halted(edge('b', failed))).toMatchObject([{ verdict: 'warning' }]);
  });
});

const lock = (changes: Partial<LockStatus> = {}): LockStatus => ({
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: [],
  notUnderstood: [],
  ...changes,
});

const permit = (sinceMs: number) => ({ node: 'a', grantId: 'g', sinceMs });

describe('locks', () => {
  test.each<[string, Parameters<typeof judgeLocks>[0], object[]]>([
    ['none', [], [{ verdict: 'good' }]],
    ['one at work', [lock({ permits: [permit(NOW - 5_000)] })], [{ verdict: 'good' }]],
    [
      'one that nobody answers for',
      [{ pool: 'edge', unknown: 'no worker' }],
      [{ verdict: 'unknown' }],
    ],
    [
      'one that is paused',
      [lock({ paused: { by: 'kim', reason: 'incident', atMs: NOW - 60_000 } })],
      [
        {
          verdict: 'warning',
          says: 'workers is paused by kim (incident), 1m ago, without an end',
          mend: expect.stringContaining('pool-lock/workers --name resume'),
        },
      ],
    ],
    [
      'one whose permit is stuck',
      [lock({ permits: [permit(NOW - 3_600_000)] })],
      [{ verdict: 'warning', says: 'workers: a has had a permit for 1h and has not used it' }],
    ],
  ])('%s', (_, locks, expected) => {
    expect(judgeLocks(locks, NOW)).toMatchObject(expected);
  });
});

test.each<[string, Partial<NodeFacts>, object]>([
  ['none', {}, { verdict: 'good' }],
  [
    'one that is over',
    { hold: { reason: 'x', untilMs: NOW - 1 } },
    { verdict: 'good', says: 'none' },
  ],
  ['one with an end', { hold: { reason: 'x', untilMs: NOW + 1 } }, { verdict: 'good' }],
  [
    'one without an end',
    { hold: { reason: 'broken disk' } },
    { verdict: 'warning', says: 'n1 is held without an end: broken disk' },
  ],
])('holds: %s', (_, facts, expected) => {
  expect(judgeHolds([aNode(facts)], NOW)).toMatchObject([expected]);
});
