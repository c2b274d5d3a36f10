import { describe, expect, test } from '@jest/globals';
import { aNode, read } from './a-node.fixture.ts';
import type { NodeFacts } from './node-facts.ts';
import { isAccepted, recover } from './recovery.ts';

const US = 'node-rollout/n1';
const RECORD = {
  workflowId: US,
  runId: 'run-1',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};
const ORDER = { bootId: 'boot-1', rollout: `${US}/run-1`, expiresAtMs: 9_000 };
const ANSWER = {
  bootId: 'boot-1',
  rollout: `${US}/run-1`,
  verdict: 'accepted',
  because: 'in time',
  atMs: 5_000,
} as const;

describe('a rollout that starts', () => {
  test.each<{ name: string; node: Partial<NodeFacts>; ownerRunning?: boolean; expected: object }>([
    { name: 'starts where nothing is under way', node: {}, expected: { at: 'start' } },
    {
      name: 'leaves a record it cannot read to the gates',
      node: { rollout: { ok: false, because: 'it is not JSON' } },
      expected: { at: 'start' },
    },
    {
      name: 'leaves the record of another rollout that runs to the gates',
      node: { rollout: read({ ...RECORD, workflowId: 'by-hand' }) },
      ownerRunning: true,
      expected: { at: 'start' },
    },
    {
      name: 'undoes what another rollout that is over has left behind',
      node: { rollout: read({ ...RECORD, workflowId: 'by-hand' }) },
      expected: { at: 'undo', because: 'a former run was interrupted while draining' },
    },
    {
      name: 'undoes what its own former run has left before an order',
      node: { rollout: read(RECORD), unschedulable: true },
      ownerRunning: true,
      expected: { at: 'undo', record: RECORD },
    },
    {
      name: 'undoes an order that nobody has answered',
      node: { rollout: read(RECORD), order: read(ORDER) },
      expected: { at: 'undo' },
    },
    {
      name: 'undoes an order that was refused',
      node: {
        rollout: read(RECORD),
        order: read(ORDER),
        answer: read({ ...ANSWER, verdict: 'refused' }),
      },
      expected: { at: 'undo' },
    },
    {
      name: 'G7: goes on to the return once the order is accepted',
      node: { rollout: read(RECORD), order: read(ORDER), answer: read(ANSWER) },
      expected: { at: 'return', record: RECORD, because: 'the agent has accepted the order' },
    },
    {
      name: 'G7: goes on to the return of a node that has rebooted, so that it is not rebooted twice',
      node: { rollout: read(RECORD), bootId: 'boot-2' },
      expected: { at: 'return', because: 'the node has rebooted since it was cordoned' },
    },
  ])('$name', ({ node, ownerRunning = false, expected }) => {
    expect(recover(aNode(node), US, ownerRunning)).toMatchObject(expected);
  });
});

describe('an order counts as accepted', () => {
  test.each<{ name: string; node: Partial<NodeFacts>; expected: boolean }>([
    { name: 'when both are there and match', node: {}, expected: true },
    {
      name: 'but not when the answer is a refusal',
      node: { answer: read({ ...ANSWER, verdict: 'refused' }) },
      expected: false,
    },
    {
      name: 'but not when the answer is to another run',
      node: { answer: read({ ...ANSWER, rollout: `${US}/run-0` }) },
      expected: false,
    },
    {
      name: 'but not when the answer is of another boot',
      node: { answer: read({ ...ANSWER, bootId: 'boot-0' }) },
      expected: false,
    },
    {
      name: 'but not when both are of an earlier boot',
      node: {
        order: read({ ...ORDER, bootId: 'boot-0' }),
        answer: read({ ...ANSWER, bootId: 'boot-0' }),
      },
      expected: false,
    },
    {
      name: 'but not when the answer cannot be read',
      node: { answer: { ok: false, because: 'it is not JSON' } },
      expected: false,
    },
    {
      name: 'but not when the order has been withdrawn',
      node: { order: { ok: false, because: 'it is not JSON' } },
      expected: false,
    },
  ])('$name', ({ node, expected }) => {
    expect(isAccepted(aNode({ order: read(ORDER), answer: read(ANSWER), ...node }))).toBe(expected);
  });
});
