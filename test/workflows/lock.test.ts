import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { lockId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import type { poolLock } from '../../workflows/index.ts';
import { Pool, soon } from './pool-scene.ts';
import { detailsOf, nextTurn, openRealStage, statusOf, until } from './stage.ts';

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
      const { queue, because } = await until(
        () => statusOf(third),
        (status) => status.queue !== undefined,
      );
      expect(queue).toEqual({ place: 2, behind: ['n1', 'n2'] });
      expect(because).toBeUndefined();
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
      await pool.cordoned(1);
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

  test('G8: tells a waiter that gave its permit back and asks again its place once more', async () => {
    const offered = { node: 'nobody' };
    let cordons = 0;
    const pool = new Pool(env, 0, {
      // As with `order: zone`: whose turn it is need not be the first.
      watchPool: async ({ line, known }) => {
        const waiter = line.find(({ node }) => node === offered.node);
        if (waiter) return nextTurn(waiter);
        if (known === 'no room') throw soon('no room');
        return { ended: [], free: [], well: [], turn: { kind: 'wait', because: 'no room' } };
      },
      cordonNode: async () => {
        offered.node = 'nobody';
        cordons += 1;
        return { kind: 'closed', because: 'hold: held' };
      },
    });
    await pool.world.run(async () => {
      const [, second] = await pool.startInTurn(['n1', 'n2']);
      if (!second) throw new Error('there is no second rollout');
      const told = () =>
        until(
          () => statusOf(second),
          ({ queue }) => queue !== undefined,
        );
      const { queue } = await told();
      expect(queue).toEqual({ place: 2, behind: ['n1'] });
      offered.node = 'n2';
      await until(
        async () => cordons,
        (count) => count === 1,
      );
      expect((await told()).queue).toEqual(queue);
      await pool.endAll(NODES);
    });
  });

  test('a pause with an end is shown with it, and over by itself', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const lock = pool.world.lock();
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      await lock.signal('pause', { reason: 'release night', by: 'ann', for: '1h' });
      pool.back.add('n1');
      await first?.result();
      const second = await pool.world.start({ node: 'n2' });
      const { queue } = await until(
        () => statusOf(second),
        (status) => status.queue !== undefined,
      );
      const { paused } = await pool.status();
      expect(paused?.untilMs).toBe((paused?.atMs ?? 0) + 3_600_000);
      const anHour = new Date(paused?.untilMs ?? 0).toISOString();
      expect(queue?.because).toBe(`the lock is paused by ann until ${anHour}: release night`);
      expect(pool.cordons).toEqual(['n1']);
      pool.back.add('n2');
      // Short enough to wait for it, and so it may be over before anybody could see it.
      await lock.signal('pause', { reason: 'release night', by: 'ann', for: '1s' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await pool.status()).not.toHaveProperty('paused');
    });
  });

  test('a pause nobody can understand is one until it is taken back, and says so', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      await pool.startInTurn(['n1']);
      await pool.world.lock().signal('pause', { by: 'ann', for: 'a while' });
      await pool.world.lock().signal('resume', { resaon: 'x' });
      await pool.world.lock().signal('pause', 'lunch');
      const { paused, notUnderstood } = await pool.status();
      expect(paused).toEqual({
        by: 'somebody',
        reason: 'no reason given',
        atMs: expect.any(Number),
      });
      expect(notUnderstood).toEqual([
        'for: write a duration like 30m, not "a while"',
        'resaon: there is no such field',
        '"lunch" is not an object',
      ]);
      expect(await detailsOf(pool.world.lock())).toContain('- signal not understood: "lunch"');
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

test('a lock that is started by hand works like any other', async () => {
  const pool = new Pool(env, 1);
  await pool.world.run(async () => {
    await env.client.workflow.start<typeof poolLock>('poolLock', {
      workflowId: lockId('workers'),
      taskQueue: TASK_QUEUE,
      args: [{ pool: 'workers' }],
    });
    pool.back.add('n1');
    expect(await (await pool.world.start()).result()).toMatchObject({ outcome: 'rebooted' });
  });
});
