import { describe, expect, test } from '@jest/globals';
import { aPod } from './a-pod.fixture.ts';
import {
  budgetLine,
  DisruptionBudget,
  selects,
  whyNever,
  type LabelSelector,
} from './disruption-budget.ts';

const one = (operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key: 'app', operator, ...(values ? { values } : {}) }],
});

describe('selects', () => {
  test.each<{ name: string; selector: LabelSelector | undefined; expected: boolean }>([
    { name: 'no selector selects nothing', selector: undefined, expected: false },
    { name: 'an empty selector selects everything', selector: {}, expected: true },
    { name: 'equal labels', selector: { matchLabels: { app: 'web' } }, expected: true },
    { name: 'other labels', selector: { matchLabels: { app: 'db' } }, expected: false },
    { name: 'In', selector: one('In', ['db', 'web']), expected: true },
    { name: 'NotIn', selector: one('NotIn', ['web']), expected: false },
    { name: 'Exists', selector: one('Exists'), expected: true },
    { name: 'DoesNotExist', selector: one('DoesNotExist'), expected: false },
    { name: 'an operator nobody knows yet', selector: one('Like', ['w*']), expected: true },
    {
      name: 'both parts must hold',
      selector: { matchLabels: { app: 'web' }, ...one('NotIn', ['web']) },
      expected: false,
    },
  ])('$name', ({ selector, expected }) =>
    expect(selects(selector, { app: 'web', tier: 'front' })).toBe(expected),
  );
});

test('budgetLine has the numbers a person needs', () => {
  const numbers = { allowed: 0, healthy: 2, desired: 2, expected: 3 };
  expect(budgetLine({ namespace: 'shop', name: 'web', ...numbers })).toBe(
    'disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed)',
  );
});

test('budgetLine says why a budget cannot count', () => {
  const numbers = {
    namespace: 'shop',
    name: 'web',
    allowed: 0,
    healthy: 1,
    desired: 0,
    expected: 0,
  };
  expect(budgetLine(numbers)).toBe(
    'disruption budget web allows 0 disruptions: it cannot count pods that no controller has made; give it minAvailable as a number',
  );
  expect(budgetLine({ ...numbers, failure: 'found no controller ref for pod "web-1"' })).toBe(
    'disruption budget web allows 0 disruptions: found no controller ref for pod "web-1"',
  );
});

const aBudget = (status: object, spec: object = { selector: {} }, name = 'web') =>
  DisruptionBudget.parse({ metadata: { namespace: 'shop', name }, spec, status });
const counted = (healthy: number, desired: number, expected: number) => ({
  disruptionsAllowed: Math.max(0, healthy - desired),
  currentHealthy: healthy,
  desiredHealthy: desired,
  expectedPods: expected,
});
const SYNC_FAILED = {
  type: 'DisruptionAllowed',
  status: 'False',
  reason: 'SyncFailed',
  message: 'found no controller ref for pod "web-0"',
};

describe('a pod that is Ready', () => {
  test.each<{ name: string; budgets: DisruptionBudget[]; expected: string | undefined }>([
    { name: 'is in no budget', budgets: [], expected: undefined },
    {
      name: 'is let go, for its budget has room',
      budgets: [aBudget(counted(3, 2, 3))],
      expected: undefined,
    },
    {
      name: 'is let go when the others are well again',
      budgets: [aBudget(counted(2, 2, 3))],
      expected: undefined,
    },
    {
      name: 'is let go while there are more than there should be',
      budgets: [aBudget(counted(2, 1, 1))],
      expected: undefined,
    },
    {
      name: 'is kept by a budget that needs every pod',
      budgets: [aBudget(counted(1, 1, 1))],
      expected: 'disruption budget web needs all of its pods',
    },
    {
      name: 'is kept by a budget that needs more pods than there are',
      budgets: [aBudget(counted(1, 2, 1))],
      expected: 'disruption budget web needs all of its pods',
    },
    {
      name: 'is kept by a budget that cannot count pods without a controller',
      budgets: [aBudget({ ...counted(1, 0, 0), disruptionsAllowed: 0 })],
      expected:
        'disruption budget web: it cannot count pods that no controller has made; give it minAvailable as a number',
    },
    {
      name: 'is kept by a budget whose count fails',
      budgets: [aBudget({ conditions: [SYNC_FAILED] })],
      expected: 'disruption budget web: found no controller ref for pod "web-0"',
    },
    {
      name: 'is kept by two budgets, for the API server obeys neither',
      budgets: [aBudget(counted(3, 2, 3)), aBudget(counted(3, 2, 3), { selector: {} }, 'all')],
      expected: 'several disruption budgets select it: web, all',
    },
    {
      name: 'is none of the business of budgets elsewhere, or of other pods',
      budgets: [
        { ...aBudget(counted(1, 1, 1)), namespace: 'elsewhere' },
        aBudget(counted(1, 1, 1), {}),
        aBudget(counted(1, 1, 1), { selector: { matchLabels: { app: 'db' } } }),
      ],
      expected: undefined,
    },
  ])('$name', ({ budgets, expected }) => {
    expect(whyNever(aPod('web-0', { labels: { app: 'web' } }), budgets)).toBe(expected);
  });
});

describe('a pod that is not Ready', () => {
  const ALWAYS = { selector: {}, unhealthyPodEvictionPolicy: 'AlwaysAllow' };
  const HEALTHY = { selector: {}, unhealthyPodEvictionPolicy: 'IfHealthyBudget' };
  const NEEDS_ALL = 'disruption budget web needs all of its pods';
  test.each<{
    name: string;
    phase?: string;
    budgets: DisruptionBudget[];
    expected: string | undefined;
  }>([
    {
      name: 'is kept where it is the one pod that is needed: it can be neither spared nor well enough to go',
      budgets: [aBudget(counted(0, 1, 1))],
      expected: NEEDS_ALL,
    },
    {
      name: 'and where that is said by name',
      budgets: [aBudget(counted(0, 1, 1), HEALTHY)],
      expected: NEEDS_ALL,
    },
    {
      name: 'is let go where enough others are well',
      budgets: [aBudget({ ...counted(2, 2, 2), disruptionsAllowed: 0 })],
      expected: undefined,
    },
    {
      name: 'is kept where nothing is needed, for then nothing counts as well',
      budgets: [aBudget({ ...counted(1, 0, 0), disruptionsAllowed: 0 })],
      expected: expect.stringContaining('cannot count') as unknown as string,
    },
    {
      name: 'is let go where its budget lets such pods go always',
      budgets: [aBudget(counted(0, 1, 1), ALWAYS)],
      expected: undefined,
    },
    {
      name: 'is kept by two budgets all the same',
      budgets: [aBudget(counted(0, 1, 1), ALWAYS), aBudget(counted(0, 1, 1), ALWAYS, 'all')],
      expected: 'several disruption budgets select it: web, all',
    },
    {
      name: 'is let go where it has not begun to run, whatever the budgets say',
      phase: 'Pending',
      budgets: [aBudget(counted(0, 1, 1)), aBudget(counted(0, 1, 1), HEALTHY, 'all')],
      expected: undefined,
    },
  ])('$name', ({ phase = 'Running', budgets, expected }) => {
    const pod = aPod('web-0', { labels: { app: 'web' }, ready: false, phase });
    expect(whyNever(pod, budgets)).toEqual(expected);
  });
});
