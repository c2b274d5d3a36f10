import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { Restored } from '../../activities/restore.ts';
import type { Return } from '../../activities/return.ts';
import { atFirst, failureOf, fails, openRealStage, statusOf, until, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

describe('a rollout that cannot go on', () => {
  test.each<{ name: string; changes: Partial<Activities>; type: string }>([
    {
      name: 'undoes a drain that ran out of time',
      changes: { drainNode: fails('drain-timed-out', 'shop/web-1: budget web') },
      type: 'drain-timed-out',
    },
    {
      name: 'undoes when somebody has lifted the cordon',
      changes: { orderReboot: fails('cordon-lost', 'somebody uncordoned n1') },
      type: 'cordon-lost',
    },
    {
      name: 'undoes when the agent refuses',
      changes: { awaitReturn: async () => ({ kind: 'refused', because: 'it is expired' }) },
      type: 'order-refused',
    },
    {
      name: 'undoes when the agent is silent',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }) },
      type: 'agent-silent',
    },
  ])('G6: $name, hands the node back and only then the permit', async ({ changes, type }) => {
    const held: string[][] = [];
    const world: World = inA({
      ...changes,
      undoNode: async () => {
        const { holders } = await world.lock().query<{ holders: { node: string }[] }>('status');
        held.push(holders.map(({ node }) => node));
        return { kind: 'undone' };
      },
    });
    await world.run(async () => {
      const cause = await failureOf((await world.start()).result());
      expect(cause).toMatchObject({ type });
      // Uncordon first, then release: at the time of the undo the permit is still there.
      expect(held).toEqual([['n1']]);
      await until(
        () => world.lock().query<{ holders: unknown[] }>('status'),
        ({ holders }) => holders.length === 0,
      );
    });
  });

  test('goes forward when the order was accepted while it was being undone', async () => {
    const world = inA({
      awaitReturn: atFirst<Return>(
        { kind: 'silent', because: 'no answer' },
        { kind: 'returned', bootId: 'boot-2', stillRequired: false },
      ),
      undoNode: async () => ({ kind: 'too-late' }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result).toMatchObject({ outcome: 'rebooted', bootIdAfter: 'boot-2' });
  });

  test('G5: keeps its permit while the node is lost, and finishes when it comes back late', async () => {
    const away = { back: false };
    const world = inA({
      awaitReturn: async ({ lost }) => {
        if (!lost) return { kind: 'late', because: 'its boot id has not changed' };
        while (!away.back) {
          heartbeat();
          cancellationSignal().throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      const status = await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'lost',
      );
      expect(status.because).toBe('its boot id has not changed');
      expect(await world.lock().query('status')).toMatchObject({ holders: [{ node: 'n1' }] });
      away.back = true;
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

test.each<{ type: string; changes: Partial<Activities>; steps: string[] }>([
  {
    type: 'not-ours',
    changes: { drainNode: fails('not-ours', 'node n1 has been taken by by-hand') },
    steps: ['drainNode', 'undoNode'],
  },
  {
    type: 'no-pool',
    changes: { planRollout: fails('no-pool', 'node n1 is left alone: it is in no pool') },
    steps: ['planRollout'],
  },
])('ends as $type, and is no trouble of the pool', async ({ type, changes, steps }) => {
  const world = inA(changes);
  await world.run(async () => {
    const rollout = await world.start();
    expect(await failureOf(rollout.result())).toMatchObject({ type });
    expect(world.steps.slice(-steps.length)).toEqual(steps);
    await world.record(type, rollout.workflowId);
    const lock = await world.lockStatus().catch(() => undefined);
    expect(lock?.troubles ?? []).toEqual([]);
  });
});

test('G3: a node that is away again when it is handed back is waited for once more', async () => {
  const world = inA({
    restoreNode: atFirst<Restored>({ kind: 'not-back' }, { kind: 'restored' }),
  });
  const result = await world.run(async () => (await world.start()).result());
  expect(result.outcome).toBe('rebooted');
  expect(world.steps.slice(-4)).toEqual([
    'awaitReturn',
    'restoreNode',
    'awaitReturn',
    'restoreNode',
  ]);
});
