import { beforeEach, describe, expect, test } from '@jest/globals';
import { aNode, read } from '../../domain/a-node.fixture.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { Policy } from '../../domain/policy.ts';
import { Metrics } from './metrics.ts';

const aPolicy = (...pools: string[]): Policy =>
  Policy.parse({ pools: pools.map((name) => ({ name, nodes: `pool=${name}` })) });
const record = { workflowId: 'w', runId: 'r', cordonedByUs: true, bootIdBefore: 'b' };

let policy: Policy;
let hash: string;
let refusedBecause: string | undefined;
let nodes: readonly NodeFacts[] | undefined;
let isUnguarded: boolean;
let nowMs: number;
let metrics: Metrics;

beforeEach(() => {
  policy = aPolicy('workers', 'gpu');
  hash = 'h1';
  refusedBecause = undefined;
  nodes = [];
  isUnguarded = false;
  nowMs = 1_000_000;
  metrics = new Metrics({
    policy: {
      current: () => policy,
      get hash() {
        return hash;
      },
      get refusedBecause() {
        return refusedBecause;
      },
    },
    nodes: () => nodes,
    isUnguarded: () => isUnguarded,
    nowMs: () => nowMs,
  });
});

/** The series of one metric, as Prometheus reads them. */
async function series(name: string): Promise<string[]> {
  const lines = (await metrics.text()).split('\n');
  return lines.filter((line) => new RegExp(`^${name}[ {]`).test(line));
}

describe('nodes', () => {
  test('are counted by pool and state at the moment somebody asks', async () => {
    const labels = { pool: 'workers' };
    const trouble = { because: 'no answer', atMs: 1 };
    const troubled = aNode({ labels, attempts: { reboots: [], trouble } });
    nodes = [aNode({ labels }), troubled, aNode({ labels, ready: false })];
    expect(await series('lockkeeper_nodes')).toEqual([
      'lockkeeper_nodes{pool="workers",state="waiting"} 3',
    ]);
    expect(await series('lockkeeper_nodes_out_of_service')).toEqual([
      'lockkeeper_nodes_out_of_service{pool="workers"} 1',
      'lockkeeper_nodes_out_of_service{pool="gpu"} 0',
    ]);
    expect(await series('lockkeeper_troubles')).toEqual([
      'lockkeeper_troubles{pool="workers"} 1',
      'lockkeeper_troubles{pool="gpu"} 0',
    ]);
    nodes = [aNode({ labels, rollout: read({ ...record, phase: 'draining' }) })];
    expect(await series('lockkeeper_nodes')).toEqual([
      'lockkeeper_nodes{pool="workers",state="draining"} 1',
    ]);
  });

  test('that are not seen at the moment are left out, and a pool that is gone too', async () => {
    nodes = [aNode({ labels: { pool: 'gpu' } })];
    policy = aPolicy('workers');
    expect(await series('lockkeeper_nodes_silent')).toEqual([
      'lockkeeper_nodes_silent{pool="workers"} 0',
      'lockkeeper_nodes_silent{pool=""} 1',
    ]);
    nodes = undefined;
    expect(await series('lockkeeper_nodes_silent')).toEqual([]);
    expect(await series('lockkeeper_fleet_seen')).toEqual(['lockkeeper_fleet_seen 0']);
  });
});

test('how quiet a pool is can be read, but for one of which nobody is told and nodes in no pool', async () => {
  const report = { wants: 'not-required', message: '', heardAtMs: 0, sinceMs: 400_000 } as const;
  nodes = ['workers', 'gpu', 'none'].map((pool) => aNode({ labels: { pool }, report }));
  const [workers, gpu] = aPolicy('workers', 'gpu').pools;
  if (!workers || !gpu) throw new Error('the policy has two pools');
  policy = { ...policy, pools: [workers, { ...gpu, quietAfter: 'never' }] };
  const name = 'lockkeeper_quiet_seconds';
  expect(await series(name)).toEqual(['lockkeeper_quiet_seconds{pool="workers"} 600']);
  nodes = [aNode({ labels: { pool: 'workers' } })];
  expect(await series(name)).toEqual(['lockkeeper_quiet_seconds{pool="workers"} 0']);
  nodes = [];
  expect(await series(name)).toEqual([]);
});

describe('the policy', () => {
  test('in force is named by its hash, and only that one', async () => {
    expect(await series('lockkeeper_policy_info')).toEqual(['lockkeeper_policy_info{hash="h1"} 1']);
    hash = 'h2';
    expect(await series('lockkeeper_policy_info')).toEqual(['lockkeeper_policy_info{hash="h2"} 1']);
  });

  test('G9: that is refused shows for as long as it is', async () => {
    refusedBecause = 'policy.yaml:1 pools: …';
    metrics.happened.policyRefused();
    expect(await series('lockkeeper_policy_refused')).toEqual(['lockkeeper_policy_refused 1']);
    refusedBecause = undefined;
    expect(await series('lockkeeper_policy_refused')).toEqual(['lockkeeper_policy_refused 0']);
    expect(await series('lockkeeper_policy_refusals_total')).toEqual([
      'lockkeeper_policy_refusals_total 1',
    ]);
  });
});

test('G10: an admission policy that is not in force shows for as long as it is not', async () => {
  const name = 'lockkeeper_admission_policy_missing';
  expect(await series(name)).toEqual([`${name} 0`]);
  isUnguarded = true;
  expect(await series(name)).toEqual([`${name} 1`]);
});

test('a count of a pool holds for a while, for another worker may make the next', async () => {
  metrics.poolCounted({ pool: 'workers', permits: 2 });
  expect(await series('lockkeeper_permits')).toEqual(['lockkeeper_permits{pool="workers"} 2']);
  nowMs += 150_001;
  expect(await series('lockkeeper_permits')).toEqual([]);
});

test('what happens in a pool of the policy is there before it has happened, and is not begun anew', async () => {
  policy = aPolicy('workers');
  const name = 'lockkeeper_drain_duration_seconds_count';
  expect(await series(name)).toEqual([`${name}{pool="workers",outcome="drained"} 0`]);
  const drained = { pool: 'gpu', outcome: 'drained', sinceMs: nowMs - 5_000 } as const;
  metrics.happened.ended('drain', drained);
  policy = aPolicy('gpu');
  expect(await series(name)).toContain(`${name}{pool="gpu",outcome="drained"} 1`);
});
