import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import {
  failureOf,
  openRealStage,
  ORDERED,
  reached,
  statusOf,
  until,
  untilCancelled,
  World,
} from './stage.ts';

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
      await world.record('cancelled', rollout.workflowId);
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

/** An order that cannot be written before the API server is back. */
class Outage {
  over = false;
  tries = 0;
  orders = 0;

  readonly orderReboot = async () => {
    this.tries += 1;
    if (!this.over) {
      throw ApplicationFailure.create({ type: 'kube-unavailable', message: 'fetch failed' });
    }
    this.orders += 1;
    return ORDERED;
  };

  async begun(): Promise<void> {
    await until(
      async () => this.tries,
      (tries) => tries > 0,
    );
  }
}

describe('before the point of no return', () => {
  test('G2: an abort while the order cannot be written is heard, and no order is written', async () => {
    const outage = new Outage();
    const world = inA({ orderReboot: outage.orderReboot });
    await world.run(async () => {
      const rollout = await world.start();
      await outage.begun();
      await rollout.signal('abort', { reason: 'wrong node', by: 'ann' });
      await until(
        async () => world.steps,
        (steps) => steps.includes('undoNode') || outage.tries > 3,
      );
      outage.over = true;
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect(world.steps.slice(-2)).toEqual(['orderReboot', 'undoNode']);
      expect(outage.orders).toBe(0);
    });
  });

  test('G2: a pause while the order cannot be written hands the node back, and after it all begins anew', async () => {
    const outage = new Outage();
    const world = inA({ orderReboot: outage.orderReboot });
    await world.run(async () => {
      const rollout = await world.start();
      await outage.begun();
      await rollout.signal('pause', { reason: 'the API server is away', by: 'ann' });
      await reached(rollout, 'paused');
      expect(world.steps.slice(-2)).toEqual(['orderReboot', 'undoNode']);
      expect((await world.lockStatus()).holders).toEqual([]);
      outage.over = true;
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(outage.orders).toBe(1);
      expect(world.steps.filter((step) => step === 'passGates')).toHaveLength(2);
      await world.record('paused-while-ordering', rollout.workflowId);
    });
  });

  test("G2: an attempt that is stopped and fails all the same ends nothing in failure: it is people's word", async () => {
    const world = inA({
      orderReboot: async () => {
        await untilCancelled().catch(() => undefined);
        throw ApplicationFailure.create({ type: 'kube-unavailable', message: 'fetch failed' });
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'ordering');
      await rollout.signal('abort', { reason: 'wrong node', by: 'ann' });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
    });
  });

  test("G2: a pause before the agent's answer withdraws the order, and after it all begins anew", async () => {
    const undone: string[] = [];
    let waits = 0;
    const world = inA({
      awaitReturn: async () => {
        waits += 1;
        if (waits > 1) return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
        await untilCancelled().catch(() => undefined);
        return { kind: 'interrupted', because: 'stopped before the agent answered' };
      },
      undoNode: async ({ because, failed }) => {
        undone.push(`${because}${failed ? ', a failure' : ''}`);
        return { kind: 'undone' };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => waits,
        (count) => count === 1,
      );
      await rollout.signal('pause', { reason: 'lunch', by: 'bob' });
      await reached(rollout, 'paused');
      expect(undone).toEqual(['paused by bob: lunch']);
      expect((await world.lockStatus()).holders).toEqual([]);
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });

  test('G3: a pause that comes too late lets the accepted reboot be finished', async () => {
    let waits = 0;
    const world = inA({
      awaitReturn: async () => {
        waits += 1;
        if (waits === 1) await untilCancelled().catch(() => undefined);
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await until(
        async () => waits,
        (count) => count === 1,
      );
      await rollout.signal('pause', { reason: 'lunch', by: 'bob' });
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(world.steps).not.toContain('undoNode');
    });
  });
});
