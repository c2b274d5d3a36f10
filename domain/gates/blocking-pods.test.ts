import { describe, expect, test } from '@jest/globals';
import { aPod } from '../a-pod.fixture.ts';
import { blockingPodsIn, type BlockingRule } from './blocking-pods.ts';

const rule = (selector: string, more: Partial<BlockingRule> = {}): BlockingRule => ({
  selector,
  phases: ['Pending', 'Running'],
  ...more,
});
const DB = { labels: { app: 'db', role: 'primary' } };

describe('a pod blocks its node', () => {
  test.each([
    { name: 'when its labels are selected', pod: DB, rules: [rule('app=db')], blocks: true },
    {
      name: 'when one rule of several selects it',
      pod: DB,
      rules: [rule('app=web'), rule('role')],
      blocks: true,
    },
    {
      name: 'not when only a part of a rule selects it',
      pod: DB,
      rules: [rule('app=db,role=replica')],
      blocks: false,
    },
    { name: 'not without a rule', pod: DB, rules: [], blocks: false },
    {
      name: 'while it is pending',
      pod: { ...DB, phase: 'Pending' },
      rules: [rule('app=db')],
      blocks: true,
    },
    {
      name: 'while it is terminating, as in kured',
      pod: { ...DB, deletionTimestampMs: 1 },
      rules: [rule('app=db')],
      blocks: true,
    },
    {
      name: 'though its DaemonSet would bring it back',
      pod: { ...DB, owner: { kind: 'DaemonSet', name: 'db' } },
      rules: [rule('app=db')],
      blocks: true,
    },
    ...['Succeeded', 'Failed', 'Unknown'].map((phase) => ({
      name: `not in phase ${phase}, as in kured`,
      pod: { ...DB, phase },
      rules: [rule('app=db')],
      blocks: false,
    })),
    {
      name: 'in the phases of its rule',
      pod: { ...DB, phase: 'Unknown' },
      rules: [rule('app=db', { phases: ['Unknown'] })],
      blocks: true,
    },
    {
      name: 'in the namespace of its rule',
      pod: DB,
      rules: [rule('app=db', { namespace: 'shop' })],
      blocks: true,
    },
    {
      name: 'not in another namespace',
      pod: DB,
      rules: [rule('app=db', { namespace: 'else' })],
      blocks: false,
    },
  ])('$name', ({ pod, rules, blocks }) => {
    expect(blockingPodsIn([aPod('db-0', pod)], rules)).toEqual(blocks ? ['shop/db-0'] : []);
  });

  test('several are named in a stable order', () => {
    const pods = [aPod('b', DB), aPod('c'), aPod('a', DB)];
    expect(blockingPodsIn(pods, [rule('app=db'), rule('role=primary')])).toEqual([
      'shop/a',
      'shop/b',
    ]);
  });
});
