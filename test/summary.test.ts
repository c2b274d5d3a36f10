import { expect, test } from '@jest/globals';
import { readSummary, saySummary } from './summary.ts';

test.each([
  {
    name: 'everything passed',
    line: 'Tests:       10 passed, 10 total',
    expected: { failed: 0, skipped: 0, passed: 10, total: 10 },
  },
  {
    name: 'all kinds',
    line: 'Tests:       1 failed, 2 skipped, 3 todo, 10 passed, 16 total',
    expected: { failed: 1, skipped: 5, passed: 10, total: 16 },
  },
  {
    name: 'in colour',
    line: '\u001b[1mTests:       \u001b[22m\u001b[1m\u001b[32m7 passed\u001b[39m\u001b[22m, 7 total',
    expected: { failed: 0, skipped: 0, passed: 7, total: 7 },
  },
  { name: 'another line', line: 'Test Suites: 1 passed, 1 total', expected: undefined },
  { name: 'a line of a test', line: '  Tests: 1 passed, 1 total', expected: undefined },
])('reads the closing line of a run: $name', ({ line, expected }) => {
  expect(readSummary(line)).toEqual(expected);
});

test('the sum is said as Jest says it, so that it can be read again', () => {
  const runs = [
    { failed: 1, skipped: 0, passed: 2, total: 3 },
    { failed: 0, skipped: 4, passed: 5, total: 9 },
  ];
  const said = saySummary(runs);
  expect(said).toBe('Tests:       1 failed, 4 skipped, 7 passed, 12 total');
  expect(readSummary(said)).toEqual({ failed: 1, skipped: 4, passed: 7, total: 12 });
});
