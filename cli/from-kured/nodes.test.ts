import { describe, expect, test } from '@jest/globals';
import { parseSelector } from '../../domain/label-selector.ts';
import { Scheduling } from './kured.ts';
import { mayOverlap, nodesOf } from './nodes.ts';

const TOLERANT = [{ operator: 'Exists' }];

const nodes = (scheduling: object) =>
  nodesOf(Scheduling.parse({ tolerations: TOLERANT, ...scheduling }), 'workers');

const affinity = (...nodeSelectorTerms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
});

const expression = (key: string, operator: string, ...values: string[]) => ({
  key,
  operator,
  ...(values.length > 0 && { values }),
});

const term = (...matchExpressions: object[]) => ({ matchExpressions });

describe('the nodes of a DaemonSet as a selector', () => {
  test.each([
    ['no choice', {}, 'kubernetes.io/os=linux'],
    ['a selector', { nodeSelector: { pool: 'gpu', tier: 'a' } }, 'pool=gpu,tier=a'],
    ['In', affinity(term(expression('pool', 'In', 'a', 'b'))), 'pool in (a,b)'],
    ['In with one value', affinity(term(expression('pool', 'In', 'a'))), 'pool=a'],
    ['NotIn', affinity(term(expression('pool', 'NotIn', 'a', 'b'))), 'pool notin (a,b)'],
    ['NotIn with one value', affinity(term(expression('pool', 'NotIn', 'a'))), 'pool!=a'],
    ['Exists', affinity(term(expression('pool', 'Exists'))), 'pool'],
    ['DoesNotExist', affinity(term(expression('pool', 'DoesNotExist'))), '!pool'],
    [
      'selector and affinity',
      { nodeSelector: { tier: 'a' }, ...affinity(term(expression('pool', 'In', 'a'))) },
      'tier=a,pool=a',
    ],
    [
      'alternatives that are values of one label',
      affinity(term(expression('pool', 'In', 'a')), term(expression('pool', 'In', 'b', 'a'))),
      'pool in (a,b)',
    ],
  ])('%s', (_, scheduling, selector) => {
    expect(nodes(scheduling)).toMatchObject({ selector, notes: [] });
    expect(parseSelector(selector)).toBeDefined();
  });

  test.each([
    [
      'alternatives',
      affinity(term(expression('pool', 'In', 'a')), term(expression('tier', 'In', 'b'))),
      'pool In a; or tier In b',
    ],
    [
      'alternatives of more than one condition',
      affinity(
        term(expression('pool', 'In', 'a')),
        term(expression('pool', 'In', 'b'), expression('tier', 'Exists')),
      ),
      'pool In a; or pool In b and tier Exists',
    ],
    ['Gt', affinity(term(expression('cores', 'Gt', '8'))), 'cores Gt 8'],
    [
      'names',
      affinity({ matchFields: [expression('metadata.name', 'In', 'worker-1')] }),
      'metadata.name In worker-1',
    ],
    ['a term that matches nothing', affinity({}), ''],
  ])('%s become a label, and the pool is empty until a person sets it', (_, scheduling, said) => {
    const { selector, notes } = nodes({ nodeSelector: { os: 'linux' }, ...scheduling });
    expect(selector).toBe('os=linux,lockkeeper.io/pool=workers');
    expect(notes).toEqual([
      {
        about: 'nodeAffinity',
        loud: true,
        text: expect.stringContaining(`no label selector says this: ${said}.`),
      },
    ]);
  });

  test('preferences exclude no node', () => {
    const { selector, notes } = nodes({
      affinity: {
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] },
      },
    });
    expect(selector).toBe('kubernetes.io/os=linux');
    expect(notes).toHaveLength(1);
  });
});

const toleration = (more: object) => ({
  key: 'node-role.kubernetes.io/control-plane',
  ...more,
});
const selectorFor = (tolerations: object[]) => nodes({ tolerations }).selector;

describe('the control plane', () => {
  test.each([
    ['its taint', [toleration({ effect: 'NoSchedule' })]],
    ['its key', [toleration({ operator: 'Exists' })]],
    ['every NoSchedule', [{ operator: 'Exists', effect: 'NoSchedule' }]],
    ['everything', TOLERANT],
  ])('belongs to the pool of a kured that tolerates %s', (_, tolerations) => {
    expect(selectorFor(tolerations)).toBe('kubernetes.io/os=linux');
  });

  test.each([
    ['nothing', []],
    ['another taint', [{ key: 'gpu', operator: 'Exists' }]],
    ['its taint with a value that it does not have', [toleration({ value: 'yes' })]],
    ['only its eviction', [toleration({ effect: 'NoExecute' })]],
  ])('is left out where kured tolerated %s', (_, tolerations) => {
    expect(selectorFor(tolerations)).toBe(
      'kubernetes.io/os=linux,!node-role.kubernetes.io/control-plane',
    );
  });

  test('may be what the selector asks for', () => {
    const nodeSelector = { 'node-role.kubernetes.io/control-plane': '' };
    expect(nodes({ nodeSelector, tolerations: [] }).selector).toBe(
      'node-role.kubernetes.io/control-plane=',
    );
  });
});

describe('two DaemonSets', () => {
  const one = (key: string, operator: string, ...values: string[]) =>
    nodes(affinity(term(expression(key, operator, ...values))));

  test.each([
    ['other values', one('pool', 'In', 'a', 'b'), one('pool', 'In', 'c')],
    ['a value and its exclusion', one('pool', 'In', 'a'), one('pool', 'NotIn', 'a', 'b')],
    ['a label and its absence', one('pool', 'Exists'), one('pool', 'DoesNotExist')],
    ['a value and its absence', one('pool', 'In', 'a'), one('pool', 'DoesNotExist')],
  ])('share no node: %s', (_, left, right) => {
    expect([mayOverlap(left, right), mayOverlap(right, left)]).toEqual([false, false]);
  });

  test.each([
    ['a value in common', one('pool', 'In', 'a', 'b'), one('pool', 'In', 'b', 'c')],
    ['another label', one('pool', 'In', 'a'), one('tier', 'In', 'b')],
    ['a label and one of its values', one('pool', 'Exists'), one('pool', 'In', 'a')],
    ['two exclusions', one('pool', 'NotIn', 'a'), one('pool', 'NotIn', 'b')],
    ['a value that is not excluded', one('pool', 'In', 'a', 'c'), one('pool', 'NotIn', 'a')],
    ['two absences', one('pool', 'DoesNotExist'), one('pool', 'NotIn', 'a')],
    ['no choice', nodes({}), nodes({})],
  ])('may share nodes: %s', (_, left, right) => {
    expect([mayOverlap(left, right), mayOverlap(right, left)]).toEqual([true, true]);
  });
});
