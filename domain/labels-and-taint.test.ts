import { describe, expect, test } from '@jest/globals';
import { ANNOTATION } from './node-contract.ts';
import type { NodeTaint } from './node-facts.ts';
import { addTaint, changesOf, removeTaint, undoLabels } from './labels-and-taint.ts';

describe('labels before a reboot', () => {
  const found = { state: 'serving', pool: 'a' };
  const changes = changesOf(found, { state: 'rebooting', constructor: 'new' });

  test('are remembered as they were found, whatever their keys are called', () => {
    expect(changes).toEqual({
      state: { found: 'serving', set: 'rebooting' },
      constructor: { found: null, set: 'new' },
    });
  });

  test.each<{ name: string; now: Record<string, string>; expected: object }>([
    {
      name: 'are put back as they were found',
      now: { state: 'rebooting', constructor: 'new' },
      expected: { state: 'serving', constructor: null },
    },
    {
      name: 'are left to whoever has changed them',
      now: { state: 'broken', constructor: 'new' },
      expected: { constructor: null },
    },
    { name: 'are left to whoever has taken them away', now: {}, expected: {} },
  ])('G6: $name', ({ now, expected }) => {
    expect(undoLabels(now, { labels: changes })).toEqual(expected);
  });

  test('of a record that has none are nothing to undo', () => {
    expect(undoLabels(found, {})).toEqual({});
  });
});

const KEY = 'example.org/waits';
const ours: NodeTaint = { key: KEY, effect: 'PreferNoSchedule' };
const gpu: NodeTaint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const old: NodeTaint = { key: 'old', effect: 'PreferNoSchedule' };
const annotated = (key: string | null) => ({ [ANNOTATION.taint]: key });

interface Row {
  readonly name: string;
  readonly taints: readonly NodeTaint[];
  readonly ourTaint?: string;
  readonly expected: object | undefined;
}

describe('the taint is put on', () => {
  test.each<Row>([
    {
      name: 'beside others',
      taints: [gpu],
      expected: { taints: [gpu, ours], annotations: annotated(KEY) },
    },
    {
      name: 'beside one of the same key and another effect',
      taints: [{ ...ours, effect: 'NoSchedule' }],
      expected: { taints: [{ ...ours, effect: 'NoSchedule' }, ours], annotations: annotated(KEY) },
    },
    {
      name: 'in place of a former one of ours',
      taints: [old, gpu],
      ourTaint: 'old',
      expected: { taints: [gpu, ours], annotations: annotated(KEY) },
    },
    { name: 'once', taints: [ours], ourTaint: KEY, expected: undefined },
    {
      name: 'not again where a person has taken it off',
      taints: [],
      ourTaint: KEY,
      expected: undefined,
    },
    { name: "G6: not where it is somebody else's", taints: [ours], expected: undefined },
    {
      name: "not where somebody else's has a value",
      taints: [{ ...ours, value: 'mine' }],
      expected: undefined,
    },
  ])('$name', ({ expected, ...node }) => {
    expect(addTaint(node, KEY)).toEqual(expected);
  });
});

describe('G6: the taint is taken off', () => {
  test.each<Row>([
    {
      name: 'and others stay',
      taints: [gpu, ours],
      ourTaint: KEY,
      expected: { taints: [gpu], annotations: annotated(null) },
    },
    {
      name: 'and those of the same key stay that are not as we write it',
      taints: [
        { ...ours, value: 'theirs' },
        { ...ours, effect: 'NoExecute' },
      ],
      ourTaint: KEY,
      expected: { annotations: annotated(null) },
    },
    { name: 'never without our annotation', taints: [ours], expected: undefined },
    {
      name: 'and where somebody has done so already only the annotation goes',
      taints: [gpu],
      ourTaint: KEY,
      expected: { annotations: annotated(null) },
    },
  ])('$name', ({ expected, ...node }) => {
    expect(removeTaint(node)).toEqual(expected);
  });
});
