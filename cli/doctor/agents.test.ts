import { describe, expect, test } from '@jest/globals';
import type { V1DaemonSet, V1DaemonSetStatus, V1Pod } from '@kubernetes/client-node';
import { aNode } from '../../domain/a-node.fixture.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { Policy } from '../../domain/policy.ts';
import { judgeAgents, judgeImages, judgeReports } from './agents.ts';

const NOW = 100_000_000;
const POLICY = Policy.parse({ pools: [{ name: 'workers', nodes: 'pool=workers' }] });
const HEARD = { wants: 'not-required', message: '', heardAtMs: NOW - 60_000 } as const;

describe('reports', () => {
  const judge = (
    changes: Partial<NodeFacts>,
    labels: Record<string, string> = { pool: 'workers' },
  ) =>
    judgeReports([aNode({ labels, report: HEARD, ...changes })], POLICY, {
      namespace: 'ops',
      nowMs: NOW,
    });
  const { report: _, ...bare } = aNode({ labels: { pool: 'workers' } });

  test('that are heard are counted', () => {
    expect(judge({})).toEqual([{ verdict: 'good', says: '1 node heard, 0 of them want a reboot' }]);
  });

  test.each<[string, Partial<NodeFacts>, string]>([
    [
      'silent',
      { report: { ...HEARD, heardAtMs: NOW - 1_200_000 } },
      'n1 has not been heard of by its agent for 20m',
    ],
    [
      'silent, for the node is away',
      { ready: false, report: { ...HEARD, heardAtMs: NOW - 1_200_000 } },
      'n1 has not been heard of by its agent for 20m, and the node is NotReady',
    ],
    [
      'dated ahead',
      { report: { ...HEARD, heardAtMs: NOW + 3_600_000 } },
      'n1 reports at 1970-01-02T04:46:40.000Z, ahead of now',
    ],
    [
      'unable to tell',
      { report: { ...HEARD, wants: 'unknown', message: '/var/run is missing' } },
      'n1 cannot tell: /var/run is missing',
    ],
  ])('that are %s are bad, with the pod to look at', (_name, changes, says) => {
    expect(judge(changes)).toEqual([
      { verdict: 'bad', says, mend: expect.stringContaining('spec.nodeName=n1') },
    ]);
  });

  test('that never came are bad where the policy has the node rebooted, and else a warning', () => {
    const asOf = { namespace: 'ops', nowMs: NOW };
    const never = { verdict: 'bad', says: 'n1 has never been heard of by its agent' };
    expect(judgeReports([bare], POLICY, asOf)).toMatchObject([never]);
    expect(judgeReports([bare], undefined, asOf)).toMatchObject([never]);
    expect(judgeReports([{ ...bare, labels: {} }], POLICY, asOf)).toMatchObject([
      { verdict: 'warning' },
    ]);
  });
});

const agents = (status: Partial<V1DaemonSetStatus>): V1DaemonSet => ({
  metadata: { name: 'lockkeeper-agent', generation: 2 },
  status: {
    currentNumberScheduled: 3,
    numberMisscheduled: 0,
    desiredNumberScheduled: 3,
    numberReady: 3,
    updatedNumberScheduled: 3,
    observedGeneration: 2,
    ...status,
  },
});

describe('the DaemonSet', () => {
  test.each<[string, V1DaemonSet | undefined, object]>([
    ['is whole', agents({}), { verdict: 'good', says: '3 agents ready' }],
    ['is missing', undefined, { verdict: 'bad' }],
    ['fits no node', agents({ desiredNumberScheduled: 0 }), { verdict: 'warning' }],
    ['is not ready everywhere', agents({ numberReady: 2 }), { says: '2 of 3 agents ready' }],
    [
      'is being renewed',
      agents({ updatedNumberScheduled: 1 }),
      { verdict: 'warning', says: '1 of 3 agents of the latest template' },
    ],
    ['is about to be renewed', agents({ observedGeneration: 1 }), { verdict: 'warning' }],
  ])('that %s', (_name, found, expected) => {
    expect(judgeAgents(found, 'ops')).toMatchObject([expected]);
  });
});

const pod = (name: string, image: string): V1Pod => ({ spec: { containers: [{ name, image }] } });

const judged = (worker: string, ...agents: string[]) =>
  judgeImages({
    workerPods: [pod('worker', worker)],
    agentPods: agents.map((image) => pod('agent', image)),
  });

describe('versions', () => {
  test('that are the same', () => {
    const registry = 'r.example.org:5000';
    const [worker, agent] = [
      `${registry}/worker:0.2.0@sha256:1`,
      `${registry}/agent:0.2.0@sha256:2`,
    ];
    expect(judged(worker, agent)).toEqual([{ verdict: 'good', says: '0.2.0 everywhere' }]);
  });

  test('that are not', () => {
    expect(judged('r/worker:0.2.0', 'r/agent:0.1.0', 'r/agent:0.2.0')).toMatchObject([
      { verdict: 'warning', says: 'worker 0.2.0, agents 0.1.0 and 0.2.0' },
    ]);
  });

  test('that nobody knows say nothing', () => {
    expect(judgeImages({ workerPods: [], agentPods: [] })).toEqual([]);
  });
});
