import { describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { GateQuestion } from '../../activities/gates/gate-facts.ts';
import type { Moved } from '../../activities/pool.ts';
import { Pool } from './pool-scene.ts';
import { until } from '../ask.ts';
import { planned, RECORD, stillWaits, untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { detailsOf, queued, reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** What a rollout waits for: its turn, its drain, and both in another pool than it was begun for. */

const ATTRIBUTES = ['LockkeeperNode', 'LockkeeperPool', 'LockkeeperPhase'];
const stage = aStage(() =>
  openRealStage(ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`])),
);
const rebooted = { outcome: 'rebooted' };
const NONSENSE = [undefined, null, 7, 'x', [], {}, { grantId: 7 }, { blockers: 1 }];

/** Sends everything nobody can understand. */
async function babble(rollout: WorkflowHandle, signal: string): Promise<void> {
  for (const sent of NONSENSE) await rollout.signal(signal, ...(sent === undefined ? [] : [sent]));
}

test('G7: who has the gates say something else each time is heard less and less often', async () => {
  const asked: { notBeforeMs: number | undefined }[] = [];
  const world = new World(stage.env, {
    passGates: async ({ notBeforeMs }) => {
      asked.push({ notBeforeMs });
      if (asked.length > 8) return await untilCancelled();
      const closed = [{ gate: 'alerts' as const, because: `alert ${asked.length}` }];
      return { kind: 'closed', closed, pollAgainMs: 60_000 };
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    await until(
      async () => asked.length,
      (count) => count > 8,
    );
    // Whoever has it look again and again does not put off what it waits for.
    for (const count of [9, 10, 11]) {
      await rollout.signal('recheck');
      await until(
        async () => asked.length,
        (length) => length > count,
      );
    }
    // A person is heard at once all the same.
    await rollout.signal('abort', { by: 'ann' });
    expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
  });
  const pauses = asked.map(({ notBeforeMs }) => notBeforeMs !== undefined);
  expect(pauses.slice(0, 9)).toEqual([false, false, false, false, false, true, true, true, true]);
  // However slow the machine is: each may be heard later than the one before by at least as much as its pause is longer.
  const heard = asked.slice(5, 9).map(({ notBeforeMs = 0 }) => notBeforeMs);
  const grown = heard.slice(1).map((atMs, index) => atMs - (heard[index] ?? 0));
  expect(grown.map((ms, index) => ms >= (index + 1) * 5_000)).toEqual([true, true, true]);
  expect(new Set(asked.slice(8).map(({ notBeforeMs }) => notBeforeMs)).size).toBe(1);
});

describe('in the queue', () => {
  test('G8: shows no place before the lock has answered', async () => {
    const world = new World(stage.env, {
      awaitTurn: async () => {
        throw stillWaits('it has asked the lock', '1h');
      },
    });
    await world.run(async () => {
      expect((await reached(await world.start(), 'queued')).phase).not.toHaveProperty('place');
    });
  });

  test('recheck has it ask at once, and it keeps its place', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      const place = await queued(rollout, ({ why }) => why !== 'counting');
      const asked = (): number => pool.world.calls.filter((name) => name === 'awaitTurn').length;
      const before = asked();
      await rollout.signal('recheck');
      await until(
        async () => asked(),
        (count) => count > before,
      );
      expect(await queued(rollout)).toEqual(place);
      expect((await pool.status()).queue).toHaveLength(1);
    });
  });

  test('G1: what is no grant is none', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      await queued(rollout, ({ why }) => why !== 'counting');
      const before = await statusOf(rollout);
      for (const signal of ['permitGranted', 'drainProgress']) await babble(rollout, signal);
      expect(await statusOf(rollout)).toEqual(before);
      expect(pool.cordons).toEqual([]);
    });
  });

  test('G1: a grant nobody asked for is not taken', async () => {
    const world = new World(stage.env, { passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.signal('permitGranted', { grantId: 'workers-k-1' });
      expect(await statusOf(rollout)).not.toHaveProperty('permit');
    });
  });

  test('zone and overdue time go along; a grant that is answered, and not signalled, is one', async () => {
    const asked: unknown[] = [];
    const grants: string[] = [];
    const world = new World(stage.env, {
      passGates: async () => ({ kind: 'open', zone: 'a', overdueAtMs: 9 }),
      awaitTurn: async (question) => {
        asked.push(question);
        return { kind: 'granted', grantId: 'workers-k-1' };
      },
      cordonNode: async ({ grantId }) => {
        grants.push(grantId);
        return { kind: 'cordoned', record: RECORD, atMs: 1 };
      },
    });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject(rebooted);
    });
    expect(asked).toEqual([{ pool: 'workers', node: 'n1', zone: 'a', overdueAtMs: 9 }]);
    expect(grants).toEqual(['workers-k-1']);
  });
});

const drainOf = async (rollout: WorkflowHandle) => (await reached(rollout, 'draining')).phase.drain;

describe('in a drain', () => {
  const progress = {
    podsLeft: 2,
    evicted: 5,
    warnings: [],
    blockers: [{ what: 'shop/web-1', because: 'budget web: 3 of 3 must stay', sinceMs: 1 }],
  };

  test('G8: its status and the Web UI show what is left and what blocks it', async () => {
    const world = new World(stage.env, { drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      await rollout.signal('drainProgress', progress);
      expect(await drainOf(rollout)).toEqual({ ...progress, atMs: expect.any(Number) });
      const words = await detailsOf(rollout);
      expect(words).toContain('2 pods are left, 5 evicted');
      expect(words).toContain('shop/web-1: budget web: 3 of 3 must stay');
      // What nobody could show does not take its place, and does not break the rollout.
      await babble(rollout, 'drainProgress');
      await rollout.signal('drainProgress', { ...progress, blockers: [null, { what: 1 }] });
      expect((await drainOf(rollout))?.blockers).toEqual([]);
      await rollout.signal('abort');
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect((await statusOf(rollout)).phase).not.toHaveProperty('drain');
    });
  });

  test('word of it that comes when it is over is not shown any more', async () => {
    const world = new World(stage.env, { awaitReturn: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'rebooting');
      await rollout.signal('drainProgress', progress);
      expect((await statusOf(rollout)).phase).not.toHaveProperty('drain');
    });
  });
});

describe('a node that is put into another pool', () => {
  const TO_MASTERS: Moved = {
    kind: 'moved',
    pool: 'masters',
    because: 'it is in pool masters now',
  };
  const TO_NONE: Moved = { kind: 'moved', because: 'its labels match the selector of no pool' };
  const planRollout = planned({ searchAttributes: true });

  test('at the gates: it goes on with the gates of the new pool, and shows it', async () => {
    const asked: GateQuestion[] = [];
    const world = new World(stage.env, {
      planRollout,
      passGates: async (question) => {
        asked.push(question);
        return question.pool === 'workers' ? TO_MASTERS : await untilCancelled();
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => asked.length,
        (count) => count === 2,
      );
      expect(asked.map(({ pool }) => pool)).toEqual(['workers', 'masters']);
      expect(asked[1]?.before).toEqual({ pool: 'workers', untilMs: expect.any(Number) });
      expect(await statusOf(rollout)).toMatchObject({ pool: 'masters' });
      const { searchAttributes } = await rollout.describe();
      expect(searchAttributes).toMatchObject({ LockkeeperPool: ['masters'] });
    });
  });

  test.each([
    { name: 'another', moved: TO_MASTERS, next: 'masters' },
    { name: 'none', moved: TO_NONE, next: 'workers' },
  ])('in the queue, to $name: it leaves its place, and asks the gates', async ({ moved, next }) => {
    const gates: string[] = [];
    const pool: Pool = new Pool(stage.env, 0, {
      planRollout,
      passGates: async (question) => {
        gates.push(question.pool);
        return gates.length === 1 ? { kind: 'open' } : await untilCancelled();
      },
      awaitTurn: async (question) =>
        question.known ? moved : await pool.world.undisturbed.awaitTurn(question),
    });
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      await until(
        async () => gates.length,
        (count) => count === 2,
      );
      expect(gates).toEqual(['workers', next]);
      expect(pool.world.steps).toContain('leaveQueue');
      await reached(rollout, 'waiting');
      await pool.world.lockAtRest();
    });
  });

  test('G1: with the permit in its hands: it passes that, and asks the lock of the new pool', async () => {
    const permits: string[] = [];
    const world = new World(stage.env, {
      planRollout,
      cordonNode: async ({ pool, grantId }) => {
        permits.push(grantId);
        if (pool === 'workers') return TO_MASTERS;
        return { kind: 'cordoned', record: RECORD, atMs: 1 };
      },
    });
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject(rebooted);
      expect(permits).toEqual([
        expect.stringMatching(/^workers-/),
        expect.stringMatching(/^masters-/),
      ]);
      for (const pool of ['workers', 'masters']) await world.lockAtRest(pool);
    });
  });
});
