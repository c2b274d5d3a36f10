import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/index.ts';
import type { UndoRequest } from '../../activities/restore.ts';
import { fails, planned, RECORD, untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { failureOf, reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** Every ending but a reboot: what is handed back, what it means for the pool, and what is said. */

const stage = aStage(openRealStage);

/** A world that remembers how the node was handed back. */
function inA(changes: Partial<Activities>): { world: World; undone: UndoRequest[] } {
  const undone: UndoRequest[] = [];
  const world = new World(stage.env, {
    undoNode: async (asked) => {
      undone.push(asked);
      return { kind: 'undone' };
    },
    ...changes,
  });
  return { world, undone };
}

interface Ending {
  readonly type: string;
  readonly changes: Partial<Activities>;
  readonly because: string;
}

const LAST_OF_PLAN = ['bad-input', 'no-such-node', 'no-pool'].map((type) => ({
  type,
  changes: { planRollout: fails(type, 'write a name') },
  because: 'write a name',
}));

describe('a failure', () => {
  test.each<Ending>(LAST_OF_PLAN)('$type ends it before anything is touched', async (ending) => {
    const { world } = inA(ending.changes);
    await world.run(async () => {
      const rollout = await world.start();
      const failure = await failureOf(rollout.result());
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type: ending.type, message: ending.because, stack: '' });
      expect(world.steps).toEqual(['planRollout']);
      await world.record(ending.type, rollout);
    });
  });

  test.each<Ending & { trouble: boolean }>([
    {
      type: 'drain-timed-out',
      changes: { drainNode: fails('drain-timed-out', 'shop/web-1: budget web') },
      because: 'shop/web-1: budget web',
      trouble: true,
    },
    {
      type: 'order-refused',
      changes: { awaitReturn: async () => ({ kind: 'refused', because: 'it is expired' }) },
      because: 'the agent refused: it is expired',
      trouble: true,
    },
    {
      type: 'agent-silent',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }) },
      because: 'no answer',
      trouble: true,
    },
    {
      type: 'never-heard-of',
      changes: { orderReboot: fails('never-heard-of', 'odd') },
      because: 'odd',
      trouble: true,
    },
    {
      type: 'cordon-lost',
      changes: { drainNode: fails('cordon-lost', 'somebody uncordoned n1') },
      because: 'somebody uncordoned n1',
      trouble: false,
    },
    {
      type: 'not-ours',
      changes: { orderReboot: fails('not-ours', 'node n1 has been taken by by-hand') },
      because: 'node n1 has been taken by by-hand',
      trouble: false,
    },
    {
      type: 'no-pool',
      changes: { drainNode: fails('no-pool', 'pool workers is no longer in the policy') },
      because: 'pool workers is no longer in the policy',
      trouble: false,
    },
  ])('G6: $type hands the node back, a trouble of the pool: $trouble', async (ending) => {
    const { type, changes, because, trouble } = ending;
    const { world, undone } = inA(changes);
    await world.run(async () => {
      const rollout = await world.start();
      expect(await failureOf(rollout.result())).toMatchObject({ type, stack: '' });
      expect(undone).toMatchObject([{ node: 'n1', why: 'failure', because, trouble }]);
      expect(world.steps.at(-1)).toBe('undoNode');
      expect((await statusOf(rollout)).phase).toMatchObject({ at: 'failed', because });
      await world.lockAtRest();
      if (type !== 'no-pool' && type !== 'never-heard-of') await world.record(type, rollout);
    });
  });
});

test.each(['drainNode', 'awaitReturn'] as const)(
  'a person aborts in %s, which is no trouble of the pool',
  async (step) => {
    const { world, undone } = inA({
      [step]: async () =>
        await untilCancelled().catch((error: unknown) => {
          if (step === 'drainNode') throw error;
          return { kind: 'interrupted', because: 'stopped before the agent answered' };
        }),
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, step === 'drainNode' ? 'draining' : 'rebooting');
      await rollout.signal('abort', { reason: 'wrong node', by: 'ann' });
      const because = 'aborted by ann: wrong node';
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted', because });
      expect(undone).toMatchObject([{ why: 'abort', because, trouble: false }]);
      expect(world.steps.slice(-2)).toEqual([step, 'undoNode']);
      await world.lockAtRest();
      await world.record('aborted', rollout);
    });
  },
);

test.each<{ outcome: string; changes: Partial<Activities>; because: string; last: string }>([
  {
    outcome: 'nothing-to-do',
    changes: { passGates: async () => ({ kind: 'nothing-to-do', because: 'none is required' }) },
    because: 'none is required',
    last: 'passGates',
  },
  {
    outcome: 'quarantined',
    changes: { restoreNode: async () => ({ kind: 'quarantined' }) },
    because: 'it rebooted, and its sentinel is still there',
    last: 'restoreNode',
  },
])('ends as $outcome', async ({ outcome, changes, because, last }) => {
  const { world } = inA(changes);
  await world.run(async () => {
    const rollout = await world.start();
    expect(await rollout.result()).toMatchObject({ outcome, because });
    expect(world.steps.at(-1)).toBe(last);
    await world.record(outcome, rollout);
  });
});

const isGone = async () => ({ kind: 'gone' }) as const;
const leftBehind = (at: 'undo' | 'return') =>
  planned({ recovery: { at, record: RECORD, because: 'a former run was interrupted' } });

describe('a node that is deleted ends its rollout, whatever step it has come to:', () => {
  const goneInDrain = fails('node-gone', 'node n1 was deleted in mid-rollout');
  const undoNode = isGone;
  const restoreNode = isGone;

  test.each<{ name: string; changes: Partial<Activities>; last: string }>([
    {
      name: 'at the gates',
      changes: {
        passGates: async () => ({ kind: 'gone', because: 'its Node object was deleted' }),
      },
      last: 'passGates',
    },
    { name: 'before the cordon', changes: { cordonNode: isGone }, last: 'cordonNode' },
    { name: 'in the drain', changes: { drainNode: goneInDrain, undoNode }, last: 'undoNode' },
    {
      name: 'before the order',
      changes: { orderReboot: goneInDrain, undoNode },
      last: 'undoNode',
    },
    {
      name: 'while it reboots',
      changes: { awaitReturn: isGone, restoreNode },
      last: 'restoreNode',
    },
    {
      name: 'when it is lost',
      changes: {
        awaitReturn: async ({ lost }) =>
          lost ? { kind: 'gone' } : { kind: 'late', because: 'no boot id' },
        restoreNode,
      },
      last: 'restoreNode',
    },
    { name: 'when it is handed back', changes: { restoreNode }, last: 'restoreNode' },
    {
      name: 'while it is undone',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }), undoNode },
      last: 'undoNode',
    },
    {
      name: 'when a former run is undone',
      changes: { planRollout: leftBehind('undo'), undoNode },
      last: 'undoNode',
    },
    {
      name: 'when the return of a former run is finished',
      changes: { planRollout: leftBehind('return'), awaitReturn: isGone, restoreNode },
      last: 'restoreNode',
    },
  ])('$name', async ({ name, changes, last }) => {
    const { world } = inA(changes);
    await world.run(async () => {
      const rollout = await world.start();
      const because = 'its Node object was deleted';
      expect(await rollout.result()).toMatchObject({ outcome: 'node-gone', because });
      expect(world.steps.at(-1)).toBe(last);
      if (world.steps.includes('awaitTurn')) await world.lockAtRest();
      if (name === 'while it reboots') await world.record('node-gone', rollout);
    });
  });
});
