import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { Plan } from '../../activities/plan.ts';
import { fails, openRealStage, ORDERED, RECORD, until, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const goneInDrain = fails('node-gone', 'node n1 was deleted in mid-rollout');
const undone: Partial<Activities> = { undoNode: async () => ({ kind: 'gone' }) };
const leftBehind = (at: 'undo' | 'return') => async (): Promise<Plan> => ({
  request: { node: 'n1', skip: [], evenIfNotRequired: false },
  pool: 'workers',
  recovery: { at, record: RECORD, because: 'a former run was interrupted' },
  searchAttributes: false,
});

describe('a node that is deleted ends its rollout, whatever step it has come to:', () => {
  test.each<{ name: string; changes: Partial<Activities>; last: string }>([
    {
      name: 'at the gates',
      changes: {
        passGates: async () => ({ kind: 'gone', because: 'its Node object was deleted' }),
      },
      last: 'passGates',
    },
    {
      name: 'before it is cordoned',
      changes: { cordonNode: async () => ({ kind: 'gone' }) },
      last: 'cordonNode',
    },
    { name: 'in the drain', changes: { drainNode: goneInDrain, ...undone }, last: 'undoNode' },
    {
      name: 'before the order',
      changes: { orderReboot: goneInDrain, ...undone },
      last: 'undoNode',
    },
    {
      name: 'while it reboots',
      changes: {
        awaitReturn: async () => ({ kind: 'gone' }),
        restoreNode: async () => ({ kind: 'gone' }),
      },
      last: 'restoreNode',
    },
    {
      name: 'when it is lost',
      changes: {
        awaitReturn: async ({ lost }) =>
          lost ? { kind: 'gone' } : { kind: 'late', because: 'no boot id' },
        restoreNode: async () => ({ kind: 'gone' }),
      },
      last: 'restoreNode',
    },
    {
      name: 'when it is back and handed back',
      changes: { restoreNode: async () => ({ kind: 'gone' }) },
      last: 'restoreNode',
    },
    {
      name: 'while it is undone',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }), ...undone },
      last: 'undoNode',
    },
    {
      name: 'when a former run is undone',
      changes: { planRollout: leftBehind('undo'), ...undone },
      last: 'undoNode',
    },
    {
      name: 'when the return of a former run is finished',
      changes: {
        planRollout: leftBehind('return'),
        awaitReturn: async () => ({ kind: 'gone' }),
        restoreNode: async () => ({ kind: 'gone' }),
      },
      last: 'restoreNode',
    },
  ])('$name', async ({ changes, last }) => {
    const world = new World(env, { orderReboot: async () => ORDERED, ...changes });
    await world.run(async () => {
      const rollout = await world.start();
      expect(await rollout.result()).toMatchObject({
        outcome: 'node-gone',
        because: 'its Node object was deleted',
      });
      expect(world.steps.at(-1)).toBe(last);
      // Nobody waits for it: neither its permit nor a trouble with it is left, where there is a lock.
      const lock = await until(
        () => world.lockStatus().catch(() => undefined),
        (status) => status === undefined || status.holders.length === 0,
      );
      expect(lock?.troubles ?? []).toEqual([]);
      expect(lock?.queue ?? []).toEqual([]);
    });
  });
});
