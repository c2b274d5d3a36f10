import { describe, expect, test } from '@jest/globals';
import {
  emptyLock,
  enqueue,
  grant,
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
      name: 'of a node by a person leaves who waits with it in its place',
      given: { node: 'n3' },
      expected: { holders: ['n1', 'n2'], queue: ['n3'] },
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

const done = (state: LockState, node: string, over: object): LockState => {
  const held = grantFirst(enqueue(state, asks(node), 1));
  return release(held, { workflowId: asks(node).workflowId, ...over }, 5);
};

describe('how long rollouts take', () => {
  test('is remembered of those that went well, the latest twenty', () => {
    let state = emptyLock('workers', 'k');
    for (let tookMs = 1; tookMs <= 25; tookMs += 1)
      state = done(state, 'n1', { fine: true, tookMs });
    expect(state.lengths).toEqual(Array.from({ length: 20 }, (_, index) => index + 6));
  });

  test.each([
    { name: 'went wrong', over: { trouble: 'no answer', tookMs: 7 } },
    { name: 'were handed back', over: { tookMs: 7 } },
    { name: 'do not say', over: { fine: true } },
  ])('is not known of those that $name', ({ over }) => {
    expect(done(emptyLock('workers', 'k'), 'n1', over)).not.toHaveProperty('lengths');
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

describe('trouble that comes with a release', () => {
  const given = { workflowId: 'node-rollout/n7', grantId: 'workers-k-9', trouble: 'budget web' };

  test('G5: is noted also when the lock knows nothing of the permit any more', () => {
    const state = release(emptyLock('workers', 'k'), { ...given, of: 'n7' }, 5);
    expect(state.troubles).toEqual([{ node: 'n7', because: 'budget web', sinceMs: 5 }]);
  });

  test('is nobody’s when neither a holder nor the release names a node', () => {
    expect(release(emptyLock('workers', 'k'), given, 5).troubles).toEqual([]);
  });
});
