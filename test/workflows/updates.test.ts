import { describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import { thisRun } from '../../activities/ownership.ts';
import type { Answer } from '../../domain/answers.ts';
import { Pool } from './pool-scene.ts';
import { DRAINED, RETURNED, untilCancelled, worksUntil } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { queued, reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** What people say by an update, and what they are answered. */

const stage = aStage(openRealStage);
const inA = (changes: Partial<Activities>): World => new World(stage.env, changes);

const ANN = { by: 'ann', reason: 'release night' };
const say = (to: WorkflowHandle, what: string, sent?: unknown): Promise<Answer> =>
  to.executeUpdate<Answer, [unknown]>(what, { args: [sent] });

/** Why an update was refused. */
async function refusal(answer: Promise<Answer>): Promise<string | undefined> {
  const error = await answer.catch((thrown: unknown) => thrown);
  return error instanceof WorkflowUpdateFailedError ? error.cause?.message : String(error);
}

describe('G8: whoever says something to a rollout by an update is answered with what has happened', () => {
  test('pause and resume in mid-drain', async () => {
    const drain = { mayEnd: false };
    const world = inA({
      drainNode: async () => {
        await worksUntil(() => drain.mayEnd).catch(async (error: unknown) => {
          // As the real one does when it is stopped.
          const progress = { podsLeft: 3, evicted: 1, blockers: [], warnings: [] };
          await world.temporal.signalRollout(thisRun(), 'drainProgress', progress);
          throw error;
        });
        return DRAINED;
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      expect(await say(rollout, 'pause', ANN)).toEqual({
        effect: 'done',
        says: 'paused by ann: release night; 3 pods left, nothing more is evicted, and the node stays cordoned',
      });
      expect((await statusOf(rollout)).phase.at).toBe('paused');
      expect(await say(rollout, 'resume')).toEqual({
        effect: 'done',
        says: 'resumed: draining n1',
      });
      expect(await say(rollout, 'resume')).toMatchObject({ effect: 'none' });
      drain.mayEnd = true;
      await rollout.result();
    });
  });

  test('an abort, with the end of the rollout', async () => {
    const world = inA({ drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      expect(await say(rollout, 'abort', ANN)).toEqual({
        effect: 'done',
        says: 'aborted by ann: release night; n1 is handed back as it was found',
      });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
    });
  });

  test.each(['pause', 'abort'])('G3: that it is too late for %s', async (what) => {
    const reboot = { isOver: false };
    const world = inA({
      awaitReturn: async () => {
        await untilCancelled().catch(() => undefined);
        const atMs = Date.parse('2026-12-04T21:04:11Z');
        await world.temporal.signalRollout(thisRun(), 'rebootAccepted', { atMs });
        while (!reboot.isOver) await new Promise((resolve) => setTimeout(resolve, 20));
        return RETURNED;
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await world.asked('awaitReturn');
      expect(await say(rollout, what, ANN)).toEqual({
        effect: 'none',
        says: `too late to ${what}: the agent accepted the reboot at 2026-12-04T21:04:11.000Z, and n1 is brought back`,
      });
      reboot.isOver = true;
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('a pause in the queue and at the gates, a gate that is skipped, a retry', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      await queued(rollout);
      expect((await say(rollout, 'pause', ANN)).says).toContain('it keeps its place in the queue');
      await say(rollout, 'resume');
      expect(await say(rollout, 'retry')).toMatchObject({ effect: 'done' });
      expect(await say(rollout, 'skipGate', { ...ANN, gate: 'alerts' })).toMatchObject({
        effect: 'done',
      });
      expect((await statusOf(rollout)).skipped.map(({ gate }) => gate)).toEqual(['rest', 'alerts']);
    });
  });

  test('that it comes at the next safe point, where that takes long', async () => {
    const cordon = { mayEnd: false };
    const world = inA({
      cordonNode: async (asked) => {
        while (!cordon.mayEnd) await new Promise((resolve) => setTimeout(resolve, 20));
        return await world.undisturbed.cordonNode(asked);
      },
      drainNode: untilCancelled,
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'cordoning');
      expect(await say(rollout, 'pause', ANN)).toEqual({
        effect: 'later',
        says: 'heard, and it comes at the next safe point; now: cordoning n1',
      });
      cordon.mayEnd = true;
      await reached(rollout, 'paused');
      await rollout.signal('abort');
      await rollout.result();
    });
  });
});

describe('an update that is not understood', () => {
  test.each<[string, unknown, string]>([
    ['pause', { for: 'soon' }, 'pause: for: write a duration like 30m, not "soon"'],
    ['pause', 'lunch', 'pause: "lunch" is not an object'],
    ['abort', { reaosn: 'x' }, 'abort: reaosn: there is no such field'],
    ['skipGate', undefined, 'skipGate: write {"gate": …} with one of required, agent, hold,'],
    [
      'skipGate',
      { gate: 'alert' },
      'skipGate: write {"gate": …} with one of required, agent, hold,',
    ],
  ])('is refused with the rule and changes nothing: %s %j', async (what, sent, rule) => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await world.asked('passGates');
      expect(await refusal(say(rollout, what, sent))).toContain(rule);
      const { phase, notUnderstood, paused, aborted } = await statusOf(rollout);
      expect([phase.at, notUnderstood, paused, aborted]).toEqual([
        'waiting',
        [],
        undefined,
        undefined,
      ]);
    });
  });

  test('is refused by a lock too', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      await queued(await pool.world.start());
      const lock = pool.world.lock();
      expect(await refusal(say(lock, 'pause', { for: 3 }))).toBe(
        'pause: for: write a duration like 30m, not 3',
      );
      expect((await pool.status()).paused).toBeUndefined();
    });
  });
});

describe('G8: whoever says something to a lock by an update is answered', () => {
  test('pause and resume', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      await queued(await pool.world.start());
      const lock = pool.world.lock();
      expect(await say(lock, 'pause', ANN)).toEqual({
        effect: 'done',
        says: 'paused by ann: release night; nobody is admitted; 1 wait',
      });
      expect(await say(lock, 'resume')).toEqual({
        effect: 'done',
        says: 'resumed: it is paused no longer',
      });
      expect(await say(lock, 'resume')).toEqual({
        effect: 'none',
        says: 'it was neither paused nor halted',
      });
    });
  });

  test('G5: resume after a halt, with the nodes that are excused', async () => {
    const pool = new Pool(stage.env, 0);
    pool.troubles = [{ node: 'n9', because: 'its drain failed', sinceMs: 7 }];
    await pool.world.run(async () => {
      await queued(await pool.world.start(), ({ why }) => why === 'halted');
      expect(await say(pool.world.lock(), 'resume', ANN)).toEqual({
        effect: 'done',
        says: 'resumed: it is halted no longer for n9',
      });
      expect(pool.excuses).toMatchObject([ANN]);
    });
  });
});
