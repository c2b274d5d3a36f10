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

const OTHERS = read({ ...RECORD, workflowId: 'by-hand' });
const [record, order, answer] = [read(RECORD), read(ORDER), read(ANSWER)];
const refused = read({ ...ANSWER, verdict: 'refused' } as const);
const BAD = { ok: false, because: 'it is not JSON' } as const;

describe('a rollout that starts', () => {
  test.each<[name: string, node: Partial<NodeFacts>, expected: object, ownerRunning?: boolean]>([
    ['starts where nothing is under way', {}, { at: 'start' }],
    ['leaves a record it cannot read to the gates', { rollout: BAD }, { at: 'start' }],
    [
      'leaves the record of another that runs to the gates',
      { rollout: OTHERS },
      { at: 'start' },
      true,
    ],
    [
      'undoes what another rollout that is over has left behind',
      { rollout: OTHERS },
      { at: 'undo', because: 'a former run was interrupted while draining' },
    ],
    [
      'undoes what its own former run has left before an order',
      { rollout: record, unschedulable: true },
      { at: 'undo', record: RECORD },
      true,
    ],
    ['undoes an order that nobody has answered', { rollout: record, order }, { at: 'undo' }],
    ['undoes a refused order', { rollout: record, order, answer: refused }, { at: 'undo' }],
    [
      'G7: goes on to the return once the order is accepted',
      { rollout: record, order, answer },
      { at: 'return', record: RECORD, because: 'the agent has accepted the order' },
    ],
    [
      'G7: goes on to the return of a node that has rebooted, so that it is not rebooted twice',
      { rollout: record, bootId: 'boot-2' },
      { at: 'return', because: 'the node has rebooted since it was cordoned' },
    ],
  ])('%s', (_, node, expected, ownerRunning = false) => {
    expect(recover(aNode(node), US, ownerRunning)).toMatchObject(expected);
  });
});

describe('an order counts as accepted', () => {
  const ofEarlier = read({ ...ANSWER, bootId: 'boot-0' } as const);
  test.each<[name: string, node: Partial<NodeFacts>, expected: boolean]>([
    ['when both are there and match', {}, true],
    ['not when the answer is a refusal', { answer: refused }, false],
    ['not by an answer to another run', { answer: read({ ...ANSWER, rollout: 'x' }) }, false],
    ['not by an answer of another boot', { answer: ofEarlier }, false],
    [
      'not when both are of an earlier boot',
      { order: read({ ...ORDER, bootId: 'boot-0' }), answer: ofEarlier },
      false,
    ],
    ['not when the answer cannot be read', { answer: BAD }, false],
    ['not when the order has been withdrawn', { order: BAD }, false],
  ])('%s', (_, node, expected) => {
    expect(isAccepted(aNode({ order, answer, ...node }))).toBe(expected);
  });
});
