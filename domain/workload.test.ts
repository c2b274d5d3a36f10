import { expect, test } from '@jest/globals';
import { aPod } from './a-pod.fixture.ts';
import type { PodFacts } from './pod-verdict.ts';
import { belongsTo, readWorkloads, type Workload } from './workload.ts';

const NAMESPACE = 'lockkeeper';
const NAME = 'lockkeeper-worker';

/** As the chart makes them, in both forms. */
const OF_DEPLOYMENT: Partial<PodFacts> = {
  namespace: NAMESPACE,
  labels: { 'app.kubernetes.io/component': 'worker', 'pod-template-hash': '5d4f8c7b9' },
  owner: { kind: 'ReplicaSet', name: `${NAME}-5d4f8c7b9` },
};
const OF_STATEFUL_SET: Partial<PodFacts> = {
  namespace: NAMESPACE,
  labels: { 'app.kubernetes.io/component': 'worker' },
  owner: { kind: 'StatefulSet', name: NAME },
};
const OF_JOB: Partial<PodFacts> = {
  namespace: NAMESPACE,
  labels: { 'app.kubernetes.io/component': 'uninstall' },
  owner: { kind: 'Job', name: NAME },
};

test.each<{
  name: string;
  kind: Workload['kind'];
  pod: Partial<PodFacts>;
  expected: boolean;
}>([
  { name: 'of the Deployment', kind: 'Deployment', pod: OF_DEPLOYMENT, expected: true },
  { name: 'of the StatefulSet', kind: 'StatefulSet', pod: OF_STATEFUL_SET, expected: true },
  { name: 'of the Job', kind: 'Job', pod: OF_JOB, expected: true },
  {
    name: 'of that Job in another namespace',
    kind: 'Job',
    pod: { ...OF_JOB, namespace: 'shop' },
    expected: false,
  },
  {
    name: 'of a Job whose name only begins as ours',
    kind: 'Job',
    pod: { ...OF_JOB, owner: { kind: 'Job', name: `${NAME}-two` } },
    expected: false,
  },
  {
    name: 'of the other form, which is being replaced',
    kind: 'StatefulSet',
    pod: OF_DEPLOYMENT,
    expected: false,
  },
  {
    name: 'of the same name in another namespace',
    kind: 'Deployment',
    pod: { ...OF_DEPLOYMENT, namespace: 'shop' },
    expected: false,
  },
  {
    name: 'that bears our labels and belongs to another Deployment',
    kind: 'Deployment',
    pod: { ...OF_DEPLOYMENT, owner: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9' } },
    expected: false,
  },
  {
    name: 'of a Deployment whose name only begins as ours',
    kind: 'Deployment',
    pod: { ...OF_DEPLOYMENT, owner: { kind: 'ReplicaSet', name: `${NAME}-two-5d4f8c7b9` } },
    expected: false,
  },
  {
    name: 'of a Job with the name of our ReplicaSet',
    kind: 'Deployment',
    pod: { ...OF_DEPLOYMENT, owner: { kind: 'Job', name: `${NAME}-5d4f8c7b9` } },
    expected: false,
  },
  {
    name: 'of a StatefulSet whose name only begins as ours',
    kind: 'StatefulSet',
    pod: { ...OF_STATEFUL_SET, owner: { kind: 'StatefulSet', name: `${NAME}-0` } },
    expected: false,
  },
])('a pod $name is one of our own: $expected', ({ kind, pod, expected }) => {
  const own = { namespace: NAMESPACE, kind, name: NAME };
  expect(belongsTo(aPod('one', pod), own)).toBe(expected);
});

test('a pod that bears our labels and belongs to nobody is not one of our own', () => {
  const { owner: _, ...pod } = aPod('one', OF_DEPLOYMENT);
  expect(belongsTo(pod, { namespace: NAMESPACE, kind: 'Deployment', name: NAME })).toBe(false);
});

test.each([
  ['Deployment/lockkeeper-worker', NAMESPACE, [{ kind: 'Deployment', name: NAME }]],
  [
    'StatefulSet/lockkeeper-worker,Job/uninstall',
    NAMESPACE,
    [
      { kind: 'StatefulSet', name: NAME },
      { kind: 'Job', name: 'uninstall' },
    ],
  ],
  ['DaemonSet/lockkeeper-worker', NAMESPACE, []],
  ['lockkeeper-worker', NAMESPACE, []],
  ['', NAMESPACE, []],
  ['Deployment/lockkeeper-worker', '', []],
])('reads "%s" in namespace "%s"', (text, namespace, expected) => {
  expect(readWorkloads(text, namespace)).toEqual(expected.map((one) => ({ namespace, ...one })));
});
