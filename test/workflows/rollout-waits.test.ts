import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { rolloutId } from '../../domain/names.ts';
import { Pool } from './pool-scene.ts';
import {
  detailsOf,
  failureOf,
  openRealStage,
  reached,
  statusOf,
  until,
  untilCancelled,
  World,
} from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const NONSENSE = [
  undefined,
  null,
  7,
  'x',
  [],
  {},
  { grantId: 7 },
  { place: 'x' },
  { place: 2, behind: 'x' },
  { blockers: 1 },
];

/** Sends everything nobody can understand. */
async function babble(rollout: WorkflowHandle, signal: string): Promise<void> {
  for (const sent of NONSENSE) await rollout.signal(signal, ...(sent === undefined ? [] : [sent]));
}

/** A rollout that waits for the lock, because the pool has no room. */
async function queued(pool: Pool) {
  const rollout = await pool.world.start();
  await until(
    () => statusOf(rollout),
    ({ queue }) => queue?.because !== undefined,
  );
  return rollout;
}

const ENDS = [
  {
    name: 'abort',
    end: async (rollout: WorkflowHandle) => {
      await rollout.signal('abort', { by: 'ann', reason: 'wrong node' });
      expect(await rollout.result()).toMatchObject({
        outcome: 'aborted',
        because: 'aborted by ann: wrong node',
      });
    },
  },
  {
    name: 'cancel',
    end: async (rollout: WorkflowHandle) => {
      await rollout.cancel();
      expect(await failureOf(rollout.result())).toBeInstanceOf(CancelledFailure);
    },
  },
];

describe.each(ENDS)('$name ends the wait at once, and the node is not touched:', ({ end }) => {
  test('at the gates', async () => {
    const world = new World(env, { passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => world.steps,
        (steps) => steps.includes('passGates'),
      );
      await end(rollout);
      expect(world.steps).toEqual(['planRollout', 'passGates']);
    });
  });

  test('in the queue, where it leaves its place', async () => {
    const pool = new Pool(env, 0);
    await pool.world.run(async () => {
      const rollout = await queued(pool);
      await end(rollout);
      expect(pool.world.steps).toEqual(['planRollout', 'passGates', 'requestPermit']);
      await until(
        () => pool.status(),
        ({ queue }) => queue.length === 0,
      );
    });
  });

  test('in a pause', async () => {
    const world = new World(env, { passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.signal('pause');
      await reached(rollout, 'paused');
      await end(rollout);
      expect(world.steps).not.toContain('cordonNode');
    });
  });
});

describe('in the queue', () => {
  test('G8: says whom it has asked before the lock has said anything', async () => {
    const pool = new Pool(env, 0, { findHolders: untilCancelled });
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      const status = await reached(rollout, 'queued');
      expect(status).not.toHaveProperty('queue');
      expect(status.because).toBe('it has asked the lock of pool workers for a permit');
      await rollout.signal('abort');
      await rollout.result();
    });
  });

  test('recheck repeats the request, so that a lost lock hears of it', async () => {
    const pool = new Pool(env, 0);
    await pool.world.run(async () => {
      const rollout = await queued(pool);
      await rollout.signal('recheck');
      await until(
        async () => pool.world.steps.filter((name) => name === 'requestPermit').length,
        (count) => count === 2,
      );
      expect((await pool.status()).queue).toHaveLength(1);
      pool.permits = 1;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('G1: what is no grant is none, and what is no place is none', async () => {
    const pool = new Pool(env, 0);
    await pool.world.run(async () => {
      const rollout = await queued(pool);
      const before = await statusOf(rollout);
      await babble(rollout, 'permitGranted');
      await babble(rollout, 'queued');
      await babble(rollout, 'drainProgress');
      expect(await statusOf(rollout)).toEqual(before);
      expect(pool.cordons).toEqual([]);
    });
  });

  test('G1: a grant nobody asked for is not taken', async () => {
    const world = new World(env, { passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.signal('permitGranted', { grantId: 'workers-k-1' });
      await rollout.signal('queued', { place: 1, behind: [] });
      const status = await statusOf(rollout);
      expect(status).not.toHaveProperty('permit');
      expect(status).not.toHaveProperty('queue');
    });
  });

  test('a pause is heard once the permit is there, which is given back untouched', async () => {
    const pool = new Pool(env, 0);
    await pool.world.run(async () => {
      const rollout = await queued(pool);
      await rollout.signal('pause', { by: 'ann' });
      pool.permits = 1;
      await reached(rollout, 'paused');
      expect(pool.cordons).toEqual([]);
      await until(pool.holders, (nodes) => nodes.length === 0);
      pool.permits = 0;
      await rollout.signal('resume');
      // G8: the lock says once more what it has said before.
      await until(
        () => statusOf(rollout),
        ({ queue }) => queue?.because !== undefined,
      );
      pool.permits = 1;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('zone and overdue time go along with the request; who is granted at once bears no taint', async () => {
    const asked: unknown[] = [];
    const world = new World(env, {
      passGates: async () => ({ kind: 'open', zone: 'a', overdueAtMs: 9, taint: 'a/waits' }),
      requestPermit: async (request) => {
        asked.push(request);
        const rollout = env.client.workflow.getHandle(rolloutId('n1'));
        await rollout.signal('permitGranted', { grantId: 'workers-k-1' });
      },
    });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
      expect(world.steps).not.toContain('markWaiting');
    });
    expect(asked).toEqual([{ pool: 'workers', node: 'n1', zone: 'a', overdueAtMs: 9 }]);
  });
});

describe('in a drain', () => {
  const progress = {
    podsLeft: 2,
    evicted: 5,
    warnings: [],
    blockers: [{ what: 'shop/web-1', because: 'budget web: 3 of 3 must stay', sinceMs: 1 }],
  };
  test('G8: its status and the Web UI show what is left and what blocks it', async () => {
    const world = new World(env, { drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      await rollout.signal('drainProgress', progress);
      const { drain } = await statusOf(rollout);
      expect(drain).toEqual({ ...progress, atMs: expect.any(Number) });
      const words = await detailsOf(rollout);
      expect(words).toContain('2 pods are left, 5 evicted');
      expect(words).toContain('waits for **shop/web-1**: budget web: 3 of 3 must stay');
      // What nobody could show does not take its place, and does not break the rollout.
      await babble(rollout, 'drainProgress');
      await rollout.signal('drainProgress', { ...progress, blockers: [null, { what: 1 }] });
      expect((await statusOf(rollout)).drain?.blockers).toEqual([]);
      await rollout.signal('abort');
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect(await statusOf(rollout)).not.toHaveProperty('drain');
    });
  });

  test('word of it that comes when it is over is not shown any more', async () => {
    const world = new World(env, { awaitReturn: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'rebooting');
      await rollout.signal('drainProgress', progress);
      expect(await statusOf(rollout)).not.toHaveProperty('drain');
    });
  });
});

test('retry looks again at once and cuts the rest after failed tries short, and no other gate', async () => {
  const skips: (readonly string[])[] = [];
  const world = new World(env, {
    passGates: async ({ skip }) => {
      skips.push(skip);
      if (skip.includes('rest')) return { kind: 'open' };
      return await untilCancelled();
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    await until(
      async () => skips.length,
      (count) => count === 1,
    );
    await rollout.signal('retry', { by: 'ann' });
    expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    expect(skips.at(-1)).toEqual(['rest']);
    expect((await statusOf(rollout)).skipped).toMatchObject([{ gate: 'rest', by: 'ann' }]);
  });
});
