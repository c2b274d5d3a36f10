import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { GateQuestion } from '../../activities/gates/gate-facts.ts';
import type { Moved } from '../../activities/pool.ts';
import { lockId } from '../../domain/names.ts';
import type { LockStatus } from '../../domain/status.ts';
import { Pool } from './pool-scene.ts';
import { openRealStage, reached, RECORD, statusOf, until, untilCancelled, World } from './stage.ts';

/** A rollout whose node is put into another pool while it waits: by its labels, or by the policy. */

const ATTRIBUTES = ['LockkeeperNode', 'LockkeeperPool', 'LockkeeperPhase'];

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage(
    ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  );
});
afterAll(async () => {
  await env.teardown();
});

const TO_MASTERS: Moved = { kind: 'moved', pool: 'masters', because: 'it is in pool masters now' };
const TO_NONE: Moved = { kind: 'moved', because: 'its labels match the selector of no pool' };

const planned = async () => ({
  request: { node: 'n1', skip: [], evenIfNotRequired: false },
  pool: 'workers',
  recovery: { at: 'start' as const },
  searchAttributes: true,
});

const poolOf = ({ pool }: GateQuestion): string => pool;

/** Plays with the lock of the other pool in the world, and ends that too. */
async function play(world: World, played: () => Promise<void>): Promise<void> {
  await world.run(async () => {
    try {
      await played();
    } finally {
      await world.end(lockId('masters'));
    }
  });
}

test('at the gates: it goes on with the gates of the new pool, and shows it', async () => {
  const asked: GateQuestion[] = [];
  const world = new World(env, {
    planRollout: planned,
    passGates: async (question) => {
      asked.push(question);
      return question.pool === 'workers' ? TO_MASTERS : await untilCancelled();
    },
  });
  await play(world, async () => {
    const rollout = await world.start();
    await until(
      async () => asked.length,
      (count) => count === 2,
    );
    expect(asked.map(poolOf)).toEqual(['workers', 'masters']);
    expect(asked[1]?.before).toEqual({ pool: 'workers', untilMs: expect.any(Number) });
    expect(await statusOf(rollout)).toMatchObject({ pool: 'masters' });
    const { searchAttributes } = await rollout.describe();
    expect(searchAttributes).toMatchObject({ LockkeeperPool: ['masters'] });
  });
});

describe('in the queue', () => {
  const cases: { name: string; moved: Moved; next: string }[] = [
    {
      name: 'it leaves its place, and goes through the new pool',
      moved: TO_MASTERS,
      next: 'masters',
    },
    {
      name: 'it leaves its place, and the gates say that it is in none',
      moved: TO_NONE,
      next: 'workers',
    },
  ];

  test.each(cases)('$name', async ({ moved, next }) => {
    const gates: string[] = [];
    const pool: Pool = new Pool(env, 0, {
      planRollout: planned,
      passGates: async (question) => {
        gates.push(question.pool);
        return gates.length === 1 ? { kind: 'open' } : await untilCancelled();
      },
      requestPermit: (asked) => (asked.again ? Promise.resolve(moved) : pool.world.ask(asked)),
    });
    await play(pool.world, async () => {
      const rollout = await pool.world.start();
      await until(
        () => statusOf(rollout),
        ({ queue }) => queue?.because !== undefined,
      );
      await rollout.signal('recheck');
      await until(
        async () => gates.length,
        (count) => count === 2,
      );
      expect(gates).toEqual(['workers', next]);
      expect(await reached(rollout, 'waiting')).not.toHaveProperty('queue');
      expect((await pool.status()).queue).toEqual([]);
    });
  });
});

test('G8: who comes back to a queue is told its place once more, though that is as it was', async () => {
  let moves = 0;
  const pool: Pool = new Pool(env, 0, {
    planRollout: planned,
    requestPermit: async (asked) => {
      if (!asked.again) return await pool.world.ask(asked);
      moves += 1;
      return TO_NONE;
    },
  });
  await play(pool.world, async () => {
    const rollout = await pool.world.start();
    const isTold = () =>
      until(
        () => statusOf(rollout),
        ({ queue }) => queue?.because !== undefined,
      );
    const before = await isTold();
    await rollout.signal('recheck');
    await until(
      async () => moves,
      (count) => count === 1,
    );
    expect((await isTold()).queue).toEqual(before.queue);
  });
});

test('G1: with the permit in its hands it gives that back, and asks the lock of the new pool', async () => {
  const permits: string[] = [];
  const world = new World(env, {
    planRollout: planned,
    cordonNode: async ({ pool, grantId }) => {
      permits.push(grantId);
      if (pool === 'workers') return TO_MASTERS;
      return { kind: 'cordoned', record: RECORD, atMs: 1 };
    },
  });
  await play(world, async () => {
    expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
    expect(permits).toEqual([
      expect.stringMatching(/^workers-/),
      expect.stringMatching(/^masters-/),
    ]);
    for (const pool of ['workers', 'masters']) {
      await until(
        () => world.client.workflow.getHandle(lockId(pool)).query<LockStatus>('status'),
        ({ holders, queue }) => holders.length + queue.length === 0,
      );
    }
  });
});
