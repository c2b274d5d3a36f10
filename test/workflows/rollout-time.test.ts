import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import { rolloutId } from '../../domain/names.ts';
import { openStage, RECORD, statusOf, World } from './stage.ts';

/**
 * What takes hours, on the server that skips them. Without a lock, whose looks at the world are cancelled all the time, which
 * that server gets wrong; and one server for each test, because after the end of a workflow it skips ten years.
 */

let env: TestWorkflowEnvironment;
beforeEach(async () => {
  env = await openStage();
});
afterEach(async () => {
  await env.teardown();
});

/** When the activity was asked for, by the clock of that server. */
const askedAtMs = (): number => activityInfo().scheduledTimestampMs;

const HOUR = 60 * 60_000;

const signal = (name: string, sent: object): Promise<void> =>
  env.client.workflow.getHandle(rolloutId('n1')).signal(name, sent);

/** A lock that answers each request as `answer` says. Not waited for: this server takes no signal during a local activity. */
function inA(answer: (asked: number) => Promise<void>, changes: Partial<Activities> = {}): World {
  let asked = 0;
  return new World(env, {
    requestPermit: async () => {
      asked += 1;
      answer(asked).catch(() => undefined);
    },
    ...changes,
  });
}

const grant = (asked: number): Promise<void> =>
  signal('permitGranted', { grantId: `workers-k-${asked}` });

const pauseAtFirst = async (asked: number): Promise<void> => {
  if (asked === 1) await signal('pause', { by: 'ann', reason: 'lunch', for: '31h' });
  await grant(asked);
};

const atTheThird = async (asked: number): Promise<void> => {
  if (asked === 3) await grant(asked);
};

describe('G8: a pause that is forgotten', () => {
  test('is reminded of twice a day, with who has paused and since when, until it is over', async () => {
    const reminders: { atMs: number; because: string }[] = [];
    const world = inA(pauseAtFirst, {
      remind: async ({ because }) => {
        reminders.push({ atMs: askedAtMs(), because });
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
      expect(world.steps.filter((name) => name === 'passGates')).toHaveLength(2);
      expect(await statusOf(rollout)).not.toHaveProperty('paused');
    });
  });
});

test('who waits in the queue asks again after a long silence, so that a lost lock heals', async () => {
  const times: number[] = [];
  const world = inA(atTheThird, {
    passGates: async () => {
      times.push(askedAtMs());
      return { kind: 'open' };
    },
    cordonNode: async () => {
      times.push(askedAtMs());
      return { kind: 'cordoned', record: RECORD, atMs: 1 };
    },
  });
  await world.run(async () => {
    expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
    expect(world.steps.filter((name) => name === 'requestPermit')).toHaveLength(3);
    const [openedMs = 0, cordonedMs = 0] = times;
    expect(Math.round((cordonedMs - openedMs) / HOUR)).toBe(12);
  });
});
