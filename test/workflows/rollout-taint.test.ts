import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { GateAnswer } from '../../activities/gates/pass-gates.ts';
import { Pool } from './pool-scene.ts';
import { failureOf, openRealStage, reached, statusOf, until } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const OPEN: GateAnswer = { kind: 'open', taint: 'example.org/waits' };

/** A pool that has its waiting nodes tainted, full at first, and the rollout that waits there with its taint. */
async function tainted(
  play: (pool: Pool, rollout: Awaited<ReturnType<Pool['world']['start']>>) => Promise<void>,
  changes: Partial<Activities> = {},
): Promise<void> {
  const pool = new Pool(env, 0, { passGates: async () => OPEN, ...changes });
  await pool.world.run(async () => {
    const rollout = await pool.world.start();
    await until(
      async () => pool.world.steps,
      (steps) => steps.includes('markWaiting'),
    );
    await play(pool, rollout);
  });
}

const QUEUED = ['planRollout', 'passGates', 'requestPermit', 'markWaiting'];
const times = (pool: Pool, name: string): number =>
  pool.world.steps.filter((step) => step === name).length;

describe('a node whose pool has a taint for those who wait', () => {
  test('bears it from when it has to wait; the cordon takes it off', () =>
    tainted(async (pool, rollout) => {
      expect(pool.world.steps).toEqual(QUEUED);
      expect((await statusOf(rollout)).phase.at).toBe('queued');
      pool.permits = 1;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(pool.world.steps).not.toContain('unmarkWaiting');
    }));

  test('gets it once, however often it asks', () =>
    tainted(async (pool, rollout) => {
      await rollout.signal('recheck');
      await until(
        async () => times(pool, 'requestPermit'),
        (count) => count === 2,
      );
      await rollout.signal('recheck');
      await until(
        async () => times(pool, 'requestPermit'),
        (count) => count === 3,
      );
      expect(times(pool, 'markWaiting')).toBe(1);
    }));

  test('G6: loses it when the rollout is aborted in the queue', () =>
    tainted(async (pool, rollout) => {
      await rollout.signal('abort', { by: 'ann' });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect(pool.world.steps).toEqual([...QUEUED, 'unmarkWaiting']);
    }));

  test('G6: loses it when the rollout is cancelled in the queue', () =>
    tainted(async (pool, rollout) => {
      await rollout.cancel();
      await failureOf(rollout.result());
      expect(pool.world.steps).toEqual([...QUEUED, 'unmarkWaiting']);
    }));

  test('G6: loses it when it is paused instead of taken, and bears it again when it waits again', () =>
    tainted(async (pool, rollout) => {
      await rollout.signal('pause', { by: 'ann' });
      pool.permits = 1;
      await reached(rollout, 'paused');
      await until(
        async () => pool.world.steps,
        (steps) => steps.includes('unmarkWaiting'),
      );
      pool.permits = 0;
      await rollout.signal('resume');
      await until(
        async () => times(pool, 'markWaiting'),
        (count) => count === 2,
      );
    }));

  test('hears of a grant that comes while it is tainted', async () => {
    const { promise: granted, resolve: grant } = Promise.withResolvers<void>();
    await tainted(
      async (pool, rollout) => {
        pool.permits = 1;
        pool.back.add('n1');
        await until(
          () => statusOf(rollout),
          ({ permit }) => permit !== undefined,
        );
        grant();
        expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      },
      { markWaiting: () => granted },
    );
  });
});
