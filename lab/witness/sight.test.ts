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

test('a pod is on its node since it was scheduled; a try to schedule it is not enough', () => {
  const [since, made] = ['True', 'False'].map(
    (status) => sightOfPod(aPod({ status: scheduled(status) })).onNodeSinceMs,
  );
  expect([since, made]).toEqual(
    ['2026-11-24T22:00:09Z', '2026-11-24T22:00:00Z'].map((time) => Date.parse(time)),
  );
});

test('a pod belongs to its controller, and to no other owner', () => {
  const ownerReferences = [
    { kind: 'Node', name: 'n1' },
    { kind: 'DaemonSet', name: 'logs', controller: true },
  ];
  const owner = (owners: typeof ownerReferences) => {
    const pod = aPod({ metadata: { ...aPod().metadata, ownerReferences: owners } });
    const { ownerKind, owner } = sightOfPod(pod);
    return [ownerKind, owner];
  };
  expect([owner(ownerReferences), owner(ownerReferences.slice(0, 1))]).toEqual([
    ['DaemonSet', 'shop/DaemonSet/logs'],
    [undefined, 'shop/Pod/web-1'],
  ]);
});

test.each(['False', 'Unknown'])('a node is not Ready when Ready is %s', (status) => {
  const node = aNode({ status: { conditions: [{ type: 'Ready', status }] } });
  expect(sightOfNode(node).ready).toBe(false);
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
