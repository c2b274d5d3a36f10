import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { Plan } from '../../activities/plan.ts';
import {
  detailsOf,
  openRealStage,
  reached,
  RECORD,
  statusOf,
  until,
  untilCancelled,
  World,
} from './stage.ts';

/** What a rollout and a lock know of the policy and of what they were started with. */

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

const planned =
  (request: Partial<Plan['request']> = {}) =>
  async (): Promise<Plan> => ({
    request: { node: 'n1', skip: [], evenIfNotRequired: false, ...request },
    pool: 'workers',
    recovery: { at: 'start' },
    searchAttributes: false,
  });

test("a rollout's status has the policy that its latest decision followed", async () => {
  const closed = [{ gate: 'hold' as const, because: 'held: disk is being swapped' }];
  const world = inA({
    passGates: async ({ known }) =>
      known.length === 0
        ? { kind: 'closed', closed, pollAgainMs: 60_000, policy: 'p1' }
        : await untilCancelled(),
  });
  await world.run(async () => {
    const rollout = await world.start();
    await until(
      () => statusOf(rollout),
      ({ policy }) => policy === 'p1',
    );
    await rollout.signal('abort');
    await rollout.result();
  });
});

test('a decision that cannot tell leaves the policy of the one before standing', async () => {
  const world = inA({
    passGates: async () => ({ kind: 'open', policy: 'p2' }),
    cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs: 1, policy: 'p3' }),
    awaitReturn: untilCancelled,
  });
  await world.run(async () => {
    const rollout = await world.start();
    // The order of this world has no policy.
    expect((await reached(rollout, 'rebooting')).policy).toBe('p3');
  });
});

test("a lock's status has the policy of its latest look for a turn", async () => {
  const turn = { kind: 'wait', because: 'n2 is cordoned', policy: 'p1' } as const;
  const world = inA({
    watchPool: async ({ known }) =>
      known === undefined ? { ended: [], free: [], well: [], turn } : await untilCancelled(),
  });
  await world.run(async () => {
    await world.start();
    await until(
      () => world.lockStatus().catch(() => undefined),
      (status) => status?.policy === 'p1',
    );
  });
});

const cordonNode = async () =>
  ({ kind: 'cordoned', record: RECORD, atMs: Date.now() - 60_000 }) as const;
const lengthsIn = async (world: World) => {
  const done = await until(
    () => world.lockStatus(),
    ({ holders }) => holders.length === 0,
  );
  return done.lengths;
};

describe('the lock hears how long a rollout took from the cordon on', () => {
  test('that went well', async () => {
    const world = inA({ cordonNode });
    await world.run(async () => {
      await (await world.start()).result();
      const [tookMs = 0, ...others] = (await lengthsIn(world)) ?? [];
      expect(tookMs).toBeGreaterThanOrEqual(59_000);
      expect(others).toEqual([]);
    });
  });

  test.each<{ name: string; changes: Partial<Activities> }>([
    {
      name: 'nobody knows since when it was out',
      changes: { cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs: 0 }) },
    },
    {
      name: 'its sentinel has survived',
      changes: { cordonNode, restoreNode: async () => ({ kind: 'quarantined' }) },
    },
    {
      name: 'its node was deleted',
      changes: { cordonNode, restoreNode: async () => ({ kind: 'gone' }) },
    },
  ])('but not when $name', async ({ changes }) => {
    const world = inA(changes);
    await world.run(async () => {
      await (await world.start()).result();
      expect(await lengthsIn(world)).toBeUndefined();
    });
  });

  test('but not when a person has paused it meanwhile', async () => {
    let drains = 0;
    const world = inA({
      cordonNode,
      drainNode: async () => {
        drains += 1;
        if (drains === 1) await untilCancelled();
        return { evicted: 1, deleted: [], warnings: [], daemonSetsReady: [] };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      await rollout.signal('pause');
      await reached(rollout, 'paused');
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await lengthsIn(world)).toBeUndefined();
    });
  });
});

test('G8: the gates that a rollout is told to skip from the start are listed, with who wanted it and why', async () => {
  const world = inA({
    planRollout: planned({ skip: ['alerts'], requestedBy: 'kim', reason: 'agreed' }),
    passGates: untilCancelled,
  });
  await world.run(async () => {
    const rollout = await world.start();
    await reached(rollout, 'waiting');
    await rollout.signal('skipGate', { gate: 'hold', by: 'ann', reason: 'mine' });
    const { skipped } = await until(
      () => statusOf(rollout),
      (status) => status.skipped.length === 2,
    );
    expect(skipped).toEqual([
      { gate: 'alerts', by: 'kim', reason: 'agreed', atMs: expect.any(Number) },
      { gate: 'hold', by: 'ann', reason: 'mine', atMs: expect.any(Number) },
    ]);
    expect(await detailsOf(rollout)).toContain('gate **alerts** skipped by kim: agreed');
  });
});

test('G8: a rollout that skips gates without a name and a reason says so', async () => {
  const world = inA({ planRollout: planned({ skip: ['alerts'] }), passGates: untilCancelled });
  await world.run(async () => {
    const { skipped } = await reached(await world.start(), 'waiting');
    expect(skipped).toMatchObject([
      { gate: 'alerts', by: 'whoever started it', reason: 'no reason given' },
    ]);
  });
});
