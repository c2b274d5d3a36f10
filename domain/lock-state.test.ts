import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  candidatesOf,
  dropPermits,
  dropWaiter,
  emptyLock,
  enqueue,
  grant,
  inOrder,
  markEnded,
  noteEnd,
  pass,
  permitOf,
  turnOf,
  useUp,
  type LockState,
  type PermitRequest,
  type PermitRef,
  type Waiter,
} from './lock-state.ts';

const NOW = 1_000;
const idOf = (node: string): string => `node-rollout/${node}`;
const asks = (node: string, over: Partial<PermitRequest> = {}): PermitRequest => ({
  workflowId: idOf(node),
  runId: `run-${node}`,
  node,
  ...over,
});
const waits = (node: string, over: Partial<PermitRequest> = {}): Waiter => ({
  ...asks(node, over),
  sinceMs: 0,
});
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);
const queueOf = (...nodes: string[]): LockState =>
  nodes.reduce((state, node, at) => enqueue(state, asks(node), at), emptyLock('workers'));

/** Grants the first in the queue. */
function grantFirst(state: LockState, nowMs = 36): LockState {
  const [first] = state.queue;
  return first ? grant(state, first, { countedAtMs: nowMs - 1, nowMs }).state : state;
}

/** n1 has the permit workers-10-1, n2 has workers-10-2, n3 waits. */
const state = grantFirst(grantFirst(queueOf('n1', 'n2', 'n3')));

describe('a request', () => {
  test('joins at the end, with the time it came', () => {
    expect(queueOf('n1', 'n2').queue).toEqual([
      { ...asks('n1'), sinceMs: 0 },
      { ...asks('n2'), sinceMs: 1 },
    ]);
  });

  test('of who waits keeps its place, and brings up to date what it says', () => {
    const renewed = enqueue(queueOf('n1', 'n2'), asks('n1', { runId: 'new', overdueAtMs: 7 }), 9);
    expect(renewed.queue).toEqual([
      { ...asks('n1', { runId: 'new', overdueAtMs: 7 }), sinceMs: 0 },
      { ...asks('n2'), sinceMs: 1 },
    ]);
  });

  test('of who has a permit keeps it for the run of now, which counts on it', () => {
    const ended = markEnded(state, ['workers-10-1'], 50);
    const renewed = enqueue(ended, asks('n1', { runId: 'new' }), 60);
    expect(renewed.permits).toEqual([{ ...state.permits[0], runId: 'new' }, state.permits[1]]);
    expect(renewed.queue).toEqual(state.queue);
    expect(permitOf(enqueue(ended, asks('n2'), 60), idOf('n1'))?.endedMs).toBe(50);
  });
});

describe('a grant', () => {
  test('moves a waiter from the queue to the permits, with when the nodes were counted', () => {
    expect(state.permits[0]).toEqual({
      ...asks('n1'),
      grantId: 'workers-10-1',
      sinceMs: 36,
      countedAtMs: 35,
    });
    expect(names(state.queue)).toEqual(['n3']);
  });

  test('G1: has another id than the one of the same count that a reset has taken back', () => {
    const [one, other] = [1_000, 1_001].map((ms) => grantFirst(queueOf('n1'), ms).permits[0]);
    expect(one?.grantId).not.toBe(other?.grantId);
  });

  test('that was dropped is not given a second time to the next', () => {
    const next = grantFirst(dropPermits(state, ['workers-10-2', 'workers-10-9']));
    expect(next.permits.map(({ grantId }) => grantId)).toEqual(['workers-10-1', 'workers-10-3']);
  });
});

describe('what a rollout says of its permit', () => {
  test.each<{ name: string; act: typeof pass; word: PermitRef; permits: string; queue: string }>([
    ...[
      { verb: 'used', act: useUp },
      { verb: 'passed', act: pass },
    ].flatMap(({ verb, act }) => [
      {
        name: `${verb} takes the one named by its grant`,
        act,
        word: { workflowId: idOf('n1'), grantId: 'workers-10-1' },
        permits: 'n2',
        queue: 'n3',
      },
      {
        name: `G1: ${verb} of an older grant changes nothing`,
        act,
        word: { workflowId: idOf('n1'), grantId: 'workers-10-0' },
        permits: 'n1 n2',
        queue: 'n3',
      },
      {
        name: `G1: ${verb} of another's grant changes nothing`,
        act,
        word: { workflowId: idOf('n1'), grantId: 'workers-10-2' },
        permits: 'n1 n2',
        queue: 'n3',
      },
      {
        name: `${verb} of an older grant does not cost the place taken since`,
        act,
        word: { workflowId: idOf('n3'), grantId: 'workers-10-1' },
        permits: 'n1 n2',
        queue: 'n3',
      },
      {
        name: `${verb} of a stranger changes nothing`,
        act,
        word: { workflowId: idOf('n9') },
        permits: 'n1 n2',
        queue: 'n3',
      },
    ]),
    {
      name: 'G1: used without a grant changes nothing',
      act: useUp,
      word: { workflowId: idOf('n1') },
      permits: 'n1 n2',
      queue: 'n3',
    },
    {
      name: 'passed without a grant takes whatever permit it has',
      act: pass,
      word: { workflowId: idOf('n1') },
      permits: 'n2',
      queue: 'n3',
    },
    {
      name: 'passed without a grant takes the place in the queue',
      act: pass,
      word: { workflowId: idOf('n3') },
      permits: 'n1 n2',
      queue: '',
    },
  ])('$name', ({ act, word, permits, queue }) => {
    const next = act(state, word);
    expect(names(next.permits).join(' ')).toBe(permits);
    expect(names(next.queue).join(' ')).toBe(queue);
    expect(act(next, word)).toEqual(next);
  });

  test('a permit that no run counts on is dated by when that was first known', () => {
    const ended = markEnded(markEnded(state, ['workers-10-1'], 50), ['workers-10-1'], 90);
    expect(ended.permits).toEqual([{ ...state.permits[0], endedMs: 50 }, state.permits[1]]);
  });

  test('a waiter that is gone leaves the permits alone', () => {
    expect(dropWaiter(state, idOf('n3'))).toEqual({ ...state, queue: [] });
    expect(dropWaiter(state, idOf('n1'))).toEqual(state);
  });
});

describe('the end of a rollout', () => {
  test.each([
    {
      end: { node: 'n1', zone: 'a' },
      expected: { lastReturn: { atMs: 7, zone: 'a' }, lengths: [] },
    },
    { end: { node: 'n1', tookMs: 5 }, expected: { lastReturn: { atMs: 7 }, lengths: [5] } },
  ])('is remembered with its zone, and how long it took where it says so: $end', (given) => {
    expect(noteEnd(state, given.end, 7)).toEqual({ ...state, ...given.expected });
  });

  test('is remembered of the latest twenty', () => {
    const took = Array.from({ length: 25 }, (_, index) => index + 1);
    const after = took.reduce((now, tookMs) => noteEnd(now, { node: 'n1', tookMs }, 7), state);
    expect(after.lengths).toEqual(took.slice(5));
  });
});

describe('who comes first', () => {
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
        waits('e', { overdueAtMs: NOW + 1 }),
      ],
      expected: ['c', 'b', 'd', 'a', 'e'],
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
  ])('$name', ({ queue, expected }) => {
    expect(names(inOrder(queue, NOW))).toEqual(expected);
  });

  const all = [
    ...['n1', 'n2', 'n3'].map((node) => waits(node, { zone: 'a' })),
    waits('n4'),
    waits('n5', { zone: 'b', last: true }),
    waits('n6', { zone: 'b' }),
  ];
  test.each([
    { name: 'the first of each zone', troubled: [], expected: ['n1', 'n2', 'n4', 'n6'] },
    {
      name: 'G5: the troubled ones, who alone may go in a halted pool',
      troubled: ['n5', 'n1'],
      expected: ['n1', 'n2', 'n4', 'n6', 'n5'],
    },
  ])('candidates are the first in order, and $name', ({ troubled, expected }) => {
    expect(names(candidatesOf(all, NOW, { most: 2, troubled }))).toEqual(expected);
  });
});

describe('whatever the queue is,', () => {
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
  const isOverdue = ({ last, overdueAtMs = NOW + 1 }: Waiter) => !last && overdueAtMs <= NOW;

  test('nobody is left out, overdue ones come first, and those alike keep the order of asking', () => {
    fc.assert(
      fc.property(queue, (all) => {
        const order = inOrder(all, NOW);
        expect(names(order).toSorted()).toEqual(names(all).toSorted());
        const plain = (one: Waiter) => !one.last && !isOverdue(one);
        expect(names(order.filter(plain))).toEqual(names(all.filter(plain)));
        const count = all.filter(isOverdue).length;
        expect(order.slice(0, count).every(isOverdue)).toBe(true);
      }),
    );
  });

  test('candidates are few, in order, and everybody who can come next is among them', () => {
    fc.assert(
      fc.property(queue, fc.integer({ min: 1, max: 5 }), (all, most) => {
        const order = inOrder(all, NOW);
        const found = candidatesOf(all, NOW, { most });
        expect(found.slice(0, most)).toEqual(order.slice(0, most));
        expect(found).toEqual(order.filter((one) => found.includes(one)));
        for (const zone of new Set(all.map((one) => one.zone))) {
          const first = order.find((one) => one.zone === zone);
          expect(found.find((one) => one.zone === zone)).toBe(first);
        }
        expect(found.length).toBeLessThanOrEqual(most + 4);
      }),
    );
  });
});

describe('G8: where a rollout stands', () => {
  const all = enqueue(state, asks('n4', { overdueAtMs: 500 }), 9);
  const waiting = { kind: 'waiting', of: 2 };

  test.each([
    { node: 'n1', at: 100, expected: { kind: 'granted', grantId: 'workers-10-1' } },
    { node: 'n3', at: 100, expected: { ...waiting, place: 1, behind: ['n1', 'n2'] } },
    { node: 'n4', at: 100, expected: { ...waiting, place: 2, behind: ['n1', 'n2', 'n3'] } },
    { node: 'n4', at: 500, expected: { ...waiting, place: 1, behind: ['n1', 'n2'] } },
    { node: 'n3', at: 500, expected: { ...waiting, place: 2, behind: ['n1', 'n2', 'n4'] } },
    { node: 'n9', at: 100, expected: undefined },
  ])('$node at $at', ({ node, at, expected }) => {
    expect(turnOf(all, idOf(node), at)).toEqual(expected);
  });

  test('names no whole fleet', () => {
    const long = queueOf(...Array.from({ length: 9 }, (_, index) => `n${index}`));
    expect(turnOf(long, idOf('n8'), 0)).toMatchObject({
      place: 9,
      behind: ['n0', 'n1', 'n2', 'n3', 'n4'],
    });
  });
});

const node = fc.constantFrom('n1', 'n2', 'n3', 'n4');
const grantNumber = fc.nat(6);
const grantIdOf = (count: number): string => `workers-10-${count}`;
const step = fc.record({
  do: fc.constantFrom('ask', 'ask', 'grant', 'grant', 'use', 'pass', 'end', 'drop', 'gone', 'back'),
  node,
  run: fc.constantFrom('run-1', 'run-2'),
  /** The grant that it is about. */
  grant: fc.option(grantNumber, { nil: undefined }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const wordOf = ({ node: of, grant: count }: Step): PermitRef => ({
  workflowId: idOf(of),
  ...(count === undefined ? {} : { grantId: grantIdOf(count) }),
});

const TAKE: { [D in Step['do']]: (state: LockState, step: Step, atMs: number) => LockState } = {
  ask: (before, { node: of, run }, atMs) => enqueue(before, asks(of, { runId: run }), atMs),
  grant: (before) => grantFirst(before),
  use: (before, move) => useUp(before, wordOf(move)),
  pass: (before, move) => pass(before, wordOf(move)),
  end: (before, { grant: count = 0 }, atMs) => markEnded(before, [grantIdOf(count)], atMs),
  drop: (before, { grant: count = 0 }) => dropPermits(before, [grantIdOf(count)]),
  gone: (before, { node: of }) => dropWaiter(before, idOf(of)),
  back: (before, { node: of }, atMs) => noteEnd(before, { node: of }, atMs),
};

test('G1: in whatever order signals come, late or twice, each node counts once and each permit is fenced', () => {
  const history = fc.array(step, { maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(history, (moves) => {
      const given = new Set<string>();
      let before = emptyLock('workers');
      moves.forEach((move, atMs) => {
        const after = TAKE[move.do](before, move, atMs);
        // Nobody both waits and has a permit, nor either twice.
        const all = names([...after.permits, ...after.queue]);
        expect(new Set(all).size).toBe(all.length);
        // Every grant has an id of its own, for ever.
        for (const { workflowId, grantId } of after.permits) {
          if (permitOf(before, workflowId)?.grantId === grantId) continue;
          expect(move.do).toBe('grant');
          expect(given.has(grantId)).toBe(false);
          given.add(grantId);
        }
        // A permit ends by a word that names it, or by its own rollout's that wants nothing at all.
        for (const { node: had, grantId } of before.permits) {
          if (after.permits.some((permit) => permit.grantId === grantId)) continue;
          expect(['use', 'pass', 'drop']).toContain(move.do);
          if (move.grant !== undefined) expect(grantIdOf(move.grant)).toBe(grantId);
          else expect(move).toMatchObject({ do: 'pass', node: had });
        }
        // Who stays in the queue keeps the order, and what is said twice is said once.
        const staying = names(before.queue).filter((one) => names(after.queue).includes(one));
        expect(names(after.queue).slice(0, staying.length)).toEqual(staying);
        if (move.do !== 'grant' && move.do !== 'back') {
          expect(TAKE[move.do](after, move, atMs + 1)).toEqual(after);
        }
        // Continue-as-new carries it whole.
        expect(JSON.parse(JSON.stringify(after))).toEqual(after);
        before = after;
      });
    }),
    { numRuns: 150 },
  );
});
