import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PermitRequest } from '../../domain/lock-state.ts';
import { rolloutId } from '../../domain/names.ts';
import { Pool } from './pool-scene.ts';
import { detailsOf, openRealStage, statusOf, until } from './stage.ts';

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
