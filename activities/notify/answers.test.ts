import { describe, expect, test } from '@jest/globals';
import type { PoolAnswer } from '../admit-next.ts';
import { createActivities } from '../index.ts';
import type { UndoRequest } from '../restore.ts';
import { recorded } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';
import * as answers from './answers.ts';

const OF = { node: 'n1', pool: 'workers' };
const RECORD = {
  workflowId: 'node-rollout/n1',
  runId: 'run-1',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};
const RESTORE = { ...OF, record: RECORD, stillRequired: false };
const ORDER = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: 1 };
const undo = (why: UndoRequest['why']): UndoRequest => ({
  ...OF,
  record: RECORD,
  because: 'x',
  why,
  trouble: false,
});
const { ofCordon, ofOrder, ofReturn, ofRestore, ofUndo, ofAdmission, ofWindow } = answers;

test.each([
  ['a cordon', ofCordon(OF, { kind: 'cordoned', record: RECORD, atMs: 1 }), 'draining'],
  ['a closed gate', ofCordon(OF, { kind: 'closed', because: 'x' }), undefined],
  ['an order', ofOrder(OF, { kind: 'ordered', order: ORDER, orderedAtMs: 1 }), 'rebooting'],
  ['pods in the way', ofOrder(OF, { kind: 'not-empty', owners: [], because: 'x' }), undefined],
  ['a late node', ofReturn(OF, { kind: 'late', because: 'x' }), 'lost'],
  ['a return', ofReturn(OF, { kind: 'returned', bootId: 'b', stillRequired: false }), undefined],
  ['a refusal, which is undone', ofReturn(OF, { kind: 'refused', because: 'x' }), undefined],
  ['a node that is handed back', ofRestore(RESTORE, { kind: 'restored' }), 'returned'],
  ['a quarantine', ofRestore(RESTORE, { kind: 'quarantined' }), 'failed'],
  ['a node that is away again', ofRestore(RESTORE, { kind: 'not-back' }), undefined],
  ['a node that is gone', ofRestore(RESTORE, { kind: 'gone' }), 'undone'],
  ['a node that is gone before its reboot', ofUndo(undo('failure'), { kind: 'gone' }), 'undone'],
  ['a gate that closed meanwhile', ofUndo(undo('gate'), { kind: 'undone' }), 'undone'],
  ['a failure', ofUndo(undo('failure'), { kind: 'undone' }), 'failed'],
  ['an abort, which is no failure', ofUndo(undo('abort'), { kind: 'undone' }), 'undone'],
  ['an undo that came too late', ofUndo(undo('failure'), { kind: 'too-late' }), undefined],
] as const)('after %s people are told what it means', (_, notice, event) => {
  expect(notice?.event).toBe(event);
  if (notice) expect(notice).toMatchObject(OF);
});

test('a failure is told with the try it was, and when the next may come', () => {
  const undone = { kind: 'undone', tries: 3, againAtMs: 0 } as const;
  expect(ofUndo(undo('failure'), undone)?.because).toBe(
    'x; try 3 without a reboot, the next not before 1970-01-01T00:00:00.000Z',
  );
  expect(ofUndo(undo('abort'), undone)?.because).toBe('x');
});

test('a node that was cordoned before is said to stay so', () => {
  const record = { ...RECORD, cordonedByUs: false };
  expect(ofRestore({ ...RESTORE, record }, { kind: 'restored' })?.because).toBe(
    'it was cordoned before, and stays so',
  );
});

async function noticesOf(stage: Stage, facts: object = {}) {
  stage.nodes.add('n1', { annotations: recorded(), unschedulable: true, ...facts });
  const { undoNode } = createActivities(stage.deps);
  const { pool: _, ...asked } = undo('gate');
  await stage.environment.run(() => undoNode(asked));
  return stage.notices.sent;
}

describe('the notice of an activity', () => {
  test('names the rollout, leaves out a pool that nobody knows, and is the same however often it is tried', async () => {
    const [first] = await noticesOf(new Stage());
    const [second] = await noticesOf(new Stage({}, { attempt: 2 }));
    expect(first).toMatchObject({ event: 'undone', node: 'n1', rollout: 'node-rollout/n1' });
    expect(first).not.toHaveProperty('pool');
    expect(second?.id).toBe(first?.id);
  });

  test('is another in another run', async () => {
    const [first] = await noticesOf(new Stage());
    const [other] = await noticesOf(new Stage({}, { runId: 'run-2' }));
    expect(other?.id).not.toBe(first?.id);
  });

  test('is not there where it has nothing to say, or fails', async () => {
    expect(await noticesOf(new Stage(), { bootId: 'boot-2' })).toEqual([]);
    const stage = new Stage();
    stage.nodes.update = () => Promise.reject(new Error('no'));
    await expect(noticesOf(stage)).rejects.toThrow('no');
    expect(stage.notices.sent).toEqual([]);
  });
});

describe('the window of a pool', () => {
  const word = { pool: 'workers', by: 'ann', reason: 'CHG0042', atMs: 0 };

  test('is told of when a person opens it', () => {
    const window = { fromMs: 0, untilMs: 36_000_000, by: 'ann', reason: 'CHG0042' };
    expect(ofWindow({ ...word, window })).toEqual({
      event: 'windowOpened',
      pool: 'workers',
      because: 'open until 1970-01-01T10:00:00Z by ann: CHG0042',
    });
  });

  test('is told of when a person closes it', () => {
    expect(ofWindow(word)).toEqual({
      event: 'windowClosed',
      pool: 'workers',
      because: 'closed by ann: CHG0042',
    });
  });
});

describe('that a pool is halted', () => {
  const asked = { pool: 'workers', candidates: [], permits: [] };
  const nothing = { used: [], ended: [], lapsed: [] };
  const troubles = [
    { node: 'n2', because: 'it is lost', sinceMs: 5 },
    { node: 'n1', because: 'it is lost', sinceMs: 4 },
  ];

  test('is told under an id of its nodes', () => {
    const admission = { kind: 'halted', because: 'halted: n2, n1' } as const;
    expect(ofAdmission(asked, { ...nothing, admission, troubles })).toEqual({
      id: 'workers/halted/n1@4,n2@5',
      event: 'halted',
      pool: 'workers',
      because: 'halted: n2, n1',
    });
  });

  test.each<{ admission: PoolAnswer['admission'] }>([
    { admission: { kind: 'wait', because: 'n3 is cordoned' } },
    { admission: { kind: 'gone', workflowId: 'x' } },
    { admission: undefined },
  ])('is not told by $admission', ({ admission }) => {
    expect(ofAdmission(asked, { ...nothing, ...(admission && { admission }) })).toBeUndefined();
  });
});
