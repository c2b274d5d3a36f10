import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Found } from '../../activities/lock.ts';
import type { PermitRequest } from '../../domain/lock-state.ts';
import { rolloutId } from '../../domain/names.ts';
import { Pool, soon } from './pool-scene.ts';
import { openRealStage, reached, statusOf, until } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

describe('a lock that was ended', () => {
  test('G5: is halted again by a lost node it adopts, until the node is back', async () => {
    let found: Found = { holders: [], troubles: [] };
    const pool = new Pool(env, 2, { findHolders: async () => found });
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      const runId = (await first?.describe())?.runId ?? '';
      const trouble = 'it is lost: its boot id has not changed';
      found = {
        holders: [{ workflowId: rolloutId('n1'), runId, node: 'n1' }],
        troubles: [{ node: 'n1', because: trouble, sinceMs: 7 }],
      };
      await pool.world.lock().terminate();
      const second = await pool.world.start({ node: 'n2' });
      const { holders, troubles, because } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(because).toBe(`halted: n1: ${trouble}`);
      expect(troubles).toEqual(found.troubles);
      expect(holders).toEqual([
        { node: 'n1', grantId: expect.any(String), sinceMs: expect.any(Number) },
      ]);
      expect(pool.cordons).toEqual(['n1']);
      pool.back.add('n1').add('n2');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
      await pool.world.record('lock-adopts', pool.world.lock().workflowId);
    });
  });

  test('G5: is halted again by a node that had failed, in the words of whoever spoke last', async () => {
    const found = Promise.withResolvers<Found>();
    const pool = new Pool(env, 1, { findHolders: () => found.promise });
    await pool.world.run(async () => {
      const rollout = await pool.world.start({ node: 'n2' });
      await reached(rollout, 'queued');
      await pool.world.lock().signal('trouble', { node: 'n1', because: 'just heard' });
      found.resolve({
        holders: [],
        troubles: [
          { node: 'n1', because: 'long known', sinceMs: 7 },
          { node: 'n3', because: 'its drain failed', sinceMs: 8 },
        ],
      });
      const { troubles } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(troubles).toMatchObject([
        { node: 'n1', because: 'just heard' },
        { node: 'n3', because: 'its drain failed', sinceMs: 8 },
      ]);
      expect(pool.cordons).toEqual([]);
      await pool.world.lock().signal('resume');
      pool.back.add('n2');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('G8: tells who waits why nobody knows yet what it has left behind', async () => {
    const because = 'a former lock of pool workers was ended; what it granted settles';
    let settled = false;
    const pool = new Pool(env, 1, {
      findHolders: async ({ known }) => {
        if (settled) return { holders: [], troubles: [] };
        if (known === because) throw soon(because);
        return { because };
      },
    });
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      const { queue } = await until(
        () => statusOf(rollout),
        (status) => status.queue !== undefined,
      );
      expect(queue).toEqual({ place: 1, behind: [], because });
      expect((await pool.status()).because).toBe(because);
      expect(pool.cordons).toEqual([]);
      settled = true;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      await pool.world.record('lock-settles', pool.world.lock().workflowId);
    });
  });

  test('G1: adopts those who have a node out of service before it grants anything', async () => {
    const lost = { holders: [] as PermitRequest[], settled: true };
    const pool = new Pool(env, 1, {
      findHolders: async () => {
        await until(async () => lost.settled, Boolean);
        return { holders: lost.holders, troubles: [] };
      },
    });
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      const [{ grantId: old } = { grantId: '' }] = (await pool.status()).holders;
      const runId = (await first?.describe())?.runId ?? '';
      lost.holders = [{ workflowId: rolloutId('n1'), runId, node: 'n1' }];
      lost.settled = false;
      await pool.world.lock().terminate();
      const second = await pool.world.start({ node: 'n2' });
      await until(
        () => pool.status(),
        ({ queue }) => queue.length > 0,
      );
      expect(await pool.holders()).toEqual([]);
      lost.settled = true;
      const { holders } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(holders).toMatchObject([{ node: 'n1' }]);
      expect(holders[0]?.grantId).not.toBe(old);
      expect(pool.cordons).toEqual(['n1']);
      // The rollout gives back the permit it knows, which the lost lock gave it.
      pool.back.add('n1').add('n2');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
    });
    expect(pool.most).toBe(1);
  });

  test('is asked anew by a rollout that is made to look again', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [, second] = await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      await pool.world.end(rolloutId('n1'));
      await pool.world.lock().terminate();
      await second?.signal('recheck');
      pool.back.add('n2');
      expect(await second?.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});
