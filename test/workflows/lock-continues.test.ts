import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { lockId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import type { LockStatus } from '../../domain/status.ts';
import { Pool } from './pool-scene.ts';
import { openRealStage, until } from './stage.ts';

/** The history of a lock grows until the server suggests to continue as new; here it does so a hundred times sooner. */
const SUGGESTED_AFTER = 40;

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  const setting = `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AFTER}`;
  env = await openRealStage(['--dynamic-config-value', setting]);
});
afterAll(async () => {
  await env.teardown();
});

const NOBODY = '00000000-0000-4000-8000-000000000000';
const asks = (node: string) => ({ workflowId: rolloutId(node), runId: NOBODY, node });
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);
/** Does `round` again and again, until that has taken the lock through so many runs. */
async function throughRuns(
  pool: Pool,
  count: number,
  round: (index: number) => Promise<void>,
): Promise<void> {
  const runs = new Set<string>();
  for (let index = 0; runs.size < count; index += 1) {
    if (index === 50) throw new Error(`it never continued as new; runs: ${[...runs].join(', ')}`);
    await round(index);
    const { runId, status } = await pool.world.lock().describe();
    if (status.name === 'RUNNING') runs.add(runId);
  }
}

const startLock = (signal: string, sent: object) =>
  env.client.workflow.signalWithStart('poolLock', {
    workflowId: lockId('workers'),
    taskQueue: TASK_QUEUE,
    args: [{ pool: 'workers' }],
    signal,
    signalArgs: [sent],
  });

/** Starts the lock with a pause, and takes it through a second run; answers what the first said of the pause. */
async function pausedThroughRuns(pool: Pool, length: string): Promise<LockStatus['paused']> {
  const lock = pool.world.lock();
  await startLock('pause', { by: 'ann', reason: 'release night', for: length });
  const { paused } = await pool.status();
  await throughRuns(pool, 2, async () => {
    for (const _ of Array(10).keys()) await lock.signal('recheck');
  });
  return paused;
}

describe('G7: a lock that continues as new', () => {
  test('loses no waiter and no permit, however many ask while it does', async () => {
    const pool = new Pool(env, 0);
    await pool.world.run(async () => {
      const lock = pool.world.lock();
      await startLock('requestPermit', { ...asks('held'), holding: true });
      await lock.signal('trouble', { node: 'held', because: 'it is lost' });
      await lock.signal('pause', { by: 'ann', reason: 'release night' });
      const nodes: string[] = [];
      await throughRuns(pool, 4, async (index) => {
        for (const count of Array(10).keys()) {
          const node = `n${10 * index + count}`;
          await Promise.all([lock.signal('requestPermit', asks(node)), lock.signal('recheck')]);
          nodes.push(node);
        }
        // A stream without a pause would not let it continue as new at all.
        await until(
          () => pool.status(),
          ({ queue }) => queue.length === nodes.length,
        );
      });
      const status = await pool.status();
      expect(names(status.queue)).toEqual(nodes);
      expect(names(status.holders)).toEqual(['held']);
      expect(status.troubles).toMatchObject([{ node: 'held', because: 'it is lost' }]);
      expect(status.paused).toMatchObject({ by: 'ann', reason: 'release night' });
    });
  });

  test('keeps the end of its pause', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const told = await pausedThroughRuns(pool, '1h');
      expect(told?.untilMs).toBe((told?.atMs ?? 0) + 3_600_000);
      expect((await pool.status()).paused).toEqual(told);
    });
  });

  test('ends a pause that a former run was told of', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      // So short that a slow machine may see none of it.
      await pausedThroughRuns(pool, '8s');
      pool.back.add('n1');
      expect(await (await pool.world.start()).result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('goes on granting in turn, each permit once, and takes each back', async () => {
    const pool = new Pool(env, 1);
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(nodes);
      await throughRuns(pool, 3, async (index) => {
        const node = nodes[index];
        await pool.world.lock().signal('recheck');
        if (node === undefined) return;
        await until(pool.holders, (holders) => holders[0] === node);
        pool.back.add(node);
      });
      for (const node of nodes) pool.back.add(node);
      for (const rollout of rollouts) {
        expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      }
      const { holders, queue } = await until(
        () => pool.status(),
        (status) => status.holders.length === 0,
      );
      expect([...holders, ...queue]).toEqual([]);
    });
    expect(pool.cordons).toEqual(nodes);
    expect(pool.most).toBe(1);
  });

  test('G5: keeps the permits of its former runs, also of a rollout that has ended', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      const [{ grantId } = { grantId: '' }] = (await pool.status()).holders;
      const { runId } = (await first?.describe()) ?? { runId: '' };
      await first?.terminate();
      pool.ended.add(runId);
      await throughRuns(pool, 3, async () => {
        for (const _ of Array(10).keys()) await pool.world.lock().signal('recheck');
        expect(await pool.holders()).toEqual(['n1']);
      });
      const { holders } = await until(
        () => pool.status(),
        (status) => status.holders[0]?.orphanedMs !== undefined,
      );
      expect(holders).toMatchObject([{ node: 'n1', grantId }]);
      expect(pool.cordons).toEqual(['n1']);
      await pool.endAll(['n2']);
    });
  });
});
