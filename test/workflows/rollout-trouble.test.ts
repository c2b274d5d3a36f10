import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { UndoRequest } from '../../activities/restore.ts';
import {
  fails,
  openRealStage,
  ORDERED,
  reached,
  statusOf,
  until,
  untilCancelled,
  World,
} from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

/** A world that remembers how the node was handed back. */
function inA(changes: Partial<Activities>): { world: World; undone: UndoRequest[] } {
  const undone: UndoRequest[] = [];
  const world = new World(env, {
    undoNode: async (asked) => {
      undone.push(asked);
      return { kind: 'undone' };
    },
    ...changes,
  });
  return { world, undone };
}

/** What the lock says once nobody has a permit any more. */
const whenFree = (world: World) =>
  until(
    () => world.lockStatus(),
    ({ holders }) => holders.length === 0,
  );

describe('G5: a try that failed', () => {
  test.each<{ name: string; changes: Partial<Activities>; because: string }>([
    {
      name: 'a drain that ran out of time',
      changes: { drainNode: fails('drain-timed-out', 'shop/web-1: budget web') },
      because: 'shop/web-1: budget web',
    },
    {
      name: 'an agent that refuses',
      changes: { awaitReturn: async () => ({ kind: 'refused', because: 'it is expired' }) },
      because: 'the agent refused: it is expired',
    },
    {
      name: 'an agent that is silent',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }) },
      because: 'no answer',
    },
    {
      name: 'something nobody has thought of',
      changes: { orderReboot: fails('never-heard-of', 'odd') },
      because: 'odd',
    },
  ])('is told to the pool, and counted on the node: $name', async ({ changes, because }) => {
    const { world, undone } = inA(changes);
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.result().catch(() => undefined);
      const { troubles } = await whenFree(world);
      expect(troubles).toMatchObject([{ node: 'n1', because }]);
      expect(undone).toMatchObject([{ node: 'n1', because, failed: true, trouble: true }]);
      expect((await statusOf(rollout)).because).toBe(because);
    });
  });

  test('a reboot that has not helped is told to the pool too', async () => {
    const { world } = inA({ restoreNode: async () => ({ kind: 'quarantined' }) });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject({ outcome: 'quarantined' });
      expect((await whenFree(world)).troubles).toMatchObject([
        { node: 'n1', because: 'it rebooted, and its sentinel is still there' },
      ]);
    });
  });
});

describe('is no trouble for the pool:', () => {
  test.each<{ name: string; changes: Partial<Activities> }>([
    {
      name: 'somebody uncordons the node',
      changes: { drainNode: fails('cordon-lost', 'somebody uncordoned n1') },
    },
    {
      name: 'another rollout takes the node',
      changes: { orderReboot: fails('not-ours', 'node n1 has been taken by by-hand') },
    },
    {
      name: 'its pool leaves the policy',
      changes: { drainNode: fails('no-pool', 'pool workers is no longer in the policy') },
    },
  ])('$name', async ({ changes }) => {
    const { world, undone } = inA(changes);
    await world.run(async () => {
      await (await world.start()).result().catch(() => undefined);
      expect((await whenFree(world)).troubles).toEqual([]);
      expect(undone).toMatchObject([{ failed: true, trouble: false }]);
    });
  });

  test.each(['drainNode', 'awaitReturn'] as const)('a person aborts in %s', async (step) => {
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
      await rollout.signal('abort', { by: 'ann' });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect((await whenFree(world)).troubles).toEqual([]);
      expect(undone).toMatchObject([{ failed: true, trouble: false }]);
    });
  });

  test('a gate closes before the order: nothing is counted, and it waits again', async () => {
    let orders = 0;
    const { world, undone } = inA({
      orderReboot: async () => {
        orders += 1;
        return orders === 1 ? { kind: 'closed', because: 'hold: held' } : ORDERED;
      },
    });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
      expect((await whenFree(world)).troubles).toEqual([]);
      expect(undone).toMatchObject([{ because: 'hold: held', failed: false }]);
    });
  });

  test('a gate closes half-way through the drain: the same', async () => {
    let drains = 0;
    const { world, undone } = inA({
      drainNode: async () => {
        drains += 1;
        if (drains === 1) return { closed: 'window: it has ended' };
        return { evicted: 0, deleted: [], warnings: [], daemonSetsReady: [] };
      },
    });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
      expect((await whenFree(world)).troubles).toEqual([]);
      expect(undone).toMatchObject([{ because: 'window: it has ended', failed: false }]);
    });
  });
});

test('G5: a node that went through its next rollout is no trouble any more', async () => {
  const { world } = inA({});
  await world.run(async () => {
    await (await world.start()).result();
    await world.lock().signal('trouble', { node: 'n1', because: 'drain timed out' });
    expect((await world.lockStatus()).troubles).toHaveLength(1);
    await (await world.start()).result();
    expect((await whenFree(world)).troubles).toEqual([]);
  });
});
