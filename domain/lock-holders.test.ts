import { describe, expect, test } from '@jest/globals';
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
  stamped,
  withdraw,
  type LockState,
  type PermitRequest,
} from './lock-state.ts';

const asks = (node: string, over: Partial<PermitRequest> = {}): PermitRequest => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-${node}`,
  node,
  ...over,
});
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);

/** n1 has the permit workers-k-1, n2 has workers-k-2, n3 waits. */
const held = ['n1', 'n2', 'n3'].reduce(
  (state, node, at) => enqueue(state, asks(node, { zone: `zone-${node}` }), at),
  emptyLock('workers', 'k'),
);
const grantedTo = (state: LockState, count: number): LockState =>
  state.queue.slice(0, count).reduce(grant, state);
const state = grantedTo(held, 2);

describe('a permit whose run has ended', () => {
  const orphaned = orphan(state, ['run-n1'], 100);

  test('is kept, with the time from which on that is known', () => {
    expect(orphaned.holders).toEqual([{ ...state.holders[0], orphanedMs: 100 }, state.holders[1]]);
    expect(orphaned.queue).toEqual(state.queue);
  });

  test('G5: is not freed by hearing it again, nor does its time begin anew', () => {
    expect(orphan(orphaned, ['run-n1', 'run-n9'], 900)).toEqual(orphaned);
  });

  test('is marked by its run, so that a new run of the same rollout is not', () => {
    const renewed = enqueue(state, asks('n1', { runId: 'run-new' }), 50);
    expect(orphan(renewed, ['run-n1'], 100)).toEqual(renewed);
  });

  test('belongs to the new run that asks for it, and is not orphaned any more', () => {
    const renewed = enqueue(orphaned, asks('n1', { runId: 'run-new', holding: true }), 200);
    expect(renewed.holders).toEqual([{ ...state.holders[0], runId: 'run-new' }, state.holders[1]]);
    expect(renewed.grants).toBe(orphaned.grants);
  });

  test('keeps its mark while another asks', () => {
    expect(holderOf(enqueue(orphaned, asks('n2'), 200), 'node-rollout/n1')?.orphanedMs).toBe(100);
  });

  test.each([
    { name: 'its grant', given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' } },
    { name: 'a person, by the node', given: { node: 'n1' } },
  ])('is given back by $name', ({ given }) => {
    expect(names(release(orphaned, given, 300).holders)).toEqual(['n2']);
  });
});

describe('a holder found by a lock that took the place of a lost one', () => {
  const adopted = adopt(emptyLock('workers', 'new'), asks('n1', { zone: 'a' }), 5);

  test('gets a permit of this lock, marked as adopted', () => {
    expect(adopted.holders).toEqual([
      { ...asks('n1', { zone: 'a' }), sinceMs: 5, grantId: 'workers-new-1', adopted: true },
    ]);
  });

  test('may give it back by the id it knows, which the lost lock gave it', () => {
    const given = { workflowId: 'node-rollout/n1', grantId: 'workers-old-7' };
    expect(release(adopted, given, 9).holders).toEqual([]);
  });

  test("G1: gives nobody else's permit back", () => {
    const given = { workflowId: 'node-rollout/n2', grantId: 'workers-old-7' };
    expect(release(adopted, given, 9)).toEqual(adopted);
  });

  test('that has asked meanwhile has its permit already', () => {
    const asked = enqueue(emptyLock('workers', 'new'), asks('n1', { holding: true }), 1);
    expect(adopt(asked, asks('n1'), 5)).toEqual(asked);
  });

  test('G1: that waits in the queue meanwhile has handed its node back, and gets no permit unheard', () => {
    const waiting = enqueue(emptyLock('workers', 'new'), asks('n1'), 1);
    expect(adopt(waiting, asks('n1'), 5)).toEqual(waiting);
  });

  test('leaves the marks of others alone', () => {
    const next = adopt(state, asks('n7'), 5);
    expect(next.holders.map(({ adopted = false }) => adopted)).toEqual([false, false, true]);
  });
});

describe('a grant its waiter never heard of', () => {
  test('is taken back without a trace: it never had the node', () => {
    expect(withdraw(state, 'workers-k-2')).toEqual({ ...state, holders: [state.holders[0]] });
  });

  test('is not taken from who has another by then', () => {
    expect(withdraw(state, 'workers-k-7')).toEqual(state);
  });

  test('G1: has another id than the one of the same count that a reset has taken back', () => {
    const [one, other] = [1_000, 1_001].map(
      (nowMs) => grantedTo(stamped(held, nowMs), 1).holders[0]?.grantId,
    );
    expect(one).not.toBe(other);
    expect(one).toMatch(/^workers-\w+-1$/);
  });

  test('is not given a second time to the next', () => {
    const next = grantedTo(withdraw(state, 'workers-k-2'), 1);
    expect(next.holders.map(({ grantId }) => grantId)).toEqual(['workers-k-1', 'workers-k-3']);
  });
});

describe('G5: trouble with a node', () => {
  const lost = { node: 'n1', because: 'it is lost', sinceMs: 100 };

  test('is kept until it ends', () => {
    const troubled = addTrouble(addTrouble(state, lost), { ...lost, node: 'n2' });
    expect(names(troubled.troubles)).toEqual(['n1', 'n2']);
    expect(names(endTrouble(troubled, ['n1', 'n9']).troubles)).toEqual(['n2']);
    expect(endTrouble(troubled, [])).toEqual(troubled);
  });

  test('is known once for each node, in its latest words', () => {
    const later = { ...lost, because: 'drain timed out', sinceMs: 200 };
    expect(addTrouble(addTrouble(state, lost), later).troubles).toEqual([later]);
  });

  test('comes with the permit of a rollout that failed', () => {
    const given = { workflowId: 'node-rollout/n1', grantId: 'workers-k-1', trouble: 'no answer' };
    const next = release(state, given, 300);
    expect(names(next.holders)).toEqual(['n2']);
    expect(next.troubles).toEqual([{ node: 'n1', because: 'no answer', sinceMs: 300 }]);
  });

  test('ends with the permit of a rollout that went well, for its own node only', () => {
    const troubled = addTrouble(addTrouble(state, lost), { ...lost, node: 'n2' });
    const given = { workflowId: 'node-rollout/n1', grantId: 'workers-k-1', fine: true };
    expect(names(release(troubled, given, 300).troubles)).toEqual(['n2']);
  });

  test.each([
    {
      name: 'a permit that was given back without a word, as after an abort',
      given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' },
    },
    {
      name: 'late news of an older permit that failed',
      given: { workflowId: 'node-rollout/n2', grantId: 'workers-k-0', trouble: 'no answer' },
    },
    {
      name: 'late news of an older permit that went well',
      given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-0', fine: true },
    },
    {
      name: 'the place given up of a rollout that never had a permit',
      given: { workflowId: 'node-rollout/n3', trouble: 'no answer' },
    },
  ])('is not changed by $name', ({ given }) => {
    const troubled = addTrouble(state, lost);
    expect(release(troubled, given, 300).troubles).toEqual([lost]);
  });
});

describe('the last node that came back', () => {
  test('is remembered with its time and zone', () => {
    const given = { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' };
    expect(release(state, given, 300).lastReturn).toEqual({ atMs: 300, zone: 'zone-n1' });
  });

  test.each([
    { name: 'a place given up', given: { workflowId: 'node-rollout/n3' } },
    { name: 'late news', given: { workflowId: 'node-rollout/n1', grantId: 'workers-k-0' } },
    { name: 'news of a stranger', given: { node: 'n9' } },
  ])('is not another one by $name', ({ given }) => {
    expect(release(state, given, 300).lastReturn).toBeUndefined();
  });

  test('has no zone where the node has none', () => {
    const plain = grantedTo(enqueue(emptyLock('workers', 'k'), asks('n1'), 0), 1);
    expect(release(plain, { node: 'n1' }, 300).lastReturn).toEqual({ atMs: 300 });
  });
});
