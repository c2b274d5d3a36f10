import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  emptyLock,
  enqueue,
  inTurn,
  lineOf,
  placeOf,
  type PermitRequest,
  type Waiter,
} from './lock-state.ts';

const NOW = 1_000;
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);

const waits = (node: string, over: Partial<PermitRequest> = {}): Waiter => ({
  workflowId: `node-rollout/${node}`,
  runId: 'run-1',
  node,
  sinceMs: 0,
  ...over,
});

const waiter = fc.record(
  {
    zone: fc.constantFrom('a', 'b', 'c'),
    overdueAtMs: fc.integer({ min: 0, max: 2 * NOW }),
    last: fc.boolean(),
  },
  { requiredKeys: [] },
);
const queue = fc
  .array(waiter, { maxLength: 40, size: 'max' })
  .map((all) => all.map((over, index) => waits(`n${index}`, over)));

describe('whose turn comes first', () => {
  test.each([
    {
      name: 'those who asked first, where nothing else counts',
      queue: [waits('a'), waits('b')],
      expected: ['a', 'b'],
    },
    {
      name: 'overdue ones before others, the longest overdue first',
      queue: [
        waits('a'),
        waits('b', { overdueAtMs: 900 }),
        waits('c', { overdueAtMs: 100 }),
        waits('d', { overdueAtMs: NOW }),
      ],
      expected: ['c', 'b', 'd', 'a'],
    },
    {
      name: 'who is overdue only later waits like the others',
      queue: [waits('a'), waits('b', { overdueAtMs: NOW + 1 })],
      expected: ['a', 'b'],
    },
    {
      name: 'the hosts of our workers last, overdue or not',
      queue: [
        waits('a', { last: true, overdueAtMs: 0 }),
        waits('b'),
        waits('c', { last: true }),
        waits('d'),
      ],
      expected: ['b', 'd', 'a', 'c'],
    },
  ])('$name', ({ queue: all, expected }) => {
    expect(names(inTurn(all, NOW))).toEqual(expected);
  });

  test('nobody is left out and nobody comes twice, and those alike keep the order of asking', () => {
    fc.assert(
      fc.property(queue, (all) => {
        const turn = inTurn(all, NOW);
        expect(names(turn).toSorted()).toEqual(names(all).toSorted());
        const plain = (one: Waiter) => !one.last && (one.overdueAtMs ?? NOW + 1) > NOW;
        expect(names(turn.filter(plain))).toEqual(names(all.filter(plain)));
      }),
    );
  });

  test('nobody who waits passes an overdue one that is no host of ours', () => {
    fc.assert(
      fc.property(queue, (all) => {
        const overdue = inTurn(all, NOW).map(
          ({ last, overdueAtMs = NOW + 1 }) => !last && overdueAtMs <= NOW,
        );
        const firstOther = overdue.indexOf(false);
        if (firstOther >= 0) expect(overdue.slice(firstOther)).not.toContain(true);
      }),
    );
  });
});

describe('the line a look at the world is given', () => {
  test('is short, however long the queue is, and begins with the first in turn', () => {
    const long = Array.from({ length: 5_000 }, (_, index) => waits(`n${index}`));
    expect(names(lineOf(long, NOW, { most: 3 }))).toEqual(['n0', 'n1', 'n2']);
  });

  test('has the first of each zone, so that none is left waiting for another', () => {
    const all = [
      ...['n1', 'n2', 'n3'].map((node) => waits(node, { zone: 'a' })),
      waits('n4'),
      waits('n5', { zone: 'b', last: true }),
      waits('n6', { zone: 'b' }),
    ];
    expect(names(lineOf(all, NOW, { most: 2 }))).toEqual(['n1', 'n2', 'n4', 'n6']);
  });

  test('G5: takes along the troubled ones, who alone may go in a halted pool, however far behind they stand', () => {
    const all = ['n1', 'n2', 'n3', 'n4'].map((node, at) => ({
      workflowId: node,
      runId: node,
      node,
      sinceMs: at,
    }));
    const line = lineOf(all, NOW, { most: 2, troubled: ['n4', 'n1'] });
    expect(line.map(({ node }) => node)).toEqual(['n1', 'n2', 'n4']);
  });

  test('has everybody that can come next, in turn, whatever the queue is', () => {
    fc.assert(
      fc.property(queue, fc.integer({ min: 1, max: 5 }), (all, most) => {
        const turn = inTurn(all, NOW);
        const line = lineOf(all, NOW, { most });
        expect(line.slice(0, most)).toEqual(turn.slice(0, most));
        expect(line).toEqual(turn.filter((one) => line.includes(one)));
        for (const zone of new Set(all.map((one) => one.zone))) {
          const first = turn.find((one) => one.zone === zone);
          expect(line.find((one) => one.zone === zone)).toBe(first);
        }
        expect(line.length).toBeLessThanOrEqual(most + 4);
      }),
    );
  });
});

describe('placeOf', () => {
  const all = ['a', 'b', 'c'].reduce(
    (state, node, at) => enqueue(state, waits(node, node === 'c' ? { overdueAtMs: 500 } : {}), at),
    emptyLock('workers', 'k'),
  );

  test.each([
    { at: 100, node: 'c', place: 3, behind: ['a', 'b'] },
    { at: 500, node: 'c', place: 1, behind: [] },
    { at: 500, node: 'b', place: 3, behind: ['c', 'a'] },
  ])('G8: of $node at $at is $place, as it is served', ({ at, node, place, behind }) => {
    expect(placeOf(all, `node-rollout/${node}`, at)).toEqual({ place, behind });
  });

  test('of somebody who does not wait is none', () => {
    expect(placeOf(all, 'node-rollout/x', 0).place).toBe(0);
  });
});
