import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PoolNews, PoolQuestion } from '../../activities/watch-pool.ts';
import { rolloutId } from '../../domain/names.ts';
import { Pool, soon } from './pool-scene.ts';
import { nextTurn, openRealStage, statusOf, until } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

/** A lock that has no room for as long as there is a reason. */
class Closed {
  because: string | undefined = 'no room';
  readonly watchPool = async ({ line: [first], known }: PoolQuestion): Promise<PoolNews> => {
    const { because } = this;
    if (because === undefined) return nextTurn(first);
    if (because === known) throw soon(because);
    return { ended: [], free: [], well: [], turn: { kind: 'wait', because } };
  };
}

/** Waits in the queue, is told why, and goes on as another run, of which the lock has not heard. */
async function resetInTheQueue(pool: Pool) {
  const first = await pool.world.start();
  await until(
    () => statusOf(first),
    ({ queue }) => queue?.because === 'no room',
  );
  const runId = await pool.world.reset();
  return pool.world.client.workflow.getHandle(rolloutId('n1'), runId);
}

describe('a rollout that was reset while it waited in the queue', () => {
  test('G8: is told why it waits, under its new run', async () => {
    const closed = new Closed();
    const pool = new Pool(env, 1, { watchPool: closed.watchPool });
    await pool.world.run(async () => {
      const rollout = await resetInTheQueue(pool);
      closed.because = 'still no room';
      const { queue } = await until(
        () => statusOf(rollout),
        (status) => status.queue?.because === 'still no room',
      );
      expect(queue).toMatchObject({ place: 1, behind: [] });
      expect((await pool.status()).queue).toMatchObject([{ node: 'n1' }]);
    });
  });

  test('G7: asks anew when its former run was granted the permit', async () => {
    const closed = new Closed();
    const pool = new Pool(env, 1, { watchPool: closed.watchPool });
    await pool.world.run(async () => {
      const rollout = await resetInTheQueue(pool);
      closed.because = undefined;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(pool.cordons).toEqual(['n1']);
      expect((await pool.status()).holders).toEqual([]);
    });
  });
});
