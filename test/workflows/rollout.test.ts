import { describe, expect, test } from '@jest/globals';
import { failure } from '../../activities/failure.ts';
import type { Activities } from '../../activities/index.ts';
import { until } from '../ask.ts';
import { atFirst, DRAINED, ORDERED, planned, RECORD, untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { detailsOf, reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** A rollout that goes through, what its steps send it back for, and what it shows. */

const stage = aStage(openRealStage);
const inA = (changes: Partial<Activities> = {}): World => new World(stage.env, changes);
const rebooted = { outcome: 'rebooted' };
const ON_THE_WAY = ['drainNode', 'orderReboot', 'awaitReturn', 'restoreNode'];

test('a rollout goes through its steps in order and says how it ended', async () => {
  const world = inA();
  await world.run(async () => {
    const rollout = await world.start();
    expect(await rollout.result()).toEqual({
      node: 'n1',
      outcome: 'rebooted',
      because: 'it rebooted and is back',
      bootIdBefore: 'boot-1',
      bootIdAfter: 'boot-2',
    });
    const { events } = await rollout.fetchHistory();
    expect(events?.length).toBeLessThanOrEqual(60);
    await world.lockAtRest();
  });
  const before = ['planRollout', 'passGates', 'awaitTurn', 'cordonNode'];
  expect(world.steps).toEqual([...before, ...ON_THE_WAY]);
});

describe('goes on with', () => {
  const again = ['passGates', 'awaitTurn', 'cordonNode'];
  const CORDONED = { kind: 'cordoned', record: RECORD, atMs: 1 } as const;

  test.each<{ name: string; changes: Partial<Activities>; steps: string[] }>([
    {
      name: 'the gates, untouched, when one has closed before the cordon',
      changes: { cordonNode: atFirst({ kind: 'closed', because: 'hold: held' }, CORDONED) },
      steps: [...again, ...again, ...ON_THE_WAY],
    },
    {
      name: 'the gates, handed back, when one closes in the drain',
      changes: { drainNode: atFirst({ closed: 'window: it has ended' }, DRAINED) },
      steps: [...again, 'drainNode', 'undoNode', ...again, ...ON_THE_WAY],
    },
    {
      name: 'the gates, handed back, when one closes before the order',
      changes: { orderReboot: atFirst({ kind: 'closed', because: 'window: closed' }, ORDERED) },
      steps: [...again, 'drainNode', 'orderReboot', 'undoNode', ...again, ...ON_THE_WAY],
    },
    {
      name: 'the drain when a pod has come back before the order',
      changes: {
        orderReboot: atFirst({ kind: 'not-empty', because: 'shop/web-1', owners: [] }, ORDERED),
      },
      steps: [...again, 'drainNode', 'orderReboot', ...ON_THE_WAY],
    },
    {
      name: 'the wait for its return when the node is away again as it is handed back',
      changes: { restoreNode: atFirst({ kind: 'not-back' }, { kind: 'restored' }) },
      steps: [...again, ...ON_THE_WAY, 'awaitReturn', 'restoreNode'],
    },
    {
      name: 'its return when the order was accepted while it was being undone',
      changes: {
        awaitReturn: atFirst(
          { kind: 'silent', because: 'no answer' },
          { kind: 'returned', bootId: 'boot-2', stillRequired: false },
        ),
        undoNode: async () => ({ kind: 'too-late' }),
      },
      steps: [...again, ...ON_THE_WAY.slice(0, 3), 'undoNode', 'awaitReturn', 'restoreNode'],
    },
  ])('$name', async ({ changes, steps }) => {
    const world = inA(changes);
    await world.run(async () => {
      expect(await (await world.start()).result()).toMatchObject(rebooted);
      await world.lockAtRest();
    });
    expect(world.steps).toEqual(['planRollout', ...steps]);
  });
});

test('G2: counts pods that are seen once more between drain and order, for the next drain and the next order', async () => {
  const asked: unknown[] = [];
  const owners = ['shop/ReplicaSet/web'];
  const notEmpty = { kind: 'not-empty', because: 'shop/web-1', owners } as const;
  const orders = [notEmpty, notEmpty, ORDERED];
  const world = inA({
    drainNode: async ({ cameBack }) => {
      asked.push(cameBack);
      return { ...DRAINED, cameBack: { ...cameBack, 'shop/ReplicaSet/db': 1 } };
    },
    orderReboot: async ({ cameBack }) => {
      asked.push(cameBack);
      return orders.shift() ?? ORDERED;
    },
  });
  await world.run(async () => {
    expect(await (await world.start()).result()).toMatchObject(rebooted);
  });
  const db = { 'shop/ReplicaSet/db': 1 };
  const web = (times: number) => ({ 'shop/ReplicaSet/web': times, ...db });
  expect(asked).toEqual([{}, db, web(0), web(0), web(1), web(1)]);
});

test('G1: takes no permit from a grant it has passed', async () => {
  const grants: string[] = [];
  const world: World = inA({
    cordonNode: async ({ grantId }) => {
      grants.push(grantId);
      if (grants.length === 1) return { kind: 'closed', because: 'hold: held' };
      return { kind: 'cordoned', record: RECORD, atMs: 1 };
    },
    passGates: async () => {
      const [grantId] = grants;
      // The lock confirms the first permit once more.
      const rollout = world.client.workflow.getHandle('node-rollout/n1');
      if (grantId !== undefined) await rollout.signal('permitGranted', { grantId });
      return { kind: 'open' };
    },
  });
  const result = await world.run(async () => (await world.start()).result());
  expect(result).toMatchObject(rebooted);
  expect(grants).toHaveLength(2);
  expect(grants[1]).not.toBe(grants[0]);
});

test('G5: a node that is lost is waited for all the same, and finishes when it comes back late', async () => {
  const away = Promise.withResolvers<void>();
  const world: World = inA({
    awaitReturn: async ({ lost }) => {
      if (!lost) return { kind: 'late', because: 'its boot id has not changed' };
      await away.promise;
      return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    const { phase } = await reached(rollout, 'lost');
    expect(phase.because).toBe('its boot id has not changed');
    away.resolve();
    expect(await rollout.result()).toMatchObject(rebooted);
    await world.record('lost-then-back', rollout);
  });
});

test.each(['abort', 'cancel'])(
  'G5: a node that is lost is handed back when a person gives it up by %s, and not by a word from before',
  async (word) => {
    const undone: unknown[] = [];
    const world: World = inA({
      awaitReturn: async ({ lost }) => {
        if (lost) return await untilCancelled();
        const rollout = world.client.workflow.getHandle('node-rollout/n1');
        await rollout.signal('abort', { by: 'bob' });
        return { kind: 'late', because: 'its boot id has not changed' };
      },
      undoNode: async ({ why, lost }) => {
        undone.push({ why, lost });
        return { kind: 'undone' };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'lost');
      expect(undone).toEqual([]);
      if (word === 'cancel') await rollout.cancel();
      else await rollout.signal('abort', { by: 'ann', reason: 'it is scrapped' });
      const result = await rollout.result().catch((error: unknown) => error);
      if (word === 'abort')
        expect(result).toMatchObject({
          outcome: 'aborted',
          because: 'aborted by ann: it is scrapped',
        });
      expect(undone).toEqual([{ why: 'abort', lost: true }]);
    });
  },
);

describe('shows', () => {
  const closed = [
    { gate: 'hold' as const, because: 'held: disk is being swapped' },
    { gate: 'window' as const, because: 'its pool has no window' },
  ];

  test('G8: every closed gate with its reason, and the policy that was followed', async () => {
    const world = inA({
      passGates: async ({ known, skip }) => {
        if (skip.includes('hold')) return { kind: 'open' };
        if (known.length > 0) return await untilCancelled();
        return { kind: 'closed', closed, pollAgainMs: 60_000, policy: 'p1' };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      const { policy } = await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'waiting' && phase.closed.length > 0,
      );
      expect(policy).toBe('p1');
      const pollAgainMs = 60_000;
      expect((await statusOf(rollout)).phase).toMatchObject({
        closed: closed.map((gate) => ({ ...gate, sinceMs: expect.any(Number), pollAgainMs })),
      });
      await rollout.signal('skipGate', { gate: 'hold' });
      expect(await rollout.result()).toMatchObject(rebooted);
      await world.record('held', rollout);
    });
  });

  test('the policy of the decision before, where the latest cannot tell', async () => {
    const world = inA({
      passGates: async () => ({ kind: 'open', policy: 'p2' }),
      cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs: 1, policy: 'p3' }),
      awaitReturn: untilCancelled,
    });
    await world.run(async () => {
      // The order of this world has no policy.
      expect((await reached(await world.start(), 'rebooting')).policy).toBe('p3');
    });
  });

  test('a lock: the policy of its latest count', async () => {
    const admission = { kind: 'wait', because: 'n2 is cordoned', policy: 'p1' } as const;
    const world = inA({
      admitNext: async ({ known }) =>
        known === undefined
          ? { used: [], ended: [], lapsed: [], admission }
          : await untilCancelled(),
    });
    await world.run(async () => {
      await world.start();
      await until(
        () => world.lockStatus().catch(() => undefined),
        (status) => status?.policy === 'p1',
      );
    });
  });

  test.each([
    { request: { requestedBy: 'kim', reason: 'agreed' }, by: 'kim', reason: 'agreed' },
    { request: {}, by: 'whoever started it', reason: 'no reason given' },
  ])(
    'G8: the gates it was told to skip from the start, by $by',
    async ({ request, by, reason }) => {
      const world = inA({
        planRollout: planned({}, { skip: ['alerts'], ...request }),
        passGates: untilCancelled,
      });
      await world.run(async () => {
        const rollout = await world.start();
        const { skipped } = await reached(rollout, 'waiting');
        expect(skipped).toEqual([{ gate: 'alerts', by, reason, atMs: expect.any(Number) }]);
        expect(await detailsOf(rollout)).toContain(`gate **alerts** skipped by ${by}: ${reason}`);
      });
    },
  );
});

const cordonedAt = (atMs: number): Partial<Activities> => ({
  cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs }),
});

describe('tells its activities since when, for the metrics:', () => {
  test.each<{ name: string; changes: Partial<Activities>; told: keyof Activities }>([
    { name: 'the cordon where the node is restored', changes: {}, told: 'restoreNode' },
    {
      name: 'the cordon where it is undone',
      changes: {
        drainNode: async () => {
          throw failure('drain-timed-out', 'not empty');
        },
      },
      told: 'undoNode',
    },
  ])('$name', async ({ changes, told }) => {
    const asked: unknown[] = [];
    const act = inA().undisturbed[told] as (given: unknown) => Promise<unknown>;
    const world = inA({
      ...cordonedAt(5_000),
      ...changes,
      [told]: async (given: unknown) => {
        asked.push(given);
        return await act(given);
      },
    });
    await world.run(() => world.rolled());
    expect(asked).toEqual([expect.objectContaining({ cordonedAtMs: 5_000 })]);
  });

  test('it has waited for its turn', async () => {
    const beforeMs = Date.now();
    let askedAtMs: number | undefined;
    let atMs = 0;
    const world = inA({
      cordonNode: async (given) => {
        ({ askedAtMs } = given);
        atMs = Date.now();
        return { kind: 'cordoned', record: RECORD, atMs };
      },
    });
    await world.run(() => world.rolled());
    expect(askedAtMs).toBeGreaterThanOrEqual(beforeMs);
    expect(askedAtMs).toBeLessThanOrEqual(atMs);
  });
});

describe('tells the lock how long it took from the cordon on', () => {
  const A_MINUTE_AGO = Date.now() - 60_000;

  test.each<{ name: string; changes: Partial<Activities>; told: boolean }>([
    { name: 'when it went well', changes: cordonedAt(A_MINUTE_AGO), told: true },
    { name: 'but not when nobody knows', changes: cordonedAt(0), told: false },
  ])('$name', async ({ changes, told }) => {
    const world = inA(changes);
    await world.run(async () => {
      await world.rolled();
      const { lengths } = await world.lockAtRest();
      expect(lengths.map((tookMs) => tookMs >= 59_000)).toEqual(told ? [true] : []);
    });
  });

  test('but not when a person has paused it meanwhile', async () => {
    let drains = 0;
    const world = inA({
      ...cordonedAt(A_MINUTE_AGO),
      drainNode: async () => {
        drains += 1;
        return drains === 1 ? await untilCancelled() : DRAINED;
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      expect(await reached(rollout, 'draining')).toMatchObject({ outSinceMs: A_MINUTE_AGO });
      await rollout.signal('pause', { reason: 'lunch', by: 'bob' });
      const status = await reached(rollout, 'paused');
      expect(status.paused).toMatchObject({ reason: 'lunch', by: 'bob' });
      expect(status).not.toHaveProperty('outSinceMs');
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(drains).toBe(2);
      expect((await world.lockAtRest()).lengths).toEqual([]);
    });
  });
});
