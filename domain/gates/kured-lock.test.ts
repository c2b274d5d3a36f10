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
  test.each<[name: string, annotation: unknown, expected: string | undefined, nowMs?: number]>([
    ['is held for the node that is named', hold('n1'), held('n1')],
    ['is held by hand, as the documentation of kured has it', { nodeID: 'manual' }, held('manual')],
    [
      'is held for several nodes, in a stable order',
      { maxOwners: 2, locks: [hold('n2'), hold('n1')] },
      held('n1, n2'),
    ],
    ['is free once nobody is left in the list', { maxOwners: 2, locks: [] }, undefined],
    ['is free where Go wrote an empty list as null', { maxOwners: 2, locks: null }, undefined],
    ['is held up to the end of its time', hold('n1', HALF_AN_HOUR), held('n1'), NOW - 1],
    ['is free from the end of its time on, as in kured', hold('n1', HALF_AN_HOUR), undefined],
    [
      'is held for those whose time is not over',
      { maxOwners: 2, locks: [hold('n1', HALF_AN_HOUR), hold('n2')] },
      held('n2'),
    ],
    [
      'is held when nobody can tell since when',
      { ...hold('n1', 1), created: 'yesterday' },
      held('n1'),
    ],
    ['is unknown in another form', { node: 'n1' }, UNREADABLE],
    ['is unknown in a list of another form', { locks: [1] }, UNREADABLE],
    ['is unknown where locks are no list', { locks: 'x' }, UNREADABLE],
    ['is unknown as a number', 7, UNREADABLE],
    ['is unknown as null', null, UNREADABLE],
  ])('%s', (_, annotation, expected, nowMs = NOW) => {
    expect(reason(annotated({ lock: JSON.stringify(annotation) }), nowMs)).toBe(expected);
  });

  test.each<[name: string, answer: ObjectAnswer, expected: string | undefined]>([
    ['is free without any annotation', annotated(undefined), undefined],
    ['is free without its own annotation', annotated({ a: 'b' }), undefined],
    ['is unknown where it is empty', annotated({ lock: '' }), UNREADABLE],
    ['is unknown where it is no JSON', annotated({ lock: '{"nodeID":' }), UNREADABLE],
    ['is unknown where annotations are no texts', annotated({ lock: 1 }), UNREADABLE],
    [
      'is unknown without its DaemonSet: the name may be wrong',
      { kind: 'missing' },
      `${LOCK} cannot be read: there is no such DaemonSet; take gates.kuredLock out of the policy once kured is gone`,
    ],
    [
      'is unknown where it may not be read',
      { kind: 'unknown', because: 'it is forbidden' },
      `${LOCK} cannot be read: it is forbidden`,
    ],
  ])('%s', (_, answer, expected) => {
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
