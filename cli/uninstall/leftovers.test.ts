import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeRollout } from '../../domain/node-contract.ts';
import type { NodeObject } from '../../domain/node-facts.ts';
import { leftoversOf, sayLeftovers } from './leftovers.ts';

const record = (cordonedByUs: boolean): string =>
  writeRollout({ workflowId: 'w', runId: 'r', cordonedByUs, bootIdBefore: 'b', phase: 'draining' });

function aNode(annotations: Record<string, string>, over: Partial<NodeObject> = {}): NodeObject {
  return { metadata: { name: 'n1', resourceVersion: '7', annotations }, ...over };
}

test('a node that only others have written on has nothing of ours', () => {
  const conditions = [
    { type: 'Ready', status: 'True' },
    // Of another tool that follows the same proposal.
    { type: 'Drained', status: 'True', reason: 'SomebodyElse' },
  ];
  const node = aNode({ 'other.example/hold': 'x' }, { status: { conditions } });
  expect(leftoversOf({ ...node, spec: { unschedulable: true } })).toBeUndefined();
});

test('every annotation with our prefix and every condition of ours is found, also those of a later release', () => {
  const conditions = [
    { type: 'RebootRequired', status: 'False', reason: 'SentinelAbsent' },
    { type: 'Drained', status: 'True', reason: 'Lockkeeper' },
    { type: 'Ready', status: 'True' },
  ];
  const annotations = { 'lockkeeper.io/of-tomorrow': '1', [ANNOTATION.past]: '{}', 'a/b': 'c' };
  expect(leftoversOf(aNode(annotations, { status: { conditions } }))).toEqual({
    node: 'n1',
    resourceVersion: '7',
    annotations: ['lockkeeper.io/of-tomorrow', ANNOTATION.past],
    conditions: ['RebootRequired', 'Drained'],
    cordon: false,
  });
});

describe('G6: a cordon', () => {
  test.each([
    { whose: 'ours is lifted', text: record(true), unschedulable: true, cordon: true },
    { whose: "somebody else's is kept", text: record(false), unschedulable: true, cordon: false },
    { whose: 'nobody knows is kept', text: 'garbled', unschedulable: true, cordon: false },
    { whose: 'that is gone stays so', text: record(true), unschedulable: false, cordon: false },
  ])('$whose', ({ text, unschedulable, cordon }) => {
    const node = aNode({ [ANNOTATION.rollout]: text }, { spec: { unschedulable } });
    expect(leftoversOf(node)?.cordon).toBe(cordon);
  });
});

test('a hold is repeated to the person who may want it back', () => {
  const found = leftoversOf(
    aNode({ [ANNOTATION.hold]: 'disk until=2027-01-01T00:00:00Z', [ANNOTATION.past]: '{}' }),
  );
  if (!found) throw new Error('there are annotations');
  expect(sayLeftovers(found)).toBe('n1: 2 annotations, the hold "disk until=2027-01-01T00:00:00Z"');
});
