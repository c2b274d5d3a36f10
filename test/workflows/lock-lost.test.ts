import { describe, expect, test } from '@jest/globals';
import type { PoolQuestion } from '../../activities/admit-next.ts';
import { thisRun } from '../../activities/ownership.ts';
import { lockId } from '../../domain/names.ts';
import { Pool } from './pool-scene.ts';
import { NOTHING_NEW, stillWaits } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import type { World } from './world.ts';
import { queued } from './standing.ts';

/** A lock that was terminated, cancelled or reset: its waiters heal it by their next try, and nobody else has to do anything. */

const stage = aStage(openRealStage);
const rebooted = { outcome: 'rebooted' };
const BECAUSE = 'what a former lock of pool workers may have granted settles';

/** A pool whose lock counts only when what a former one has granted is settled. */
class Settling {
  /** The runs of the lock that asked, each with the run that it knew to be settled. */
  readonly asked: { runId: string; settled: string | undefined }[] = [];
  isSettled = true;
  readonly pool: Pool = new Pool(stage.env, 1, {
    admitNext: async (asked: PoolQuestion) => {
      const { runId } = thisRun();
      const { settled, known } = asked;
      this.asked.push({ runId, settled });
      if (settled === runId || this.isSettled) {
        return { ...(await this.pool.count(asked)), settled: runId };
      }
      if (known === BECAUSE) throw stillWaits(BECAUSE, '100ms');
      return { ...NOTHING_NEW, admission: { kind: 'wait', because: BECAUSE } };
    },
  });
}

const END = {
  terminated: (world: World) => world.lock().terminate(),
  cancelled: (world: World) => world.lock().cancel(),
  reset: (world: World) => world.reset(lockId('workers'), 'admitNext'),
};

/** A run that is to end has not come to a task that fails over and over. */
async function failedTasks({ client }: World, runId: string): Promise<unknown[]> {
  const { events } = await client.workflow.getHandle(lockId('workers'), runId).fetchHistory();
  return (events ?? []).filter(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure);
}

describe('G5: a lock that is lost', () => {
  test.each(['terminated', 'cancelled', 'reset'] as const)(
    '%s: whoever waits is in its queue again, and nobody goes before it has settled',
    async (how) => {
      const settling = new Settling();
      const { pool } = settling;
      await pool.world.run(async () => {
        const [first, second, third] = await pool.startInTurn('n1', 'n2', 'n3');
        await pool.cordoned('n1');
        if (!second || !third) throw new Error('nobody waits');
        await queued(third, ({ because }) => because === 'n1 out of service');
        settling.isSettled = false;
        const lock = pool.world.lock();
        const { runId: former } = await lock.describe();
        await END[how](pool.world);
        pool.back.add('n1').add('n2').add('n3');
        // It does not need the lock any more.
        expect(await first?.result()).toMatchObject(rebooted);
        const { queue } = await pool.shows(
          (now) => now.because === BECAUSE && now.queue.length === 2,
        );
        expect(queue.map(({ node }) => node).toSorted()).toEqual(['n2', 'n3']);
        expect(pool.cordons).toEqual(['n1']);
        const asked = settling.asked.find(({ runId }) => runId !== former);
        // A reset lock remembers what its former run knew, which is not enough.
        expect(asked?.settled).toBe(how === 'reset' ? former : undefined);
        settling.isSettled = true;
        for (const rollout of [second, third]) {
          expect(await rollout.result()).toMatchObject(rebooted);
        }
        await pool.world.lockAtRest();
        expect(pool.most).toBe(1);
        expect(await failedTasks(pool.world, former)).toEqual([]);
        if (how !== 'terminated') return;
        await pool.world.record('lock-lost', second);
        await pool.world.record('lock-settles', lock);
      });
    },
  );

  test('G8: who waits is told why, and the run that has settled counts from then on', async () => {
    const settling = new Settling();
    settling.isSettled = false;
    const { pool } = settling;
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      expect(await queued(rollout, ({ why }) => why !== 'counting')).toEqual({
        kind: 'waiting',
        place: 1,
        of: 1,
        behind: [],
        why: 'wait',
        because: BECAUSE,
      });
      settling.isSettled = true;
      await pool.cordoned('n1');
      settling.isSettled = false;
      pool.back.add('n1').add('n2');
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(await (await pool.world.start({ node: 'n2' })).result()).toMatchObject(rebooted);
    });
  });
});
