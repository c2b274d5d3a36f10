import { describe, expect, test } from '@jest/globals';
import { aNode, read } from './a-node.fixture.ts';
import { fleetCounts, NO_POOL } from './fleet-counts.ts';
import type { NodeFacts } from './node-facts.ts';
import { Policy } from './policy.ts';

const policy = Policy.parse({
  pools: [
    { name: 'workers', nodes: 'pool=workers', maxUnavailable: '50%' },
    { name: 'gpu', nodes: 'pool=gpu' },
  ],
});
const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS;
const report = { wants: 'not-required', message: '', heardAtMs: NOW_MS } as const;
const worker = (facts: Partial<NodeFacts> = {}): NodeFacts =>
  aNode({ labels: { pool: 'workers' }, report, ...facts });
const record = {
  workflowId: 'node-rollout/n1',
  runId: 'r',
  cordonedByUs: true,
  bootIdBefore: 'b',
  phase: 'draining',
};

const counts = (...nodes: NodeFacts[]) => {
  const [workers] = fleetCounts(nodes, policy, NOW_MS);
  if (!workers) throw new Error('the policy has pools');
  return workers;
};

describe('the state of a node', () => {
  test.each<{ state: string; node: NodeFacts }>([
    { state: 'idle', node: worker() },
    { state: 'idle', node: worker({ report: { ...report, wants: 'unknown' } }) },
    { state: 'waiting', node: worker({ report: { ...report, wants: 'required' } }) },
    { state: 'draining', node: worker({ rollout: read(record) }) },
    {
      state: 'rebooting',
      node: worker({
        rollout: read({ ...record, phase: 'rebooting' }),
        report: { ...report, wants: 'required' },
      }),
    },
    { state: 'unreadable', node: worker({ rollout: { ok: false, because: 'no JSON' } }) },
  ])('is $state', ({ state, node }) => {
    expect([...counts(node).states]).toEqual([[state, 1]]);
  });
});

test.each<[what: string, count: (nodes: NodeFacts[]) => number, node: NodeFacts]>([
  ['NotReady', (n) => counts(...n).outOfService, worker({ ready: false })],
  ['cordoned', (n) => counts(...n).outOfService, worker({ unschedulable: true })],
  ['being deleted', (n) => counts(...n).outOfService, worker({ deleting: true })],
  [
    'in the middle of a rollout',
    (n) => counts(...n).outOfService,
    worker({ rollout: read(record) }),
  ],
  [
    'troubled',
    (n) => counts(...n).troubles ?? 0,
    worker({
      report: { ...report, wants: 'required' },
      attempts: { reboots: [], trouble: { because: 'x', atMs: 1 } },
    }),
  ],
  [
    'silent for over 15 minutes',
    (n) => counts(...n).silent,
    worker({ report: { ...report, heardAtMs: NOW_MS - 15 * 60_000 - 1 } }),
  ],
  ['held', (n) => counts(...n).held, worker({ hold: { reason: 'disk' } })],
  [
    'held until later',
    (n) => counts(...n).held,
    worker({ hold: { reason: 'disk', untilMs: NOW_MS + 1 } }),
  ],
  [
    'quarantined',
    (n) => counts(...n).quarantined,
    worker({ quarantine: read({ bootId: 'b', because: 'x', atMs: 1 }) }),
  ],
  [
    'failing',
    (n) => counts(...n).failing,
    worker({ attempts: { reboots: [], failed: { count: 1, lastAtMs: 1, because: 'x' } } }),
  ],
])('a node that is %s counts as that, and a healthy one does not', (_, count, node) => {
  expect(count([node, worker()])).toBe(1);
  expect(count([worker()])).toBe(0);
});

test('a hold that is over, and an agent heard 15 minutes ago, do not count', () => {
  const over = worker({ hold: { reason: 'disk', untilMs: NOW_MS } });
  const heard = worker({ report: { ...report, heardAtMs: NOW_MS - 15 * 60_000 } });
  expect(counts(over, heard)).toMatchObject({ held: 0, silent: 0 });
});

test('the longest wait is that of nodes that want a reboot', () => {
  const wants = { ...report, wants: 'required' } as const;
  const longest = counts(
    worker({ report: { ...wants, sinceMs: NOW_MS - HOUR_MS } }),
    worker({ report: { ...wants, sinceMs: NOW_MS - 3 * HOUR_MS } }),
    worker({ report: { ...report, sinceMs: NOW_MS - 9 * HOUR_MS } }),
  ).longestWaitMs;
  expect(longest).toBe(3 * HOUR_MS);
  expect(counts(worker()).longestWaitMs).toBe(0);
});

test('each pool is counted for itself, an empty one too, and nodes in no pool apart', () => {
  const nodes = [worker(), worker(), worker(), aNode({ labels: {}, ready: false })];
  const found = fleetCounts(nodes, policy, NOW_MS);
  const shown = found.map(({ pool, states, mayBeOut, troubles }) => [
    pool,
    [...states.values()],
    mayBeOut,
    troubles,
  ]);
  expect(shown).toEqual([
    ['workers', [3], 1, 0],
    ['gpu', [], 1, 0],
    [NO_POOL, [1], undefined, undefined],
  ]);
});
