import { describe, expect, test } from '@jest/globals';
import { readKuredLock } from './kured-lock.ts';

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
const UNREADABLE = { kind: 'unknown', because: 'its annotation cannot be read' };

describe('the lock of kured', () => {
  test.each<{ name: string; annotation: unknown; nowMs?: number; expected: object }>([
    {
      name: 'is held for the node that is named',
      annotation: hold('n1'),
      expected: { kind: 'held', nodes: ['n1'] },
    },
    {
      name: 'is held by hand, as the documentation of kured has it',
      annotation: { nodeID: 'manual' },
      expected: { kind: 'held', nodes: ['manual'] },
    },
    {
      name: 'is held for several nodes, in a stable order',
      annotation: { maxOwners: 2, locks: [hold('n2'), hold('n1')] },
      expected: { kind: 'held', nodes: ['n1', 'n2'] },
    },
    {
      name: 'is free once nobody is left in the list',
      annotation: { maxOwners: 2, locks: [] },
      expected: { kind: 'free' },
    },
    {
      name: 'is free where Go wrote an empty list as null',
      annotation: { maxOwners: 2, locks: null },
      expected: { kind: 'free' },
    },
    {
      name: 'is held up to the end of its time',
      annotation: hold('n1', HALF_AN_HOUR),
      nowMs: NOW - 1,
      expected: { kind: 'held', nodes: ['n1'] },
    },
    {
      name: 'is free from the end of its time on, as in kured',
      annotation: hold('n1', HALF_AN_HOUR),
      expected: { kind: 'free' },
    },
    {
      name: 'is held for those whose time is not over',
      annotation: { maxOwners: 2, locks: [hold('n1', HALF_AN_HOUR), hold('n2')] },
      expected: { kind: 'held', nodes: ['n2'] },
    },
    {
      name: 'is held when nobody can tell since when',
      annotation: { ...hold('n1', 1), created: 'yesterday' },
      expected: { kind: 'held', nodes: ['n1'] },
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
    expect(readKuredLock(JSON.stringify(annotation), nowMs)).toEqual(expected);
  });

  test('is free without the annotation, and unknown where that is no JSON', () => {
    expect(readKuredLock(undefined, NOW)).toEqual({ kind: 'free' });
    expect(readKuredLock('', NOW)).toEqual(UNREADABLE);
    expect(readKuredLock('{"nodeID":', NOW)).toEqual(UNREADABLE);
  });
});
