import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Found } from '../../activities/lock.ts';
import type { PermitRequest } from '../../domain/lock-state.ts';
import { lockId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import type { poolLock } from '../../workflows/index.ts';
import { Pool, soon } from './pool-scene.ts';
import {
  detailsOf,
  fails,
  openRealStage,
  reached,
  statusOf,
  until,
  untilCancelled,
} from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const NODES = ['n1', 'n2', 'n3', 'n4'];

/** Ends a rollout as nothing of ours does, and lets the lock see it. */
async function lose(pool: Pool, rollout: WorkflowHandle | undefined): Promise<void> {
  if (!rollout) throw new Error('there is no such rollout');
  const { runId } = await rollout.describe();
  await rollout.terminate();
  pool.ended.add(runId);
}

const orphansOf = async (pool: Pool): Promise<string[]> =>
  (await pool.status()).holders
    .filter(({ orphanedMs }) => orphanedMs !== undefined)
    .map(({ node }) => node);

/** Waits until the lock has looked at the world a few times more. */
async function looks(pool: Pool): Promise<void> {
  const seen = pool.world.calls.length;
  await until(
    async () => pool.world.calls.slice(seen).filter((name) => name === 'watchPool').length,
    (count) => count >= 4,
  );
}

describe('the permit of a rollout that ended without giving it back', () => {
  test('G5: is kept and shown, however often the lock looks, until its node is in service', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first, second] = await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      await lose(pool, first);
      expect(
        await until(
          () => orphansOf(pool),
          (nodes) => nodes.length > 0,
        ),
      ).toEqual(['n1']);
      await looks(pool);
      expect(await pool.holders()).toEqual(['n1']);
      expect(pool.cordons).toEqual(['n1']);
      pool.inService.add('n1');
      pool.back.add('n2');
      expect(await second?.result()).toMatchObject({ outcome: 'rebooted' });
    });
    expect(pool.cordons).toEqual(['n1', 'n2']);
  });

  test('is given back by a person', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first, second] = await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      await lose(pool, first);
      await until(
        () => orphansOf(pool),
        (nodes) => nodes.length > 0,
      );
      pool.back.add('n2');
      await pool.world.lock().signal('release', { node: 'n1' });
      expect(await second?.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('belongs to the next rollout of the node that has it out of service', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      await lose(pool, first);
      await until(
        () => orphansOf(pool),
        (nodes) => nodes.length > 0,
      );
      const [{ grantId } = { grantId: '' }] = (await pool.status()).holders;
      const request: PermitRequest = {
        workflowId: rolloutId('n1'),
        runId: '00000000-0000-4000-8000-000000000000',
        node: 'n1',
        holding: true,
      };
      await pool.world.lock().signal('requestPermit', request);
      expect(await pool.status()).toMatchObject({ holders: [{ node: 'n1', grantId }] });
      expect(await orphansOf(pool)).toEqual([]);
    });
  });

  test('G1: is not good any more for who remembers it', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      const holds = (grantId: string) =>
        pool.world.lock().query<boolean, [string, string]>('holds', rolloutId('n1'), grantId);
      const [{ grantId } = { grantId: '' }] = (await pool.status()).holders;
      expect(await holds(grantId)).toBe(true);
      expect(await holds('workers-k-7')).toBe(false);
      await lose(pool, first);
      await until(
        () => orphansOf(pool),
        (nodes) => nodes.length > 0,
      );
      expect(await holds(grantId)).toBe(false);
    });
  });
});

describe('G5: a pool halts', () => {
  test('for a node that is lost, which keeps its permit, until it is back', async () => {
    const lost = { back: false };
    const pool = new Pool(env, 2, {
      awaitReturn: async ({ node, lost: late }) => {
        if (node === 'n1' && !late) return { kind: 'late', because: 'no boot id' };
        if (node === 'n1') {
          await until(async () => lost.back, Boolean).catch(untilCancelled);
        }
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await pool.world.run(async () => {
      const first = await pool.world.start();
      await until(
        () => pool.status().catch(() => undefined),
        (status) => status?.troubles.length === 1,
      );
      const second = await pool.world.start({ node: 'n2' });
      const { because, holders, troubles } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(because).toBe('halted: n1: it is lost: no boot id');
      expect(holders).toMatchObject([{ node: 'n1' }]);
      expect(troubles).toMatchObject([{ node: 'n1', because: 'it is lost: no boot id' }]);
      expect(pool.cordons).toEqual(['n1']);
      lost.back = true;
      expect(await first.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
      expect((await pool.status()).troubles).toEqual([]);
    });
  });

  test.each([
    { name: 'a person resumes it', end: (pool: Pool) => pool.world.lock().signal('resume') },
    {
      name: 'the node is seen to be well',
      end: async (pool: Pool) => {
        pool.well.add('n1');
      },
    },
  ])('for a rollout that failed, until $name', async ({ end }) => {
    const pool = new Pool(env, 2, {
      drainNode: async ({ node }) => {
        if (node === 'n1') return await fails('drain-timed-out', 'shop/web-1: budget web')();
        return { evicted: 0, deleted: [], warnings: [], daemonSetsReady: [] };
      },
    });
    await pool.world.run(async () => {
      const first = await pool.world.start();
      await first.result().catch(() => undefined);
      await until(
        () => pool.status(),
        ({ troubles }) => troubles.length > 0,
      );
      const second = await pool.world.start({ node: 'n2' });
      const status = await until(
        () => pool.status(),
        ({ because }) => because !== undefined,
      );
      expect(status).toMatchObject({
        because: 'halted: n1: shop/web-1: budget web',
        holders: [],
        troubles: [{ node: 'n1', because: 'shop/web-1: budget web' }],
      });
      expect(pool.cordons).toEqual(['n1']);
      await end(pool);
      pool.back.add('n2');
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

describe('a lock that was ended', () => {
  test('G5: is halted again by a lost node it adopts, until the node is back', async () => {
    let found: Found = { holders: [], troubles: [] };
    const pool = new Pool(env, 2, { findHolders: async () => found });
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      const runId = (await first?.describe())?.runId ?? '';
      const trouble = 'it is lost: its boot id has not changed';
      found = {
        holders: [{ workflowId: rolloutId('n1'), runId, node: 'n1' }],
        troubles: [{ node: 'n1', because: trouble, sinceMs: 7 }],
      };
      await pool.world.lock().terminate();
      const second = await pool.world.start({ node: 'n2' });
      const { holders, troubles, because } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(because).toBe(`halted: n1: ${trouble}`);
      expect(troubles).toEqual(found.troubles);
      expect(holders).toEqual([
        { node: 'n1', grantId: expect.any(String), sinceMs: expect.any(Number) },
      ]);
      expect(pool.cordons).toEqual(['n1']);
      pool.back.add('n1').add('n2');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
      await pool.world.record('lock-adopts', pool.world.lock().workflowId);
    });
  });

  test('G5: is halted again by a node that had failed, in the words of whoever spoke last', async () => {
    const found = Promise.withResolvers<Found>();
    const pool = new Pool(env, 1, { findHolders: () => found.promise });
    await pool.world.run(async () => {
      const rollout = await pool.world.start({ node: 'n2' });
      await reached(rollout, 'queued');
      await pool.world.lock().signal('trouble', { node: 'n1', because: 'just heard' });
      found.resolve({
        holders: [],
        troubles: [
          { node: 'n1', because: 'long known', sinceMs: 7 },
          { node: 'n3', because: 'its drain failed', sinceMs: 8 },
        ],
      });
      const { troubles } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(troubles).toMatchObject([
        { node: 'n1', because: 'just heard' },
        { node: 'n3', because: 'its drain failed', sinceMs: 8 },
      ]);
      expect(pool.cordons).toEqual([]);
      await pool.world.lock().signal('resume');
      pool.back.add('n2');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('G8: tells who waits why nobody knows yet what it has left behind', async () => {
    const because = 'a former lock of pool workers was ended; what it granted settles';
    let settled = false;
    const pool = new Pool(env, 1, {
      findHolders: async ({ known }) => {
        if (settled) return { holders: [], troubles: [] };
        if (known === because) throw soon(because);
        return { because };
      },
    });
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      const { queue } = await until(
        () => statusOf(rollout),
        (status) => status.queue !== undefined,
      );
      expect(queue).toEqual({ place: 1, behind: [], because });
      expect((await pool.status()).because).toBe(because);
      expect(pool.cordons).toEqual([]);
      settled = true;
      pool.back.add('n1');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      await pool.world.record('lock-settles', pool.world.lock().workflowId);
    });
  });

  test('G1: adopts those who have a node out of service before it grants anything', async () => {
    const lost = { holders: [] as PermitRequest[], settled: true };
    const pool = new Pool(env, 1, {
      findHolders: async () => {
        await until(async () => lost.settled, Boolean);
        return { holders: lost.holders, troubles: [] };
      },
    });
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      await pool.cordoned(1);
      const [{ grantId: old } = { grantId: '' }] = (await pool.status()).holders;
      const runId = (await first?.describe())?.runId ?? '';
      lost.holders = [{ workflowId: rolloutId('n1'), runId, node: 'n1' }];
      lost.settled = false;
      await pool.world.lock().terminate();
      const second = await pool.world.start({ node: 'n2' });
      await until(
        () => pool.status(),
        ({ queue }) => queue.length > 0,
      );
      expect(await pool.holders()).toEqual([]);
      lost.settled = true;
      const { holders } = await until(
        () => pool.status(),
        (status) => status.because !== undefined,
      );
      expect(holders).toMatchObject([{ node: 'n1' }]);
      expect(holders[0]?.grantId).not.toBe(old);
      expect(pool.cordons).toEqual(['n1']);
      // The rollout gives back the permit it knows, which the lost lock gave it.
      pool.back.add('n1').add('n2');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
      expect(await second.result()).toMatchObject({ outcome: 'rebooted' });
    });
    expect(pool.most).toBe(1);
  });

  test('is asked anew by a rollout that is made to look again', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [, second] = await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      await pool.world.end(rolloutId('n1'));
      await pool.world.lock().terminate();
      await second?.signal('recheck');
      pool.back.add('n2');
      expect(await second?.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

describe('a signal nobody can understand', () => {
  const NONSENSE = [undefined, null, 7, 'x', [], {}, { node: 3 }, { workflowId: '', runId: 'r' }];

  test('changes nothing, and is shown', async () => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      await pool.startInTurn(['n1', 'n2']);
      await pool.cordoned(1);
      const { notUnderstood: _, ...before } = await until(
        () => pool.status(),
        ({ because }) => because !== undefined,
      );
      const lock = pool.world.lock();
      for (const signal of ['requestPermit', 'release', 'trouble']) {
        for (const sent of NONSENSE) {
          await lock.signal(signal, ...(sent === undefined ? [] : [sent]));
        }
      }
      const { notUnderstood, ...after } = await until(
        () => pool.status(),
        (status) => status.notUnderstood.length >= 3 * NONSENSE.length,
      );
      expect(after).toEqual(before);
      expect(new Set(notUnderstood)).toEqual(
        new Set([
          'requestPermit: it names no rollout and no node',
          'release: it names no rollout and no node',
          'trouble: it names no rollout and no node',
        ]),
      );
      await pool.endAll(NODES);
    });
  });

  test.each(['pause', 'resume', 'recheck'])('does not stop it either: %s', async (signal) => {
    const pool = new Pool(env, 1);
    await pool.world.run(async () => {
      const [first] = await pool.startInTurn(['n1']);
      for (const sent of NONSENSE) await pool.world.lock().signal(signal, sent);
      await pool.world.lock().signal('resume');
      pool.back.add('n1');
      expect(await first?.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

test('G8: what nobody gave back is said in the words of the Web UI too', async () => {
  const pool = new Pool(env, 1);
  await pool.world.run(async () => {
    const [first, second] = await pool.startInTurn(['n1', 'n2']);
    if (!second) throw new Error('there is no second rollout');
    await pool.cordoned(1);
    await lose(pool, first);
    await until(
      () => orphansOf(pool),
      (nodes) => nodes.length > 0,
    );
    const words = await detailsOf(pool.world.lock());
    expect(words).toContain('n1 (its rollout has ended; kept until');
    expect(words).toContain('**queue**: n2');
    const { queue } = await until(
      () => statusOf(second),
      (status) => status.queue !== undefined,
    );
    expect(queue).toMatchObject({ place: 1, behind: ['n1'] });
    await pool.endAll(NODES);
  });
});

test('a lock that is started by hand works like any other', async () => {
  const pool = new Pool(env, 1);
  await pool.world.run(async () => {
    await env.client.workflow.start<typeof poolLock>('poolLock', {
      workflowId: lockId('workers'),
      taskQueue: TASK_QUEUE,
      args: [{ pool: 'workers' }],
    });
    pool.back.add('n1');
    expect(await (await pool.world.start()).result()).toMatchObject({ outcome: 'rebooted' });
  });
});
