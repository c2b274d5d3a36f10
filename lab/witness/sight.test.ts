import { describe, expect, test } from '@jest/globals';
import { BY } from './story.fixture.ts';
import { isOurs, sightOfNode, sightOfPod, type NodeObject, type PodObject } from './sight.ts';

const aNode = (more: Partial<NodeObject> = {}): NodeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1' },
  ...more,
});

const aPod = (more: Partial<PodObject> = {}): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', creationTimestamp: '2026-11-24T22:00:00Z' },
  ...more,
});
const scheduled = (status: string) => ({
  conditions: [{ type: 'PodScheduled', status, lastTransitionTime: '2026-11-24T22:00:09Z' }],
});
const condition = (type: string, status = 'True') => ({ type, status });

describe('a node as it is seen', () => {
  test('that nobody has reported on is out of service', () => {
    expect(sightOfNode(aNode())).toEqual({
      name: 'n1',
      labels: {},
      deleting: false,
      unschedulable: false,
      ready: false,
      bootId: '',
      rollout: undefined,
      order: undefined,
      answer: undefined,
      taint: undefined,
      taints: [],
      lifecycle: [],
    });
  });

  test('shows what Lockkeeper and its kubelet have written', () => {
    const node = aNode({
      metadata: {
        name: 'n1',
        labels: { pool: 'workers' },
        deletionTimestamp: '2026-11-24T22:00:00Z',
        annotations: {
          'lockkeeper.io/rollout': 'r',
          'lockkeeper.io/reboot-order': 'o',
          'lockkeeper.io/reboot-answer': 'a',
          'lockkeeper.io/taint': 't',
        },
      },
      spec: {
        unschedulable: true,
        taints: [
          { key: 'a', effect: 'NoExecute' },
          { key: 'b', value: 'c', effect: 'NoSchedule' },
        ],
      },
      status: {
        nodeInfo: { bootID: 'boot-1' },
        conditions: [condition('Ready'), condition('Drained', 'False'), condition('Other')],
      },
    });
    expect(sightOfNode(node)).toEqual({
      name: 'n1',
      labels: { pool: 'workers' },
      deleting: true,
      unschedulable: true,
      ready: true,
      bootId: 'boot-1',
      rollout: 'r',
      order: 'o',
      answer: 'a',
      taint: 't',
      taints: ['a:NoExecute', 'b=c:NoSchedule'],
      lifecycle: ['Drained'],
    });
  });

  test.each(['False', 'Unknown'])('is not Ready when Ready is %s', (status) => {
    const node = aNode({ status: { conditions: [{ type: 'Ready', status }] } });
    expect(sightOfNode(node).ready).toBe(false);
  });
});

describe('a pod as it is seen', () => {
  test.each<{ name: string; status?: PodObject['status']; since: string }>([
    {
      name: 'is on its node since it was scheduled',
      status: scheduled('True'),
      since: '2026-11-24T22:00:09Z',
    },
    { name: 'or since it was made, when nobody scheduled it', since: '2026-11-24T22:00:00Z' },
    {
      name: 'a try to schedule it is not enough',
      status: scheduled('False'),
      since: '2026-11-24T22:00:00Z',
    },
  ])('$name', ({ status, since }) => {
    const pod = sightOfPod(aPod(status && { status }));
    expect(new Date(pod.onNodeSinceMs)).toEqual(new Date(since));
  });

  test('belongs to its controller, and to no other owner', () => {
    const ownerReferences = [{ kind: 'Node' }, { kind: 'DaemonSet', controller: true }];
    const { metadata } = aPod();
    expect(sightOfPod(aPod({ metadata: { ...metadata, ownerReferences } })).ownerKind).toBe(
      'DaemonSet',
    );
    const [other] = ownerReferences;
    const owned = aPod({ metadata: { ...metadata, ownerReferences: other ? [other] : [] } });
    expect(sightOfPod(owned).ownerKind).toBeUndefined();
  });

  test('shows whether it is static, finished or going', () => {
    const { metadata } = aPod();
    const pod = aPod({
      metadata: {
        ...metadata,
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        deletionTimestamp: '2026-11-24T22:01:00Z',
      },
      status: { phase: 'Failed' },
    });
    expect(sightOfPod(pod)).toMatchObject({
      mirror: true,
      finished: true,
      deletionMs: Date.UTC(2026, 10, 24, 22, 1),
    });
    expect(sightOfPod(aPod({ status: { phase: 'Running' } }))).toMatchObject({
      mirror: false,
      finished: false,
      deletionMs: undefined,
    });
  });
});

describe('whose a write is', () => {
  const before = sightOfNode(aNode());
  const now = { ...before, rollout: 'r' };
  test.each([
    { name: 'by the audit log: the worker', by: BY.worker, now: before, ours: true },
    { name: 'by the audit log: somebody else, whatever it is', by: BY.person, now, ours: false },
    { name: 'by the audit log: the agent, whatever it is', by: BY.agent, now, ours: false },
    { name: 'else by what it is: a record', by: BY.nobody, now, ours: true },
    {
      name: 'else by what it is: an order',
      by: BY.nobody,
      now: { ...before, order: 'o' },
      ours: true,
    },
    {
      name: 'else by what it is: a cordon alone can be anybody’s',
      by: BY.nobody,
      now: { ...before, unschedulable: true },
      ours: false,
    },
  ])('$name', ({ by, now: written, ours }) => {
    expect(isOurs({ atMs: 0, by, before, now: written })).toBe(ours);
  });
});
