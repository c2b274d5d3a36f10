import { describe, expect, test } from '@jest/globals';
import { budgetLine, selects, type LabelSelector } from './disruption-budget.ts';

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
  expect(budgetLine({ name: 'web', ...numbers })).toBe(
    'disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed)',
  );
});

test('budgetLine says why a budget cannot count', () => {
  const numbers = { name: 'web', allowed: 0, healthy: 1, desired: 0, expected: 0 };
  expect(budgetLine(numbers)).toBe(
    'disruption budget web allows 0 disruptions: it cannot count pods that no controller has made (1 healthy, 0 expected); give it minAvailable as a number',
  );
  expect(budgetLine({ ...numbers, failure: 'found no controller ref for pod "web-1"' })).toBe(
    'disruption budget web allows 0 disruptions: found no controller ref for pod "web-1"',
  );
});
