import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { lockId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import type { poolLock } from '../../workflows/index.ts';
import { Pool } from './pool-scene.ts';
import { openRealStage, statusOf, until } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const NODES = ['n1', 'n2', 'n3', 'n4'];

describe('the lock of a pool', () => {
  test('G1: gives one permit at a time, in the order in which it was asked', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(NODES);
      for (const [index, rollout] of rollouts.entries()) {
        await until(pool.holders, (nodes) => nodes[0] === NODES[index]);
        pool.back.add(NODES[index] ?? '');
        expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      }
    });
    expect(pool.cordons).toEqual(NODES);
    expect(pool.most).toBe(1);
  });

  test('G1: gives as many permits as there is room for', async () => {
    const pool = new Pool(env, 2);
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(NODES);
      await until(
        async () => pool.cordons,
        (cordons) => cordons.length === 2,
      );
      for (const node of NODES) pool.back.add(node);
      for (const rollout of rollouts) await rollout.result();
    });
    expect(pool.most).toBe(2);
    expect(pool.cordons.toSorted()).toEqual(NODES);
  });

  test('G8: tells a waiter its place and whom it waits behind, and shows why the first waits', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [, , third] = await pool.startInTurn(['n1', 'n2', 'n3']);
      if (!third) throw new Error('there is no third rollout');
      const { queue } = await until(
        () => statusOf(third),
        (status) => status.queue !== undefined,
      );
      expect(queue).toEqual({ place: 2, behind: ['n1', 'n2'] });
      await until(
        () => pool.status(),
        ({ because }) => because === 'n1 out of service',
      );
      await pool.endAll(NODES);
    });
  });

  test('drops a waiter that is gone when its turn comes', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first, second, third] = await pool.startInTurn(['n1', 'n2', 'n3']);
      await second?.terminate();
      pool.back.add('n1').add('n3');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await third?.result()).toMatchObject({ outcome: 'rebooted' });
    });
    expect(pool.cordons).toEqual(['n1', 'n3']);
  });

  test('grants nothing while it is paused', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [, second] = await pool.startInTurn(['n1', 'n2']);
      await pool.world.lock().signal('pause', { reason: 'release night', by: 'ann' });
      pool.back.add('n1').add('n2');
      await until(pool.holders, (nodes) => nodes.length === 0);
      expect((await pool.status()).paused).toMatchObject({ by: 'ann' });
      expect(pool.cordons).toEqual(['n1']);
      await pool.world.lock().signal('resume');
      expect(await second?.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('G8: tells those who wait that it is paused, and moves their places up', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [, , third] = await pool.startInTurn(['n1', 'n2', 'n3']);
      if (!third) throw new Error('there is no third rollout');
      await until(
        () => statusOf(third),
        ({ queue }) => queue?.place === 2,
      );
      pool.back.add('n1');
      await until(
        () => statusOf(third),
        ({ queue }) => queue?.place === 1,
      );
      await pool.world.lock().signal('pause', { reason: 'release night', by: 'ann' });
      const { queue } = await until(
        () => statusOf(third),
        (status) => status.queue?.because?.includes('paused') === true,
      );
      expect(queue?.because).toBe('the lock is paused by ann: release night');
      await pool.endAll(NODES);
    });
  });

  test('a new run carries on with the permits and the queue of the former', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const waiter = {
        workflowId: rolloutId('n2'),
        runId: '00000000-0000-4000-8000-000000000000',
        node: 'n2',
        sinceMs: 1,
      };
      await env.client.workflow.start<typeof poolLock>('poolLock', {
        workflowId: lockId('workers'),
        taskQueue: TASK_QUEUE,
        args: [
          {
            pool: 'workers',
            carried: {
              state: {
                pool: 'workers',
                key: 'former',
                troubles: [],
                grants: 7,
                holders: [
                  { ...waiter, workflowId: rolloutId('n1'), node: 'n1', grantId: 'workers-7' },
                ],
                queue: [waiter],
              },
            },
          },
        ],
      });
      const status = await pool.status();
      expect(status.holders).toEqual([{ node: 'n1', grantId: 'workers-7', sinceMs: 1 }]);
      expect(status.queue).toEqual([{ node: 'n2', sinceMs: 1 }]);
      await pool.world
        .lock()
        .signal('release', { workflowId: rolloutId('n1'), grantId: 'workers-6' });
      expect(await pool.holders()).toEqual(['n1']);
    });
  });
});
