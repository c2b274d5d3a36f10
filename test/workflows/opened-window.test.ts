import { describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { tellPool } from '../../activities/tell-pool.ts';
import { Stage } from '../../activities/testing/stage.ts';
import type { Answer } from '../../domain/answers.ts';
import { until } from '../ask.ts';
import { openWindow } from '../open-window.ts';
import { stillWaits } from './played.ts';
import { Pool } from './pool-scene.ts';
import { aStage, openRealStage } from './servers.ts';
import { detailsOf, reached, statusOf } from './standing.ts';

/** A window that a person opens by a word to the lock of the pool. */

const stage = aStage(openRealStage);
const CHANGE = { for: '10h', by: 'ann', reason: 'CHG0042' };
const OPEN = /^open until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ by ann: CHG0042$/;

const say = (to: WorkflowHandle, what: string, sent?: unknown): Promise<Answer> =>
  to.executeUpdate<Answer, [unknown]>(what, { args: [sent] });

const open = ({ world }: Pool, sent: unknown): Promise<Answer> =>
  openWindow(world.client, 'workers', sent);

test('G8: it stands in the answer, the status and the Web UI, also in those of a lock that was not there', async () => {
  const pool = new Pool(stage.env, 1);
  await pool.world.run(async () => {
    const { effect, says } = await open(pool, CHANGE);
    expect([effect, says]).toEqual(['done', expect.stringMatching(OPEN)]);
    const { window } = await pool.status();
    expect(window).toMatchObject({ by: 'ann', reason: 'CHG0042' });
    expect((window?.untilMs ?? 0) - (window?.fromMs ?? 0)).toBe(36_000_000);
    expect(await detailsOf(pool.world.lock())).toContain(`- window: ${says}`);
  });
});

test('another one takes its place, and closing ends it', async () => {
  const pool = new Pool(stage.env, 1);
  await pool.world.run(async () => {
    const first = await open(pool, CHANGE);
    const second = await open(pool, { for: '1h', by: 'kim', despiteFreeze: true });
    expect(second.says).toContain(`; the one before is replaced: ${first.says}`);
    expect((await pool.status()).window).toMatchObject({ by: 'kim', despiteFreeze: true });
    expect(await say(pool.world.lock(), 'closeWindow', { by: 'ann' })).toMatchObject({
      effect: 'done',
      says: expect.stringContaining('despite freezes by kim'),
    });
    expect((await pool.status()).window).toBeUndefined();
    expect(await say(pool.world.lock(), 'closeWindow')).toMatchObject({ effect: 'none' });
  });
});

test('it ends by itself', async () => {
  const pool = new Pool(stage.env, 1);
  await pool.world.run(async () => {
    await open(pool, { ...CHANGE, for: '2s' });
    await pool.shows(({ window }) => window === undefined);
    expect(await detailsOf(pool.world.lock())).not.toContain('open until');
    const { events } = await pool.world.lock().fetchHistory();
    // That of the update, and that of the window.
    expect(events?.filter((event) => event.timerFiredEventAttributes)).toHaveLength(2);
  });
});

describe('what is not understood opens nothing', () => {
  const FLAWS: readonly [unknown, string][] = [
    [undefined, 'for: write how long it is to be open, such as 10h'],
    [{ for: '8d' }, 'for: write at most 7d, not 8d'],
    [{ for: '10h', despiteFreeze: 'yes' }, 'despiteFreeze: write true or false, not "yes"'],
    [{ for: '10h', forr: '1h' }, 'forr: there is no such field'],
  ];

  test('an update is refused with field and rule', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      for (const [sent, rule] of FLAWS) {
        const error = await open(pool, sent).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
        expect((error as WorkflowUpdateFailedError).cause?.message).toBe(`openWindow: ${rule}`);
      }
      const { window, notUnderstood } = await pool.status();
      expect([window, notUnderstood]).toEqual([undefined, []]);
    });
  });

  test('a signal is noted', async () => {
    const pool = new Pool(stage.env, 1);
    await pool.world.run(async () => {
      for (const [sent] of FLAWS) await pool.tell('openWindow', sent as object);
      const { notUnderstood, window } = await pool.shows(
        (status) => status.notUnderstood.length === FLAWS.length,
      );
      expect(notUnderstood).toEqual(FLAWS.map(([, rule]) => `openWindow: ${rule}`));
      expect(window).toBeUndefined();
      await pool.tell('openWindow', CHANGE);
      await pool.shows((status) => status.window !== undefined);
    });
  });
});

test('who waits for hours is told when it is opened and when it is closed, and says why it goes on', async () => {
  const { deps } = new Stage();
  let looks = 0;
  const pool: Pool = new Pool(stage.env, 1, {
    passGates: async () => {
      looks += 1;
      // Not by a query of the test's, which the lock of the test before would answer as well.
      const { window } = (await pool.world.temporal.lockStatus('workers', 0)) ?? {};
      if (window) return { kind: 'open', window: `open by ${window.by}` };
      throw stillWaits('window: closed', '1h');
    },
    tellPool: (asked) => tellPool({ ...deps, temporal: pool.world.temporal }, asked),
  });
  await pool.world.run(async () => {
    const rollout = await pool.world.start();
    await reached(rollout, 'waiting');
    await until(
      async () => looks,
      (count) => count === 1,
    );
    await open(pool, CHANGE);
    await reached(rollout, 'rebooting');
    expect((await statusOf(rollout)).window).toBe('open by ann');
    expect(await detailsOf(rollout)).toContain('- gate **window**: open by ann');
    const held = await pool.world.start({ node: 'n2' });
    await reached(held, 'queued');
    const { length } = await signalsTo(held);
    await say(pool.world.lock(), 'closeWindow');
    await until(
      () => signalsTo(held),
      (signals) => signals.length > length,
    );
    pool.back.add('n1').add('n2');
    await Promise.all([rollout.result(), held.result()]);
  });
});

/** The signals that a workflow was sent, by name. */
async function signalsTo(workflow: WorkflowHandle): Promise<string[]> {
  const { events } = await workflow.fetchHistory();
  return (events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
}
