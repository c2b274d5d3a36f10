import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type {
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBindingSpec,
} from '@kubernetes/client-node';
import { parse } from 'yaml';
import { judgeAdmission, judgeKubernetes, OLDEST_MINOR } from './kubernetes.ts';

test.each([
  ['v1.34.4', 'good'],
  ['v1.30.1-eks-036c24b', 'good'],
  ['v2.0.0', 'good'],
  ['v1.29.9', 'bad'],
  ['', 'unknown'],
])('version "%s" is %s', (version, verdict) => {
  expect(judgeKubernetes(version)).toMatchObject([{ verdict }]);
});

test('the oldest version is that of the chart', () => {
  const chart = new URL('../../deploy/chart/Chart.yaml', import.meta.url);
  const { kubeVersion } = parse(readFileSync(chart, 'utf8')) as { kubeVersion: string };
  expect(kubeVersion).toBe(`>=1.${OLDEST_MINOR}.0-0`);
});

const COMPONENTS = ['agent', 'worker', 'kubelet'];

/** What is in force of the release `nodes`, with one of its bindings or policies changed. */
const judge = (
  changed: Partial<V1ValidatingAdmissionPolicyBindingSpec>,
  policy: V1ValidatingAdmissionPolicy['spec'] = {},
) =>
  judgeAdmission('nodes', {
    policies: COMPONENTS.map((name) => ({ metadata: { name: `nodes-${name}` }, spec: policy })),
    bindings: COMPONENTS.map((name) => ({
      spec: {
        policyName: `nodes-${name}`,
        validationActions: ['Deny'],
        ...(name === 'agent' && changed),
      },
    })),
  });

test('admission policies in force', () => {
  expect(judge({})).toMatchObject([{ verdict: 'good' }]);
});

test.each<[string, Partial<V1ValidatingAdmissionPolicyBindingSpec>]>([
  ['is not bound', { policyName: 'another' }],
  ['denies nothing', { validationActions: ['Warn', 'Audit'] }],
  ['is bound to a part only', { matchResources: { resourceRules: [] } }],
])('one that %s', (what, changed) => {
  expect(judge(changed)).toMatchObject([
    {
      verdict: 'bad',
      says: `nodes-agent ${what}: whoever has the token of an agent may change every Node`,
      mend: expect.stringContaining('Apply the manifests again'),
    },
  ]);
});

test('one that fails open, and those of another release', () => {
  expect(judge({}, { failurePolicy: 'Ignore' })).toHaveLength(COMPONENTS.length);
  expect(judgeAdmission('lockkeeper', { policies: [], bindings: [] })).toMatchObject(
    COMPONENTS.map((name) => ({
      verdict: 'bad',
      says: expect.stringContaining(`lockkeeper-${name} is missing`),
    })),
  );
});
