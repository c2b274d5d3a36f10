import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  ANNOTATION,
  readAttempts,
  writeAttempts,
  writeRollout,
  type Attempts,
} from '../domain/node-contract.ts';
import { restoreNode, undoNode, type UndoRequest } from './restore.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const HOUR = 60 * 60_000;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A node this run has cordoned, with what is remembered of it. */
const onStage = (attempts: Attempts, facts: Partial<FakeNode> = {}) => {
  const stage = new Stage();
  const { nodes } = stage;
  const annotations = recorded();
  const text = writeAttempts(attempts);
  if (text !== null) annotations[ANNOTATION.attempts] = text;
  nodes.add('n1', { unschedulable: true, annotations, ...facts });
  return {
    nodes,
    attempts: () => readAttempts(nodes.at('n1').annotations[ANNOTATION.attempts]),
    restore: (stillRequired = false) =>
      stage.run(restoreNode, { node: 'n1', record: RECORD, stillRequired }),
    undo: (why: UndoRequest['why'], trouble = false) =>
      stage.run(undoNode, { node: 'n1', record: RECORD, why, because: 'no answer', trouble }),
  };
};

const failed = { count: 2, lastAtMs: NOW - HOUR, because: 'budget web' };
const back = { bootId: 'boot-2' };
const OTHERS = writeRollout({ ...RECORD, workflowId: 'by-hand' });

describe('a node that is handed back after its reboot', () => {
  test.each([
    { name: 'in service', stillRequired: false },
    { name: 'quarantined', stillRequired: true },
  ])('$name: remembers the reboots of a day, and forgets failed tries', async (given) => {
    const reboots = [NOW - 25 * HOUR, NOW - 23 * HOUR];
    const { restore, attempts } = onStage({ reboots, failed }, back);
    await restore(given.stillRequired);
    expect(attempts()).toEqual({ reboots: [NOW - 23 * HOUR, NOW] });
  });

  test('G7: remembers the reboot once, however often it is handed back', async () => {
    const { restore, attempts } = onStage({ reboots: [] }, back);
    await restore();
    jest.setSystemTime(NOW + HOUR);
    await restore();
    expect(attempts()).toEqual({ reboots: [NOW] });
  });

  test('that is away again has not been rebooted yet, as far as is known', async () => {
    const { restore, attempts } = onStage({ reboots: [], failed }, { ...back, ready: false });
    expect(await restore()).toEqual({ kind: 'not-back' });
    expect(attempts()).toEqual({ reboots: [], failed });
  });
});

describe('a node that is handed back without a reboot', () => {
  test('counts the try that failed, with its reason, and keeps its reboots', async () => {
    const { undo, attempts } = onStage({ reboots: [NOW - HOUR], failed });
    await undo('failure');
    expect(attempts()).toEqual({
      reboots: [NOW - HOUR],
      failed: { count: 3, lastAtMs: NOW, because: 'no answer' },
    });
  });

  test.each<{ why: UndoRequest['why']; counts: boolean }>([
    { why: 'failure', counts: true },
    { why: 'abort', counts: true },
    { why: 'gate', counts: false },
    { why: 'pause', counts: false },
    { why: 'interrupted', counts: false },
    { why: 'over', counts: false },
  ])('counts a try that $why has ended: $counts', async ({ why, counts }) => {
    const { undo, attempts } = onStage({ reboots: [NOW - HOUR], failed });
    await undo(why);
    expect(attempts()).toMatchObject({ reboots: [NOW - HOUR], failed: { count: counts ? 3 : 2 } });
  });

  test.each([
    { trouble: true, left: { because: 'no answer', atMs: NOW } },
    { trouble: false, left: undefined },
  ])('G5: keeps what halts its pool where it is $trouble: $left', async ({ trouble, left }) => {
    const { undo, attempts } = onStage({ reboots: [] });
    await undo('failure', trouble);
    expect(attempts()?.trouble).toEqual(left);
  });

  test.each([
    { name: 'unreadable: it is known all the same', text: '{"workflowId": oh', known: true },
    { name: "another rollout's: that one answers for the node", text: OTHERS, known: false },
  ])('G5: what halts its pool, where somebody has made its record $name', async (given) => {
    const { undo, nodes, attempts } = onStage({ reboots: [] });
    nodes.change('n1', { annotations: { [ANNOTATION.rollout]: given.text } });
    await undo('failure', true);
    expect(attempts()?.trouble !== undefined).toBe(given.known);
    expect(nodes.at('n1')).toMatchObject({
      unschedulable: true,
      annotations: { [ANNOTATION.rollout]: given.text },
    });
  });

  test('has nothing written on it when there is nothing to remember', async () => {
    const { undo, nodes } = onStage({ reboots: [] });
    await undo('gate');
    expect(nodes.at('n1').annotations).toEqual({});
  });

  test('counts the try once, however often it is handed back', async () => {
    const { undo, attempts } = onStage({ reboots: [] });
    await undo('failure');
    await undo('failure');
    expect(attempts()?.failed?.count).toBe(1);
  });

  test('counts nothing when it is too late to undo', async () => {
    const { undo, attempts } = onStage({ reboots: [], failed }, back);
    expect(await undo('failure')).toEqual({ kind: 'too-late' });
    expect(attempts()).toEqual({ reboots: [], failed });
  });

  test('begins to count anew where a person has written what cannot be read', async () => {
    const { undo, attempts } = onStage(
      { reboots: [] },
      { annotations: { ...recorded(), [ANNOTATION.attempts]: '{' } },
    );
    await undo('failure');
    expect(attempts()?.failed?.count).toBe(1);
  });
});
