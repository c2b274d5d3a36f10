import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeRollout } from '../../domain/node-contract.ts';
import type { NodeObject } from '../../domain/node-facts.ts';
import { leftoversOf, sayLeftovers } from './leftovers.ts';

const RECORD = {
  workflowId: 'w',
  runId: 'r',
  cordonedByUs: true,
  bootIdBefore: 'b',
  phase: 'draining',
};
const record = (cordonedByUs: boolean): string => writeRollout({ ...RECORD, cordonedByUs });

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
  const annotations = { 'lockkeeper.io/of-tomorrow': '1', [ANNOTATION.attempts]: '{}', 'a/b': 'c' };
  expect(leftoversOf(aNode(annotations, { status: { conditions } }))).toEqual({
    node: 'n1',
    resourceVersion: '7',
    annotations: ['lockkeeper.io/of-tomorrow', ANNOTATION.attempts],
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

describe('G6: marks', () => {
  const TENANT = 'node-restriction.kubernetes.io/tenant';
  const labels = {
    state: { found: 'serving', set: 'rebooting' },
    team: { found: null, set: 'ops' },
    rack: { found: '1', set: '2' },
    [TENANT]: { found: 'theirs', set: 'ours' },
  };
  const gpu = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
  const ours = { key: 'a/waits', effect: 'PreferNoSchedule' };

  test('labels of a rollout are put back as they were found, except where others have changed them or no policy could', () => {
    const node = aNode({ [ANNOTATION.rollout]: writeRollout({ ...RECORD, labels }) });
    const metadata = {
      ...node.metadata,
      labels: { state: 'rebooting', team: 'ops', rack: '3', [TENANT]: 'ours' },
    };
    const found = leftoversOf({ ...node, metadata });
    expect(found?.labels).toEqual({ state: 'serving', team: null });
    expect(found && sayLeftovers(found)).toBe('n1: 1 annotation, the label state, the label team');
  });

  test('a taint of ours is taken off, and others stay', () => {
    const spec = { taints: [gpu, ours] };
    const found = leftoversOf(aNode({ [ANNOTATION.taint]: 'a/waits' }, { spec }));
    expect(found?.taint).toEqual({ key: 'a/waits', left: [gpu] });
    expect(found && sayLeftovers(found)).toBe('n1: 1 annotation, the taint a/waits');
  });

  test('a taint without our annotation is not ours', () => {
    const found = leftoversOf(aNode({ [ANNOTATION.attempts]: '{}' }, { spec: { taints: [ours] } }));
    expect(found).not.toHaveProperty('taint');
  });
});

test('a hold is repeated to the person who may want it back', () => {
  const found = leftoversOf(
    aNode({ [ANNOTATION.hold]: 'disk until=2027-01-01T00:00:00Z', [ANNOTATION.attempts]: '{}' }),
  );
  if (!found) throw new Error('there are annotations');
  expect(sayLeftovers(found)).toBe('n1: 2 annotations, the hold "disk until=2027-01-01T00:00:00Z"');
});
