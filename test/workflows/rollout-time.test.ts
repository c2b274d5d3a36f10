import { expect, test } from '@jest/globals';
import { activityInfo } from '@temporalio/activity';
import { rolloutId } from '../../domain/names.ts';
import { RECORD, untilCancelled } from './played.ts';
import { aStage, openStage } from './servers.ts';
import { statusOf } from './standing.ts';
import { World } from './world.ts';

/**
 * What takes hours, on the server that skips them. Without a lock, whose counts are cancelled all the time, which that server
 * gets wrong.
 */

const stage = aStage(openStage);
const HOUR = 60 * 60_000;

test('G7: a noisy time is forgotten after ten quiet minutes: who says a word then is heard at once', async () => {
  const asked: { notBeforeMs: number | undefined }[] = [];
  const world: World = new World(stage.env, {
    passGates: async ({ notBeforeMs }) => {
      asked.push({ notBeforeMs });
      if (asked.length <= 8) {
        const closed = [{ gate: 'alerts' as const, because: `alert ${asked.length}` }];
        return { kind: 'closed', closed, pollAgainMs: 60_000 };
      }
      if (asked.length > 9) return { kind: 'open' };
      await world.client.workflow.getHandle(rolloutId('n1')).signal('pause', { for: '1h' });
      return await untilCancelled();
    },
    awaitTurn: async () => ({ kind: 'granted', grantId: 'workers-k-1' }),
  });
  await world.run(async () => {
    expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
  });
  expect(asked.slice(8)).toEqual([{ notBeforeMs: expect.any(Number) }, { notBeforeMs: undefined }]);
});

test('G8: a forgotten pause is reminded of twice a day, with who has paused and since when, until it is over', async () => {
  const reminders: { atMs: number; because: string }[] = [];
  const world: World = new World(stage.env, {
    awaitTurn: async () => ({ kind: 'granted', grantId: 'workers-k-1' }),
    cordonNode: async () => {
      const rollout = world.client.workflow.getHandle(rolloutId('n1'));
      await rollout.signal('pause', { by: 'ann', reason: 'lunch', for: '31h' });
      return { kind: 'cordoned', record: RECORD, atMs: 1 };
    },
    remind: async ({ because }) => {
      // By the clock of that server.
      reminders.push({ atMs: activityInfo().scheduledTimestampMs, because });
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    const beganMs = Date.parse(/since (\S+)$/.exec(reminders[0]?.because ?? '')?.[1] ?? '');
    expect(reminders).toHaveLength(2);
    for (const [index, { atMs, because }] of reminders.entries()) {
      expect(because).toMatch(/^paused by ann: lunch, since 20/);
      expect(Math.round((atMs - beganMs) / HOUR)).toBe(12 * (index + 1));
    }
    expect(world.times('drainNode')).toBe(1);
    expect(await statusOf(rollout)).not.toHaveProperty('paused');
  });
});
