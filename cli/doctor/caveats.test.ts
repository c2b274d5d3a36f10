import { describe, expect, test } from '@jest/globals';
import type { V1DaemonSet, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { Scan } from '../../activities/scan.ts';
import { Policy } from '../../domain/policy.ts';
import { judgeKured, judgeQuiet, judgeSize } from './caveats.ts';

const SCAN: Scan = { nodes: 1, started: [], unmanaged: [], policy: 'p', atMs: 0 };

const claimOf = (storage: string): V1PersistentVolumeClaim => ({
  metadata: { name: 'temporal-data-lockkeeper-worker-0' },
  spec: { resources: { requests: { storage } } },
});

/** A worker of so many replicas; with a Temporal in its pod where its claim is given. */
function judge(nodes: number, replicas: number, claims?: readonly V1PersistentVolumeClaim[]) {
  const containers = ['worker', ...(claims ? ['temporal'] : [])].map((name) => ({ name }));
  const worker = { kind: 'Deployment' as const, name: 'w', replicas, pod: { containers } };
  const pod = { spec: { nodeName: 'n1', containers } };
  const workloads = { worker, workerPods: [pod], agentPods: [] };
  return judgeSize({ nodes, workloads, claims: claims ?? [] }).map(
    ({ verdict, says }) => `${verdict}: ${says}`,
  );
}

describe('size', () => {
  test('two workers with a Temporal of their own', () => {
    expect(judge(600, 2)).toEqual(['good: 2 workers, a Temporal of your own']);
  });

  test('one worker where there could be two', () => {
    expect(judge(3, 1)).toEqual([
      'warning: there is one worker: while its node n1 is rebooted nothing goes on',
    ]);
  });

  test('a Temporal in the pod of the worker', () => {
    expect(judge(3, 1, [claimOf('4Gi')])).toEqual([
      "good: Temporal in the worker's pod, on n1, for 3 nodes",
      'good: its database has a claim of 4Gi',
    ]);
  });

  test('that is too small, or lost with the pod', () => {
    expect(judge(501, 1, [claimOf('512Mi')])).toEqual([
      "good: Temporal in the worker's pod, on n1, for 501 nodes",
      'warning: its database has a claim of 512Mi; a month of scans alone takes 1 GB',
      "warning: 501 nodes are more than the 500 that a Temporal in the worker's pod is for",
    ]);
    expect(judge(3, 1, [])).toContain(
      'warning: the database of Temporal is on no claim: pauses and history are lost with the pod',
    );
  });

  test('one node', () => {
    const alone =
      'good: one node: while it reboots nothing else runs, and it is finished once it is back';
    expect(judge(1, 1, [claimOf('4G')])).toContain(alone);
    expect(judge(1, 1)).toEqual([alone, 'good: 1 worker, a Temporal of your own']);
  });
});

const policy = (gates: object) => Policy.parse({ pools: [{ name: 'workers', nodes: 'a', gates }] });

describe('kured', () => {
  const kured: V1DaemonSet = { metadata: { namespace: 'kube-system', name: 'kured' } };

  test.each<[string, V1DaemonSet[], Policy | undefined, string]>([
    ['is not there', [], undefined, 'good'],
    ['is respected', [kured], policy({ kuredLock: {} }), 'good'],
    ['is not respected', [kured], policy({}), 'bad'],
    ['runs, and nobody knows the policy', [kured], undefined, 'bad'],
  ])('that %s', (_, kureds, written, verdict) => {
    expect(judgeKured(kureds, written)).toMatchObject([{ verdict }]);
  });
});

test('a pool that never asks is told of', () => {
  expect(judgeQuiet(undefined)).toMatchObject([{ verdict: 'good' }]);
  const quiet = { pool: 'workers', forMs: 86_400_000, afterMs: 1, because: 'the agents say: no' };
  expect(judgeQuiet({ ...SCAN, quiet: [quiet] })).toMatchObject([
    {
      verdict: 'warning',
      says: 'workers: no node has asked for a reboot for 1d; the agents say: no',
    },
  ]);
});
