import { expect, test } from '@jest/globals';
import {
  introduceLock,
  introduceNotifier,
  introduceRollout,
  SCAN,
  summary,
} from './user-metadata.ts';

test('G8: a summary is one short line', () => {
  expect(summary('worker-1:\n  hold: held')).toBe('worker-1: hold: held');
  expect(summary('x'.repeat(999))).toHaveLength(100);
});

test('G8: a rollout is introduced by its node and the reason, and by what it can be told', () => {
  const { staticSummary, staticDetails } = introduceRollout({ node: 'n1', reason: 'libc6' });
  expect(staticSummary).toBe('reboot n1: libc6');
  expect(introduceRollout({ node: 'n1' }).staticSummary).toBe('reboot n1');
  for (const word of ['pause', 'resume', 'abort', 'skipGate', 'retry']) {
    expect(staticDetails).toContain(`\`${word}\``);
  }
});

test('G8: a lock is introduced by its pool, and by what it can be told', () => {
  const { staticSummary, staticDetails } = introduceLock('workers');
  expect(staticSummary).toBe('the lock of pool workers');
  for (const word of ['pause', 'resume', 'recheck']) expect(staticDetails).toContain(`\`${word}\``);
});

test.each([introduceRollout({ node: 'n1' }), introduceLock('w'), introduceNotifier('n1'), SCAN])(
  'G8: $staticSummary: its details are short enough to be read',
  ({ staticDetails }) => {
    expect(staticDetails.length).toBeLessThan(300);
  },
);
