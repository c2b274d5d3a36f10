import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  emptyLock,
  enqueue,
  grant,
  holderOf,
  placeOf,
  release,
  type LockState,
  type PermitRequest,
} from './lock-state.ts';

const asks = (node: string, over: Partial<PermitRequest> = {}): PermitRequest => ({
  workflowId: `node-rollout/${node}`,
  runId: 'run-1',
  node,
  ...over,
});

const queueOf = (...nodes: string[]): LockState =>
  nodes.reduce((state, node, at) => enqueue(state, asks(node), at), emptyLock('workers', 'k'));

/** Grants the first in the queue. */
function grantFirst(state: LockState): LockState {
  const [first] = state.queue;
  return first ? grant(state, first) : state;
}

const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);

describe('enqueue', () => {
  test('puts a request at the end, with the time it came', () => {
    const state = queueOf('n1', 'n2');
    expect(names(state.queue)).toEqual(['n1', 'n2']);
    expect(state.queue[1]).toEqual({ ...asks('n2'), sinceMs: 1 });
  });

  test('keeps the place of who asks again, and takes over the new run', () => {
    const state = enqueue(queueOf('n1', 'n2'), asks('n1', { runId: 'run-2' }), 9);
    expect(names(state.queue)).toEqual(['n1', 'n2']);
    expect(state.queue[0]).toMatchObject({ runId: 'run-2', sinceMs: 0 });
  });

  test('keeps the permit of a holder that asks again, and takes over the new run', () => {
    const held = grantFirst(queueOf('n1'));
    const state = enqueue(held, asks('n1', { runId: 'run-2' }), 9);
    expect(state.queue).toEqual([]);
    expect(state.holders).toEqual([{ ...held.holders[0], runId: 'run-2' }]);
  });

  test('G1: gives a permit at once to a node that is out of service already, waiting or not', () => {
    const holding = asks('n2', { holding: true });
    for (const before of [queueOf('n1'), queueOf('n1', 'n2')]) {
      const state = enqueue(before, holding, 9);
      expect(names(state.queue)).toEqual(['n1']);
      expect(names(state.holders)).toEqual(['n2']);
    }
  });
});

describe('release', () => {
  const held = grantFirst(grantFirst(queueOf('n1', 'n2', 'n3')));

  test.each([
    {
      name: 'takes the permit named by its grant',
      given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' },
      expected: { holders: ['n2'], queue: ['n3'] },
    },
    {
      name: 'of a workflow takes whatever permit it has',
      given: { workflowId: 'node-rollout/n1' },
      expected: { holders: ['n2'], queue: ['n3'] },
    },
    {
      name: 'of a node by a person takes its permit',
      given: { node: 'n2' },
      expected: { holders: ['n1'], queue: ['n3'] },
    },
    {
      name: 'without a grant takes the place in the queue',
      given: { workflowId: 'node-rollout/n3' },
      expected: { holders: ['n1', 'n2'], queue: [] },
    },
    {
      name: 'G1: of an older grant frees nothing',
      given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-0' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
    {
      name: "G1: of another's grant frees nothing",
      given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-2' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
    {
      name: 'of an older grant does not cost the place taken since',
      given: { workflowId: 'node-rollout/n3', grantId: 'workers-k-1' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
    {
      name: 'of a stranger changes nothing',
      given: { workflowId: 'node-rollout/n9' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
    {
      name: 'of a grant without a name changes nothing',
      given: { grantId: 'workers-k-1' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
    {
      name: 'of nothing changes nothing',
      given: {},
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
    },
  ])('$name', ({ given, expected }) => {
    const state = release(held, given, 5);
    expect({ holders: names(state.holders), queue: names(state.queue) }).toEqual(expected);
  });
});

describe('placeOf', () => {
  const state = grantFirst(queueOf('n1', 'n2', 'n3'));
  test.each([
    { name: 'the first waits behind the holders', node: 'n2', place: 1, behind: ['n1'] },
    { name: 'the next waits behind both', node: 'n3', place: 2, behind: ['n1', 'n2'] },
  ])('$name', ({ node, place, behind }) => {
    expect(placeOf(state, `node-rollout/${node}`, 9)).toEqual({ place, behind });
  });
});

type Step =
  | { readonly do: 'ask'; readonly node: string; readonly holding: boolean }
  | { readonly do: 'grant' }
  | { readonly do: 'release'; readonly node: string; readonly grant: number | undefined };

const NODES = ['n1', 'n2', 'n3', 'n4'];
const node = fc.constantFrom(...NODES);
const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({
    do: fc.constant('ask'),
    node,
    holding: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  }),
  fc.record({ do: fc.constant('grant') }),
  fc.record({
    do: fc.constant('release'),
    node,
    grant: fc.option(fc.nat(6), { nil: undefined }),
  }),
);

function take(state: LockState, move: Step, atMs: number): LockState {
  switch (move.do) {
    case 'ask':
      return enqueue(state, asks(move.node, { holding: move.holding }), atMs);
    case 'grant':
      return grantFirst(state);
    case 'release':
      return release(
        state,
        {
          workflowId: `node-rollout/${move.node}`,
          ...(move.grant === undefined ? {} : { grantId: `workers-k-${move.grant}` }),
        },
        5,
      );
    default:
      return move satisfies never;
  }
}

/** Long enough for permits to be given back and granted again. */
const history = fc.array(step, { maxLength: 30, size: 'max' });

/** Checks a law after every step of any history. */
function always(law: (before: LockState, after: LockState, move: Step) => void): void {
  fc.assert(
    fc.property(history, (moves) => {
      let state = emptyLock('workers', 'k');
      moves.forEach((move, atMs) => {
        const next = take(state, move, atMs);
        law(state, next, move);
        state = next;
      });
    }),
    { numRuns: 300 },
  );
}

describe('G1: whatever is asked, granted and given back in whatever order,', () => {
  test('nobody both waits and holds, and nobody does either twice', () => {
    always((_, { holders, queue }) => {
      const all = names([...holders, ...queue]);
      expect(new Set(all).size).toBe(all.length);
    });
  });

  test('every grant has an id of its own', () => {
    fc.assert(
      fc.property(history, (moves) => {
        const given = new Set<string>();
        let state = emptyLock('workers', 'k');
        moves.forEach((move, atMs) => {
          const next = take(state, move, atMs);
          for (const { workflowId, grantId } of next.holders) {
            if (holderOf(state, workflowId)?.grantId === grantId) continue;
            expect(given.has(grantId)).toBe(false);
            given.add(grantId);
          }
          state = next;
        });
      }),
      { numRuns: 300 },
    );
  });

  test('who stays in the queue keeps the order, and newcomers join at its end', () => {
    always((before, after) => {
      const staying = names(before.queue).filter((name) => names(after.queue).includes(name));
      expect(names(after.queue).slice(0, staying.length)).toEqual(staying);
      expect(after.queue.length).toBeLessThanOrEqual(before.queue.length + 1);
    });
  });

  test('asking twice is asking once', () => {
    always((before, after, move) => {
      if (move.do !== 'ask') return;
      const atMs = before.queue.length;
      expect(take(after, move, atMs + 1_000)).toEqual(after);
    });
  });

  test('a release names its permit, or it frees none', () => {
    always((before, after, move) => {
      if (move.do !== 'release' || move.grant === undefined) return;
      const held = holderOf(before, `node-rollout/${move.node}`)?.grantId;
      const freed = before.holders.length - after.holders.length;
      expect(freed).toBe(held === `workers-k-${move.grant}` ? 1 : 0);
      expect(after.queue).toEqual(before.queue);
    });
  });

  test('its state is plain JSON, so that continue-as-new carries it whole', () => {
    always((_, after) => expect(JSON.parse(JSON.stringify(after))).toEqual(after));
  });
});
