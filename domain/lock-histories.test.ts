import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  addTrouble,
  adopt,
  emptyLock,
  endTrouble,
  enqueue,
  grant,
  holderOf,
  orphan,
  release,
  withdraw,
  type LockState,
  type PermitRequest,
} from './lock-state.ts';

type Step =
  | { readonly do: 'ask'; readonly node: string; readonly run: string; readonly holding: boolean }
  | { readonly do: 'grant' }
  | {
      readonly do: 'release';
      readonly node: string;
      readonly grant: number | undefined;
      readonly word: 'trouble' | 'fine' | undefined;
    }
  | { readonly do: 'orphan'; readonly run: string }
  | { readonly do: 'adopt'; readonly node: string; readonly run: string }
  | { readonly do: 'withdraw'; readonly grant: number }
  | { readonly do: 'trouble'; readonly node: string }
  | { readonly do: 'well'; readonly node: string };

const asks = (node: string, runId: string): PermitRequest => ({
  workflowId: `node-rollout/${node}`,
  runId,
  node,
});
const grantId = (count: number): string => `workers-k-${count}`;
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);

const node = fc.constantFrom('n1', 'n2', 'n3', 'n4');
const run = fc.constantFrom('run-1', 'run-2', 'run-3');
const seldom = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true));
const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ do: fc.constant('ask'), node, run, holding: seldom }),
  fc.record({ do: fc.constant('grant') }),
  fc.record({
    do: fc.constant('release'),
    node,
    grant: fc.option(fc.nat(6), { nil: undefined }),
    word: fc.constantFrom('trouble', 'fine', undefined),
  }),
  fc.record({ do: fc.constant('orphan'), run }),
  fc.record({ do: fc.constant('adopt'), node, run }),
  fc.record({ do: fc.constant('withdraw'), grant: fc.nat(6) }),
  fc.record({ do: fc.constant('trouble'), node }),
  fc.record({ do: fc.constant('well'), node }),
);

type Take<S extends Step> = (state: LockState, step: S, atMs: number) => LockState;

const TAKE: { [K in Step['do']]: Take<Extract<Step, { do: K }>> } = {
  ask: (state, { node, run, holding }, atMs) =>
    enqueue(state, { ...asks(node, run), ...(holding ? { holding } : {}) }, atMs),
  grant: (state) => {
    const [first] = state.queue;
    return first ? grant(state, first) : state;
  },
  release: (state, move, atMs) =>
    release(
      state,
      {
        workflowId: `node-rollout/${move.node}`,
        ...(move.grant === undefined ? {} : { grantId: grantId(move.grant) }),
        ...(move.word === 'trouble' ? { trouble: 'it failed' } : {}),
        ...(move.word === 'fine' ? { fine: true } : {}),
      },
      atMs,
    ),
  orphan: (state, move, atMs) => orphan(state, [move.run], atMs),
  adopt: (state, { node, run }, atMs) => adopt(state, asks(node, run), atMs),
  withdraw: (state, move) => withdraw(state, grantId(move.grant)),
  trouble: (state, { node }, sinceMs) => addTrouble(state, { node, because: 'lost', sinceMs }),
  well: (state, { node }) => endTrouble(state, [node]),
};

const take = (state: LockState, move: Step, atMs: number): LockState =>
  (TAKE[move.do] as Take<Step>)(state, move, atMs);

/** Long enough for permits to be given back and granted again. */
const history = fc.array(step, { maxLength: 40, size: 'max' });

interface Moment {
  readonly before: LockState;
  readonly after: LockState;
  readonly move: Step;
}

/** Checks a law after every step of any history. */
function always(law: (moment: Moment) => void): void {
  fc.assert(
    fc.property(history, (moves) => {
      let before = emptyLock('workers', 'k');
      moves.forEach((move, atMs) => {
        const after = take(before, move, atMs);
        law({ before, after, move });
        before = after;
      });
    }),
    { numRuns: 400 },
  );
}

describe('G1: whatever is asked, granted, given back, orphaned, adopted and withdrawn in whatever order,', () => {
  test('nobody both waits and holds, and nobody does either twice', () => {
    always(({ after: { holders, queue } }) => {
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
          for (const { workflowId, grantId: id } of next.holders) {
            if (holderOf(state, workflowId)?.grantId === id) continue;
            expect(given.has(id)).toBe(false);
            given.add(id);
          }
          state = next;
        });
      }),
      { numRuns: 400 },
    );
  });

  test('who stays in the queue keeps the order, and newcomers join at its end', () => {
    always(({ before, after }) => {
      const staying = names(before.queue).filter((name) => names(after.queue).includes(name));
      expect(names(after.queue).slice(0, staying.length)).toEqual(staying);
      expect(after.queue.length).toBeLessThanOrEqual(before.queue.length + 1);
    });
  });

  test('asking twice is asking once', () => {
    always(({ after, move }) => {
      if (move.do === 'ask') expect(take(after, move, 1_000)).toEqual(after);
    });
  });

  test('a permit ends by a release that names it or its rollout, or by a withdrawal, and by nothing else', () => {
    always(({ before, after, move }) => {
      const ended = before.holders.filter(
        ({ grantId: id }) => !after.holders.some((holder) => holder.grantId === id),
      );
      for (const { node, grantId: id, adopted } of ended) {
        const named = 'grant' in move && (move.grant === undefined || grantId(move.grant) === id);
        expect(['release', 'withdraw']).toContain(move.do);
        if (move.do === 'release') expect(move.node).toBe(node);
        expect(named || (move.do === 'release' && adopted === true)).toBe(true);
      }
      expect(ended.length).toBeLessThanOrEqual(1);
    });
  });

  test('a release that names a permit costs nobody a place in the queue', () => {
    always(({ before, after, move }) => {
      if (move.do !== 'release' || move.grant === undefined) return;
      expect(after.queue).toEqual(before.queue);
    });
  });

  test('an orphaned permit stays marked until its rollout asks again, and since the same time', () => {
    always(({ before, after, move }) => {
      for (const { workflowId, node, orphanedMs } of before.holders) {
        const now = holderOf(after, workflowId);
        if (orphanedMs === undefined || !now) continue;
        const asked = move.do === 'ask' && move.node === node;
        expect(now.orphanedMs).toBe(asked ? undefined : orphanedMs);
      }
    });
  });

  test('G5: trouble ends by good news of its own node only', () => {
    always(({ before, after, move }) => {
      const ended = names(before.troubles).filter((name) => !names(after.troubles).includes(name));
      if (ended.length > 0) {
        expect(ended).toEqual(['node' in move ? move.node : '']);
        expect(move.do === 'well' || (move.do === 'release' && move.word === 'fine')).toBe(true);
      }
      expect(new Set(names(after.troubles)).size).toBe(after.troubles.length);
    });
  });

  test('its state is plain JSON, so that continue-as-new carries it whole', () => {
    always(({ after }) => expect(JSON.parse(JSON.stringify(after))).toEqual(after));
  });
});
