import { describe, expect, test } from '@jest/globals';
import { activityInfo } from '@temporalio/activity';
import { rolloutId } from '../../domain/names.ts';
import type { LockStatus } from '../../domain/status.ts';
import { Pool } from './pool-scene.ts';
import { until } from '../ask.ts';
import { untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { statusOf } from './standing.ts';
import { World } from './world.ts';

/** The history of a lock grows until the server suggests to continue as new; here it does so a hundred times sooner. */
const SUGGESTED_AFTER = 40;
const stage = aStage(() =>
  openRealStage([
    '--dynamic-config-value',
    `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AFTER}`,
  ]),
);

const NOBODY = '00000000-0000-4000-8000-000000000000';
const asks = (node: string) => ({ workflowId: rolloutId(node), runId: NOBODY, node });
const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);

/** Does `round` again and again, until that has taken the lock through so many runs; who waits for ever is told by `world.run`. */
async function throughRuns(
  pool: Pool,
  count: number,
  round: (index: number) => Promise<void>,
): Promise<void> {
  const runs = new Set<string>();
  for (let index = 0; runs.size < count; index += 1) {
    await round(index);
    const { runId, status } = await pool.world.lock().describe();
    if (status.name === 'RUNNING') runs.add(runId);
  }
}

/** As many events as make it continue as new. */
const rechecks = async (pool: Pool): Promise<void> => {
  for (const _ of Array(10).keys()) await pool.world.lock().signal('recheck');
};

/** Starts the lock with a pause, and takes it through a second run; answers what the first said of the pause. */
async function pausedThroughRuns(pool: Pool, length: string): Promise<LockStatus['paused']> {
  await pool.tell('pause', { by: 'ann', reason: 'release night', for: length });
  const { paused } = await pool.status();
  await throughRuns(pool, 2, () => rechecks(pool));
  return paused;
}

/** Has a rollout look again and again, until that has taken it into another run. */
async function throughItsFirstRun(world: World, workflowId: string) {
  const handle = world.client.workflow.getHandle(workflowId);
  const first = (await handle.describe()).runId;
  const runId = await until(
    async () => {
      await handle.signal('recheck');
      return (await handle.describe()).runId;
    },
    (now) => now !== first,
  );
  return { handle, runId };
}

test('G7: a rollout that waits at its gates continues as new, and forgets nothing that people have said', async () => {
  const world = new World(stage.env, {
    passGates: async ({ skip }) => {
      if (skip.includes('owner')) return { kind: 'open' };
      return await untilCancelled();
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    await rollout.signal('skipGate', { gate: 'hold', by: 'ann' });
    await rollout.signal('skipGate', { gate: 'holdd', by: 'ann' });
    const { handle } = await throughItsFirstRun(world, rollout.workflowId);
    const { skipped, notUnderstood } = await until(
      () => statusOf(handle),
      ({ phase }) => phase.at === 'waiting',
    );
    expect(skipped).toMatchObject([{ gate: 'hold', by: 'ann' }]);
    expect(notUnderstood).toHaveLength(1);
    await handle.signal('skipGate', { gate: 'owner', by: 'bob' });
    expect(await handle.result()).toMatchObject({ outcome: 'rebooted' });
  });
});

test('G8: a rollout that continues as new knows since when it waits, and for which gate', async () => {
  const runsThatWait = new Set<string>();
  const world = new World(stage.env, {
    passGates: async ({ known }) => {
      if (known.length === 0) {
        return {
          kind: 'closed',
          closed: [{ gate: 'window', because: 'it opens on Sunday' }],
          pollAgainMs: 60_000,
        };
      }
      runsThatWait.add(activityInfo().workflowExecution?.runId ?? '');
      return await untilCancelled();
    },
  });
  await world.run(async () => {
    const { workflowId } = await world.start();
    await until(
      async () => runsThatWait,
      ({ size }) => size > 0,
    );
    const before = await statusOf(world.client.workflow.getHandle(workflowId));
    expect(before.phase).toMatchObject({ at: 'waiting', closed: [{ gate: 'window' }] });
    const { handle, runId } = await throughItsFirstRun(world, workflowId);
    await until(
      async () => runsThatWait,
      (runs) => runs.has(runId),
    );
    expect((await statusOf(handle)).phase).toEqual(before.phase);
  });
});

test('G8: a rollout that has continued as new does not hide how the one before it ended', async () => {
  const world = new World(stage.env, { passGates: untilCancelled });
  await world.run(async () => {
    const aborted = await world.start({ node: 'n99' });
    const { workflowId } = aborted;
    await aborted.signal('abort', { by: 'ann', reason: 'lunch' });
    await aborted.result();
    await world.start({ node: 'n99' });
    const { runId } = await throughItsFirstRun(world, workflowId);
    // What lists show may lag behind.
    await until(
      async () => {
        const query = `WorkflowId = "${workflowId}" AND CloseTime >= "1970-01-01T00:00:00Z"`;
        return (await world.client.workflow.count(query)).count;
      },
      (closed) => closed > 1,
    );
    expect(await world.temporal.endedEarly({ workflowId, runId }, 0)).toMatchObject({
      because: 'it was aborted by ann: lunch',
    });
  });
});

describe('G7: a lock that continues as new', () => {
  test('loses no waiter, no permit and no pause, however many ask while it does', async () => {
    const pool = new Pool(stage.env, 1, { cordonNode: untilCancelled });
    await pool.world.run(async () => {
      await pool.startInTurn('n0');
      const { permits } = await pool.shows((status) => status.permits.length === 1);
      const lock = pool.world.lock();
      await lock.signal('pause', { by: 'ann', reason: 'release night' });
      await lock.signal('rolloutEnded', { node: 'n9', tookMs: 60_000 });
      const nodes: string[] = [];
      await throughRuns(pool, 4, async (index) => {
        for (const count of Array(10).keys()) {
          const node = `n${10 * index + count + 1}`;
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
      expect(status.permits).toEqual(permits);
      expect(status.lengths).toEqual([60_000]);
      expect(status.paused).toMatchObject({ by: 'ann', reason: 'release night' });
    });
  });

  test('forgets no word to go on before it is written on the nodes', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      await pool.tell('pause', { by: 'ann' });
      await throughRuns(pool, 3, async (index) => {
        await Promise.all([
          rechecks(pool),
          pool.world.lock().signal('resume', { by: `ann ${index}` }),
        ]);
        await until(
          async () => pool.excuses.map(({ by }) => by),
          (excused) => excused.includes(`ann ${index}`),
        );
      });
    });
  });

  test('keeps the end of its pause', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      const told = await pausedThroughRuns(pool, '1h');
      expect(told?.untilMs).toBe((told?.atMs ?? 0) + 3_600_000);
      expect((await pool.status()).paused).toEqual(told);
    });
  });

  test('ends a pause that a former run was told of', async () => {
    const pool = new Pool(stage.env, 1);
    pool.back.add('n1');
    await pool.world.run(async () => {
      // So short that a slow machine may see none of it.
      await pausedThroughRuns(pool, '8s');
      expect(await (await pool.world.start()).result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('keeps the window that a person has opened, and tells of it what the run before had not', async () => {
    const tellers = new Set<string>();
    const pool = new Pool(stage.env, 1, {
      tellPool: async () => {
        tellers.add(activityInfo().workflowExecution?.runId ?? '');
        return tellers.size === 1 ? await untilCancelled() : 1;
      },
    });
    await pool.world.run(async () => {
      await pool.tell('openWindow', { for: '1h', by: 'ann', despiteFreeze: true });
      const { window } = await pool.status();
      expect(window).toMatchObject({ by: 'ann', despiteFreeze: true });
      await throughRuns(pool, 3, () => rechecks(pool));
      expect((await pool.status()).window).toEqual(window);
      await until(
        async () => tellers,
        ({ size }) => size > 1,
      );
    });
  });

  test('ends a window that was opened in a former run', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      await pool.tell('openWindow', { for: '8s' });
      await throughRuns(pool, 2, () => rechecks(pool));
      await pool.shows(({ window }) => window === undefined);
    });
  });

  test('G1: goes on giving turns in order, each permit once', async () => {
    const pool = new Pool(stage.env, 1);
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(...nodes);
      await throughRuns(pool, 3, async (index) => {
        await pool.world.lock().signal('recheck');
        const node = nodes[index];
        if (node === undefined) return;
        await pool.cordoned(...nodes.slice(0, index + 1));
        pool.back.add(node);
      });
      for (const node of nodes) pool.back.add(node);
      for (const rollout of rollouts) {
        expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      }
      await pool.world.lockAtRest();
    });
    expect(pool.cordons).toEqual(nodes);
    expect(new Set(pool.grants).size).toBe(nodes.length);
    expect(pool.most).toBe(1);
  });
});
