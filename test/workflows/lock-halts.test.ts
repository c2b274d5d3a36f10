import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Pool } from './pool-scene.ts';
import { fails, openRealStage, until, untilCancelled } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

describe('G5: a pool halts', () => {
  test('for a node that is lost, which keeps its permit, until it is back', async () => {
    const lost = { back: false };
    const pool = new Pool(env, 2, {
      awaitReturn: async ({ node, lost: late }) => {
        if (node === 'n1' && !late) return { kind: 'late', because: 'no boot id' };
        if (node === 'n1') {
          await until(async () => lost.back, Boolean).catch(untilCancelled);
        }
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await pool.world.run(async () => {
      const first = await pool.world.start();
      await until(
        () => pool.status().catch(() => undefined),
        (status) => status?.troubles.length === 1,
      );
      const second = await pool.world.start({ node: 'n2' });
      const { because, holders, troubles } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(because).toBe('halted: n1: it is lost: no boot id');
      expect(holders).toMatchObject([{ node: 'n1' }]);
      expect(troubles).toMatchObject([{ node: 'n1', because: 'it is lost: no boot id' }]);
      expect(pool.cordons).toEqual(['n1']);
      lost.back = true;
      expect(await first.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
      expect((await pool.status()).troubles).toEqual([]);
    });
  });

  test.each([
    { name: 'a person resumes it', end: (pool: Pool) => pool.world.lock().signal('resume') },
    {
      name: 'the node is seen to be well',
      end: async (pool: Pool) => {
        pool.well.add('n1');
      },
    },
  ])('for a rollout that failed, until $name', async ({ end }) => {
    const pool = new Pool(env, 2, {
      drainNode: async ({ node }) => {
        if (node === 'n1') return await fails('drain-timed-out', 'shop/web-1: budget web')();
        return { evicted: 0, deleted: [], warnings: [], daemonSetsReady: [] };
      },
    });
    await pool.world.run(async () => {
      const first = await pool.world.start();
      await first.result().catch(() => undefined);
      await until(
        () => pool.status(),
        ({ troubles }) => troubles.length > 0,
      );
      const second = await pool.world.start({ node: 'n2' });
      const status = await until(
        () => pool.status(),
        ({ because }) => because !== undefined,
      );
      expect(status).toMatchObject({
        because: 'halted: n1: shop/web-1: budget web',
        holders: [],
        troubles: [{ node: 'n1', because: 'shop/web-1: budget web' }],
      });
      expect(pool.cordons).toEqual(['n1']);
      await end(pool);
      pool.back.add('n2');
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});
