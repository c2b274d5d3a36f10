import { describe, expect, test } from '@jest/globals';
import { wantsNode } from './daemon-set.ts';

const NODE = {
  name: 'n1',
  labels: { os: 'linux', cores: '8', gpu: '' },
  taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
};
const GPU = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const withTaint = (effect = 'NoSchedule') => ({ ...NODE, taints: [{ ...GPU, effect }] });

const daemonSet = (spec: object) => ({ spec: { template: { spec } } });
const matching = (...nodeSelectorTerms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
});
const expressions = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});

describe('a DaemonSet wants a node', () => {
  test.each<[name: string, spec: object, node: typeof NODE]>([
    ['where it asks for nothing, however cordoned', {}, NODE],
    ['that has the labels of its node selector', { nodeSelector: { os: 'linux', gpu: '' } }, NODE],
    ['that it names', { nodeName: 'n1' }, NODE],
    [
      'by its name',
      matching({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }),
      NODE,
    ],
    [
      'by one of its terms',
      matching(expressions('os', 'In', 'windows'), expressions('gpu', 'Exists')),
      NODE,
    ],
    ['by what it has not', matching(expressions('spot', 'DoesNotExist')), NODE],
    ['by another value', matching(expressions('os', 'NotIn', 'windows')), NODE],
    [
      'by a number',
      matching({
        matchExpressions: [
          ...expressions('cores', 'Gt', '4').matchExpressions,
          ...expressions('cores', 'Lt', '9').matchExpressions,
        ],
      }),
      NODE,
    ],
    ['whose taint only advises', {}, withTaint('PreferNoSchedule')],
    [
      'whose taint it tolerates',
      { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
      withTaint(),
    ],
    [
      'whose taint it tolerates by value',
      { tolerations: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
      withTaint(),
    ],
    [
      'because it tolerates everything',
      { tolerations: [{ operator: 'Exists' }] },
      withTaint('NoExecute'),
    ],
    [
      'that has no network yet, since it brings it',
      { hostNetwork: true },
      {
        ...NODE,
        taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }],
      },
    ],
    ['as far as anybody can tell', matching(expressions('os', 'Resembles', 'x')), NODE],
  ])('%s', (_, spec, node) => {
    expect(wantsNode(daemonSet(spec), node)).toBe(true);
  });

  test.each([undefined, null, 'x', [], {}, { spec: { template: 7 } }])(
    'that is written as %j',
    (written) => {
      expect(wantsNode(written, NODE)).toBe(true);
    },
  );
});

describe('a DaemonSet does not want a node', () => {
  test.each<[name: string, spec: object, node: typeof NODE]>([
    ['without the labels of its node selector', { nodeSelector: { os: 'windows' } }, NODE],
    ['of another name', { nodeName: 'n2' }, NODE],
    [
      'by none of its terms',
      matching(expressions('os', 'In', 'windows'), expressions('spot', 'Exists')),
      NODE,
    ],
    ['by a term that says nothing', matching({}), NODE],
    ['where it has no term', matching(), NODE],
    ['by a number', matching(expressions('cores', 'Gt', '8')), NODE],
    ['by a number that is none', matching(expressions('os', 'Lt', '8')), NODE],
    [
      'whose taint it does not tolerate',
      { tolerations: [{ key: 'gpu', value: 'no' }] },
      withTaint(),
    ],
    [
      'whose taint it tolerates by another effect',
      { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }] },
      withTaint(),
    ],
    [
      'without a network, which it needs',
      {},
      {
        ...NODE,
        taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }],
      },
    ],
  ])('%s', (_, spec, node) => {
    expect(wantsNode(daemonSet(spec), node)).toBe(false);
  });

  test('any more when it is being deleted', () => {
    const metadata = { deletionTimestamp: '2026-11-23T22:00:00Z' };
    expect(wantsNode({ metadata, ...daemonSet({}) }, NODE)).toBe(false);
  });
});
