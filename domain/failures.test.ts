import { expect, test } from '@jest/globals';
import { FAILURES } from './failures.ts';

test('what cannot change by itself is not tried again, and nothing else is given up', () => {
  const final = Object.entries(FAILURES).flatMap(([kind, { retry }]) => (retry ? [] : [kind]));
  expect(final).toEqual([
    'bad-input',
    'no-such-node',
    'no-pool',
    'drain-timed-out',
    'cordon-lost',
    'node-gone',
    'not-ours',
    'run-changed',
    'order-refused',
    'agent-silent',
  ]);
});
