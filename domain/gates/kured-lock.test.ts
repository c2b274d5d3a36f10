import { describe, expect, test } from '@jest/globals';
import { judged } from './judged.fixture.ts';
import { kuredLock } from './kured-lock.ts';
import type { ObjectAnswer } from './outside-gate.ts';

const CREATED = '2026-08-10T12:00:00.123456789Z';
const NOW = Date.parse('2026-08-10T12:30:00.123Z');
/** In Go's nanoseconds. */
const HALF_AN_HOUR = 30 * 60 * 1_000_000_000;

const hold = (nodeID: string, TTL = 0) => ({
  nodeID,
  metadata: { unschedulable: false },
  created: CREATED,
  TTL,
});
const LOCK = 'the lock of kured (DaemonSet ops/kured)';
const UNREADABLE = `${LOCK} cannot be read: its annotation cannot be read`;
const held = (nodes: string): string => `${LOCK} is held for ${nodes}`;

const reason = (answer: ObjectAnswer, nowMs = NOW) =>
  judged(kuredLock, { namespace: 'ops', annotation: 'lock' }, { objects: [answer], nowMs });
const annotated = (annotations: unknown): ObjectAnswer => ({
  kind: 'found',
  objects: [{ metadata: { annotations } }],
});

describe('the lock of kured', () => {
  test.each<{ name: string; annotation: unknown; nowMs?: number; expected: string | undefined }>([
    { name: 'is held for the node that is named', annotation: hold('n1'), expected: held('n1') },
    {
      name: 'is held by hand, as the documentation of kured has it',
      annotation: { nodeID: 'manual' },
      expected: held('manual'),
    },
    {
      name: 'is held for several nodes, in a stable order',
      annotation: { maxOwners: 2, locks: [hold('n2'), hold('n1')] },
      expected: held('n1, n2'),
    },
    {
      name: 'is free once nobody is left in the list',
      annotation: { maxOwners: 2, locks: [] },
      expected: undefined,
    },
    {
      name: 'is free where Go wrote an empty list as null',
      annotation: { maxOwners: 2, locks: null },
      expected: undefined,
    },
    {
      name: 'is held up to the end of its time',
      annotation: hold('n1', HALF_AN_HOUR),
      nowMs: NOW - 1,
      expected: held('n1'),
    },
    {
      name: 'is free from the end of its time on, as in kured',
      annotation: hold('n1', HALF_AN_HOUR),
      expected: undefined,
    },
    {
      name: 'is held for those whose time is not over',
      annotation: { maxOwners: 2, locks: [hold('n1', HALF_AN_HOUR), hold('n2')] },
      expected: held('n2'),
    },
    {
      name: 'is held when nobody can tell since when',
      annotation: { ...hold('n1', 1), created: 'yesterday' },
      expected: held('n1'),
    },
    { name: 'is unknown in another form', annotation: { node: 'n1' }, expected: UNREADABLE },
    {
      name: 'is unknown in a list of another form',
      annotation: { locks: [1] },
      expected: UNREADABLE,
    },
    {
      name: 'is unknown where locks are no list',
      annotation: { locks: 'x' },
      expected: UNREADABLE,
    },
    { name: 'is unknown as a number', annotation: 7, expected: UNREADABLE },
    { name: 'is unknown as null', annotation: null, expected: UNREADABLE },
  ])('$name', ({ annotation, nowMs = NOW, expected }) => {
    expect(reason(annotated({ lock: JSON.stringify(annotation) }), nowMs)).toBe(expected);
  });

  test.each<{ name: string; answer: ObjectAnswer; expected: string | undefined }>([
    { name: 'is free without any annotation', answer: annotated(undefined), expected: undefined },
    {
      name: 'is free without its own annotation',
      answer: annotated({ a: 'b' }),
      expected: undefined,
    },
    { name: 'is unknown where it is empty', answer: annotated({ lock: '' }), expected: UNREADABLE },
    {
      name: 'is unknown where it is no JSON',
      answer: annotated({ lock: '{"nodeID":' }),
      expected: UNREADABLE,
    },
    {
      name: 'is unknown where annotations are no texts',
      answer: annotated({ lock: 1 }),
      expected: UNREADABLE,
    },
    {
      name: 'is unknown without its DaemonSet: the name may be wrong',
      answer: { kind: 'missing' },
      expected: `${LOCK} cannot be read: there is no such DaemonSet; take gates.kuredLock out of the policy once kured is gone`,
    },
    {
      name: 'is unknown where it may not be read',
      answer: { kind: 'unknown', because: 'it is forbidden' },
      expected: `${LOCK} cannot be read: it is forbidden`,
    },
  ])('$name', ({ answer, expected }) => {
    expect(reason(answer)).toBe(expected);
  });
});

test('that one DaemonSet is asked for, and nothing else', () => {
  const rules = { namespace: 'ops', daemonSet: 'reboots', annotation: 'lock' };
  expect(kuredLock.questions(rules)).toEqual({
    objects: [
      {
        group: 'apps',
        version: 'v1',
        resource: 'daemonsets',
        verb: 'get',
        namespace: 'ops',
        name: 'reboots',
      },
    ],
  });
});
