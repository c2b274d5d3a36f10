import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import { failureOf, openRealStage, statusOf, until, untilCancelled, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

describe('a person', () => {
  test('aborts mid-drain: evictions stop, everything is undone', async () => {
    const world = inA({ drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'draining',
      );
      await rollout.signal('abort', { reason: 'wrong node', by: 'ann' });
      expect(await rollout.result()).toMatchObject({
        outcome: 'aborted',
        because: 'aborted by ann: wrong node',
      });
      expect(world.steps.slice(-2)).toEqual(['drainNode', 'undoNode']);
    });
  });

  test('cancels from Temporal: the same, and it ends as cancelled', async () => {
    const world = inA({ drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'draining',
      );
      await rollout.cancel();
      expect(await failureOf(rollout.result())).toBeInstanceOf(CancelledFailure);
      expect(world.steps.slice(-2)).toEqual(['drainNode', 'undoNode']);
    });
  });

  test('aborts too late: an accepted reboot is finished', async () => {
    // As the real activity does once the agent has accepted: it hears the cancellation and goes on all the same.
    const world = inA({
      awaitReturn: async () => {
        while (!cancellationSignal().aborted) {
          heartbeat();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => world.calls,
        (calls) => calls.includes('awaitReturn'),
      );
      await rollout.signal('abort');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(world.calls).not.toContain('undoNode');
    });
  });

  test('pauses mid-drain and resumes: the drain is stopped and done again', async () => {
    let drains = 0;
    const world = inA({
      drainNode: async () => {
        drains += 1;
        if (drains === 1) return await untilCancelled();
        return { evicted: 0, deleted: [], warnings: [], daemonSetsReady: [] };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'draining',
      );
      await rollout.signal('pause', { reason: 'lunch', by: 'bob' });
      const status = await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'paused',
      );
      expect(status.paused).toMatchObject({ reason: 'lunch', by: 'bob' });
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(drains).toBe(2);
    });
  });

  test('pauses for a while: it goes on by itself', async () => {
    let looks = 0;
    const world = inA({
      passGates: async () => {
        looks += 1;
        if (looks > 1) return { kind: 'open' };
        return await untilCancelled();
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => looks,
        (count) => count === 1,
      );
      await rollout.signal('pause', { for: '1s' });
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('skips a gate, which is asked for and recorded', async () => {
    const skips: (readonly string[])[] = [];
    const world = inA({
      passGates: async ({ skip }) => {
        skips.push(skip);
        if (skip.includes('hold')) return { kind: 'open' };
        return await untilCancelled();
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => skips.length,
        (count) => count === 1,
      );
      await rollout.signal('skipGate', { gate: 'hold', by: 'ann', reason: 'disk is in' });
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect((await statusOf(rollout)).skipped).toMatchObject([{ gate: 'hold', by: 'ann' }]);
    });
  });

  test('skips a gate that does not exist: it is told so', async () => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.signal('skipGate', { gate: 'holdd' });
      const { skipped, notUnderstood } = await statusOf(rollout);
      expect(skipped).toEqual([]);
      expect(notUnderstood).toEqual([expect.stringContaining('with one of required, agent, hold')]);
      await rollout.signal('abort');
      await rollout.result();
    });
  });

  test.each(['pause', 'resume', 'abort', 'skipGate', 'retry'])(
    'sends %s with nothing or with nonsense: it never breaks the rollout',
    async (signal) => {
      const world = inA({ drainNode: untilCancelled });
      await world.run(async () => {
        const rollout = await world.start();
        await until(
          () => statusOf(rollout),
          ({ phase }) => phase.at === 'draining',
        );
        for (const nonsense of [undefined, 7, 'x', null, [], { for: 'soon', gate: 3 }]) {
          await rollout.signal(signal, ...(nonsense === undefined ? [] : [nonsense]));
        }
        const status = await until(
          () => statusOf(rollout),
          ({ notUnderstood }) => notUnderstood.length > 1,
        );
        expect(status.notUnderstood).toContain('"x" is not an object');
        await rollout.signal('abort');
        expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      });
    },
  );
});
