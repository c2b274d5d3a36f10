import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Pool } from './pool-scene.ts';
import { openRealStage, until } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const NODES = ['n1', 'n2', 'n3', 'n4'];

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
