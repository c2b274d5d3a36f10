import { describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import type { PermitAnswer } from '../../domain/lock-state.ts';
import { rolloutId } from '../../domain/names.ts';
import { answerTo, until } from '../ask.ts';
import { Pool } from './pool-scene.ts';
import { untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { detailsOf, queued, reached } from './standing.ts';

/** What a lock grants, and what it keeps. */

const stage = aStage(openRealStage);
const NODES = ['n1', 'n2', 'n3', 'n4'] as const;
const NOBODY = '00000000-0000-4000-8000-000000000000';
const rebooted = { outcome: 'rebooted' };
const ANN = { reason: 'release night', by: 'ann' };

/** Waits for what Temporal shows of the activity that the rollout waits in. */
const pendingShows = (rollout: WorkflowHandle, words: string): Promise<string> =>
  until(
    async () => JSON.stringify((await rollout.describe()).raw.pendingActivities ?? []),
    (pending) => pending.includes(words),
  );

describe('G1: turns are given', () => {
  test('one at a time, in the order in which they were asked for', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(...NODES);
      for (const [index, rollout] of rollouts.entries()) {
        await pool.cordoned(...NODES.slice(0, index + 1));
        pool.back.add(NODES[index] ?? '');
        expect(await rollout.result()).toMatchObject(rebooted);
      }
      await pool.world.lockAtRest();
      await pool.world.record('pool-lock', pool.world.lock());
    });
    expect(pool.most).toBe(1);
    expect(new Set(pool.grants).size).toBe(4);
  });

  test('to as many as there is room for', async () => {
    const pool = new Pool(stage.env, 2);
    await pool.world.run(async () => {
      const rollouts = await pool.startInTurn(...NODES);
      await pool.cordoned('n1', 'n2');
      for (const node of NODES) pool.back.add(node);
      for (const rollout of rollouts) await rollout.result();
    });
    expect(pool.most).toBe(2);
    expect(pool.cordons.toSorted()).toEqual(NODES);
  });

  test('to nobody who has ended meanwhile', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      const [, second, third] = await pool.startInTurn('n1', 'n2', 'n3');
      await second?.terminate();
      pool.back.add('n1').add('n3');
      expect(await third?.result()).toMatchObject(rebooted);
    });
    expect(pool.cordons).toEqual(['n1', 'n3']);
  });
});

test('its status says who goes before others or after them, and what the latest node has left behind', async () => {
  const pool = new Pool(stage.env, 1, { cordonNode: untilCancelled });
  await pool.world.run(async () => {
    await pool.startInTurn('n1');
    const lock = pool.world.lock();
    const asks = { workflowId: rolloutId('n2'), runId: NOBODY, node: 'n2' };
    await lock.signal('pause', ANN);
    await lock.signal('requestPermit', { ...asks, overdueAtMs: 9, last: true, zone: 'a' });
    await lock.signal('rolloutEnded', { node: 'n9', zone: 'b' });
    const { queue, lastReturn } = await pool.shows((status) => status.lastReturn !== undefined);
    expect(queue).toEqual([
      { node: 'n2', sinceMs: expect.any(Number), overdueAtMs: 9, last: true },
    ]);
    expect(lastReturn).toEqual({ atMs: expect.any(Number), zone: 'b' });
  });
});

test('G8: who waits is told its place, whom it waits behind and why, and when it is the first', async () => {
  const pool = new Pool(stage.env, 1);
  await pool.world.run(async () => {
    const [, , third] = await pool.startInTurn('n1', 'n2', 'n3');
    if (!third) throw new Error('there is no third rollout');
    const because = 'n1 out of service';
    expect(await queued(third)).toMatchObject({ place: 2, of: 2, behind: ['n2'] });
    await pendingShows(third, `number 2 of 2 in the queue, behind n2: ${because}`);
    pool.back.add('n1');
    expect(await queued(third, ({ place }) => place === 1)).toMatchObject({ of: 1 });
    await pool.world.lock().signal('pause', ANN);
    await pendingShows(third, 'the lock is paused by ann: release night');
    expect(await detailsOf(pool.world.lock())).toMatch(
      /^\*\*paused by ann: release night\*\* since .*\n\n- in the queue: n3$/,
    );
  });
});

describe('a paused lock', () => {
  test('admits nobody until it is resumed', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      const [first, second] = await pool.startInTurn('n1', 'n2');
      await pool.cordoned('n1');
      await pool.world.lock().signal('pause', ANN);
      pool.back.add('n1').add('n2');
      await first?.result();
      await pool.shows(({ because }) => because === undefined);
      expect((await pool.status()).paused).toEqual({ ...ANN, atMs: expect.any(Number) });
      expect(pool.cordons).toEqual(['n1']);
      await pool.world.lock().signal('resume');
      expect(await second?.result()).toMatchObject(rebooted);
    });
  });

  test('G8: is paused where that was the last word, also when all words came before its first task', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.tell('pause', { by: 'bob' });
    for (const signal of ['resume', 'pasue']) await pool.world.lock().signal(signal, { by: 'bob' });
    await pool.world.lock().signal('pause', ANN);
    await pool.world.run(async () => {
      const { paused, notUnderstood } = await pool.status();
      expect(paused).toMatchObject(ANN);
      expect(notUnderstood).toEqual(['there is no signal pasue']);
    });
  });

  test('goes on by itself at the end of its pause', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      await pool.tell('pause', { ...ANN, for: '1h' });
      const rollout = await pool.world.start();
      const { paused } = await pool.shows(({ queue }) => queue.length === 1);
      expect(paused?.untilMs).toBe((paused?.atMs ?? 0) + 3_600_000);
      const anHour = new Date(paused?.untilMs ?? 0).toISOString();
      const { because } = await queued(rollout);
      expect(because).toBe(`the lock is paused by ann until ${anHour}: release night`);
      pool.back.add('n1');
      // Short enough to wait for it, and so it may be over before anybody could see it.
      await pool.world.lock().signal('pause', { ...ANN, for: '1s' });
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(await pool.status()).not.toHaveProperty('paused');
    });
  });
});

describe('G5: a pool that halts for its nodes', () => {
  const trouble = { node: 'n9', because: 'its drain failed', sinceMs: 7 };

  test.each([
    { name: 'a person resumes it, which is written on them', end: 'resume' },
    { name: 'they are well', end: 'well' },
  ])('admits nobody until $name', async ({ end }) => {
    const pool = new Pool(stage.env, 1);
    pool.troubles = [trouble];
    pool.back.add('n1');
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      const { because } = await queued(rollout, ({ why }) => why !== 'counting');
      expect(because).toBe('halted for n9');
      expect(await pool.status()).toMatchObject({ because, troubles: [trouble] });
      if (end === 'resume') await pool.world.lock().signal('resume', { by: 'ann' });
      else pool.troubles = [];
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(await pool.world.lockAtRest()).toMatchObject({ troubles: [] });
      const excuses = pool.excuses.map(({ by }) => by);
      expect(excuses).toEqual(end === 'resume' ? ['ann'] : []);
      if (end === 'resume') await pool.world.record('excused', pool.world.lock());
    });
  });
});

/** Runs n1 up to its permit, and then n2 behind it. */
async function afterFirst(pool: Pool, play: (first: WorkflowHandle) => Promise<void>) {
  await pool.world.run(async () => {
    const [first, second] = await pool.startInTurn('n1', 'n2');
    if (first) await play(first);
    expect(await second?.result()).toMatchObject(rebooted);
    expect(pool.most).toBe(1);
    if (pool.world.tellsLock) await pool.world.lockAtRest();
  });
}

const backAtOnce = (changes: Partial<Activities> = {}): Pool => {
  const pool = new Pool(stage.env, 1, changes);
  pool.back.add('n1').add('n2');
  return pool;
};

describe('G5: a permit makes room again', () => {
  test('when its Node shows that it was used, though nobody says so', async () => {
    const pool = backAtOnce();
    pool.world.tellsLock = false;
    pool.back.delete('n1');
    await afterFirst(pool, async () => {
      await pool.cordoned('n1');
      await pool.shows(({ permits }) => permits.length === 0);
      pool.back.add('n1');
    });
  });

  test('when its rollout passes it', async () => {
    const pool: Pool = backAtOnce({
      cordonNode: async (asked) => {
        if (asked.node !== 'n1') return await pool.take(asked);
        pool.cordons.push('n1');
        return { kind: 'closed', because: 'hold: held' };
      },
      passGates: async ({ node }) =>
        node === 'n1' && pool.world.times('cordonNode') > 0
          ? await untilCancelled()
          : { kind: 'open' },
    });
    await afterFirst(pool, async (first) => void (await reached(first, 'waiting')));
  });

  test('when its rollout has ended, but not before nothing can come of it any more', async () => {
    const pool: Pool = backAtOnce({
      cordonNode: async (asked) =>
        asked.node === 'n1' ? await untilCancelled() : await pool.take(asked),
    });
    const permit = (grantId: string) =>
      answerTo(() =>
        pool.world
          .lock()
          .query<PermitAnswer | null, [string, string]>('permit', rolloutId('n1'), grantId),
      );
    await afterFirst(pool, async (first) => {
      await reached(first, 'cordoning');
      const { permits } = await pool.shows(({ because }) => because === 'n1 out of service');
      const grantId = permits[0]?.grantId ?? '';
      expect(await permit(grantId)).toEqual({ countedAtMs: expect.any(Number), others: [] });
      expect(await permit('workers-k-7')).toBeNull();
      await first.terminate();
      pool.ended.add('n1');
      await pool.shows((status) => status.permits[0]?.endedMs !== undefined);
      expect(await permit(grantId)).toBeNull();
      expect(pool.cordons).toEqual([]);
      pool.lapsed.add('n1');
    });
  });

  test('when its run has not heard of it, which asks anew', async () => {
    let counts = 0;
    const pool: Pool = backAtOnce({
      admitNext: async (asked) => {
        const answer = await pool.count(asked);
        if (answer.admission?.kind !== 'grant') return answer;
        counts += 1;
        const runId = counts === 1 ? NOBODY : answer.admission.runId;
        return { ...answer, admission: { ...answer.admission, runId } };
      },
    });
    await afterFirst(pool, async (first) => {
      expect(await first.result()).toMatchObject(rebooted);
    });
    expect(pool.cordons.toSorted()).toEqual(['n1', 'n2']);
  });
});

describe('a signal nobody can understand', () => {
  const NONSENSE = [undefined, null, 7, 'x', [], {}, { node: 3 }, { workflowId: '', runId: 'r' }];
  const FROM_ROLLOUTS = ['requestPermit', 'permitUsed', 'permitPassed', 'rolloutEnded'];

  test('from a rollout changes nothing, and is shown', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      await pool.startInTurn('n1', 'n2');
      const before = await pool.shows(({ because }) => because === 'n1 out of service');
      for (const signal of FROM_ROLLOUTS) {
        for (const sent of NONSENSE) {
          await pool.world.lock().signal(signal, ...(sent === undefined ? [] : [sent]));
        }
        const words = `${signal}: it names no rollout or no node`;
        // The latest twenty are kept, which are more than these.
        const after = await pool.shows(
          ({ notUnderstood }) =>
            notUnderstood.filter((text) => text === words).length === NONSENSE.length,
        );
        expect({ ...after, notUnderstood: [] }).toEqual(before);
        expect(after.notUnderstood.length).toBeLessThanOrEqual(20);
      }
    });
  });

  test('from a person pauses it where it is to be paused, is shown, and stops nothing for good', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      const lock = pool.world.lock();
      await pool.tell('pause', { by: 'ann', for: 'a while' });
      await lock.signal('resume', { resaon: 'x' });
      await lock.signal('pause', 'lunch');
      const { paused, notUnderstood } = await pool.shows(
        (status) => status.notUnderstood.length === 3,
      );
      expect(paused).toMatchObject({ by: 'somebody', reason: 'no reason given' });
      expect(notUnderstood).toEqual([
        'for: write a duration like 30m, not "a while"',
        'resaon: there is no such field',
        '"lunch" is not an object',
      ]);
      expect(await detailsOf(lock)).toContain('- signal not understood: "lunch"');
      for (const signal of ['pause', 'recheck', 'resume']) {
        for (const sent of NONSENSE) await lock.signal(signal, sent);
      }
      pool.back.add('n1');
      expect(await (await pool.world.start()).result()).toMatchObject(rebooted);
    });
  });
});
