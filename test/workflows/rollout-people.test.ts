import { describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Activities } from '../../activities/index.ts';
import { rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import { Pool } from './pool-scene.ts';
import { until } from '../ask.ts';
import { ORDERED, RETURNED, untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { failureOf, queued, reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** What people say to a rollout, wherever it stands. */

const stage = aStage(openRealStage);
const inA = (changes: Partial<Activities>): World => new World(stage.env, changes);
const rebooted = { outcome: 'rebooted' };

const ENDS = [
  {
    name: 'abort',
    end: async (rollout: WorkflowHandle) => {
      await rollout.signal('abort', { by: 'ann', reason: 'wrong node' });
      const because = 'aborted by ann: wrong node';
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted', because });
    },
  },
  {
    name: 'cancel',
    end: async (rollout: WorkflowHandle) => {
      await rollout.cancel();
      expect(await failureOf(rollout.result())).toBeInstanceOf(CancelledFailure);
    },
  },
];

describe.each(ENDS)('$name ends at once', ({ name, end }) => {
  test('a wait at the gates, and the node is not touched', async () => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await world.asked('passGates');
      await end(rollout);
      expect(world.steps).toEqual(['planRollout', 'passGates']);
    });
  });

  test('G6: a wait in the queue, which is left with whatever it has set on the node', async () => {
    const pool = new Pool(stage.env, 0);
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      await queued(rollout);
      await end(rollout);
      const steps = ['planRollout', 'passGates', 'awaitTurn', 'leaveQueue'];
      expect(pool.world.steps).toEqual(steps);
      await pool.world.lockAtRest();
    });
  });

  test('a pause', async () => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await rollout.signal('pause');
      await reached(rollout, 'paused');
      await end(rollout);
      expect(world.steps).not.toContain('cordonNode');
    });
  });

  test('a drain: evictions stop, everything is undone', async () => {
    const world = inA({ drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      await reached(rollout, 'draining');
      await end(rollout);
      expect(world.steps.slice(-2)).toEqual(['drainNode', 'undoNode']);
      if (name === 'cancel') await world.record('cancelled', rollout);
    });
  });
});

describe('a person', () => {
  test('says a word together with the start: it is heard', async () => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.client.workflow.signalWithStart('nodeRollout', {
        workflowId: rolloutId('n1'),
        taskQueue: TASK_QUEUE,
        args: [{ node: 'n1' }],
        signal: 'abort',
        signalArgs: [{ by: 'ann' }],
      });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      expect(world.steps).toEqual(['planRollout']);
    });
  });

  test('says several words while no worker is there: the last one counts', async () => {
    const world = inA({});
    const rollout = await world.start();
    for (const word of ['pause', 'resume', 'pause']) await rollout.signal(word, { by: 'ann' });
    await world.run(async () => {
      expect((await reached(rollout, 'paused')).paused).toMatchObject({ by: 'ann' });
      expect(world.steps).not.toContain('cordonNode');
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject(rebooted);
    });
  });

  test('pauses for a while: it goes on by itself', async () => {
    let looks = 0;
    const world = inA({
      passGates: async () => {
        looks += 1;
        return looks > 1 ? { kind: 'open' } : await untilCancelled();
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      await world.asked('passGates');
      await rollout.signal('pause', { for: '1s' });
      expect(await rollout.result()).toMatchObject(rebooted);
    });
  });

  test('pauses in the queue: heard once the turn is there, which is passed with the node untouched', async () => {
    const pool = new Pool(stage.env, 0);
    pool.back.add('n1');
    await pool.world.run(async () => {
      const rollout = await pool.world.start();
      await queued(rollout);
      await rollout.signal('pause', { by: 'ann' });
      pool.room = 1;
      await reached(rollout, 'paused');
      await pool.world.lockAtRest();
      expect(pool.world.steps.at(-1)).toBe('leaveQueue');
      pool.room = 0;
      await rollout.signal('resume');
      expect(await queued(rollout, ({ why }) => why !== 'counting')).toMatchObject({
        place: 1,
        because: ' out of service',
      });
      pool.room = 1;
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(pool.cordons).toEqual(['n1']);
      await pool.world.record('turn-passed', rollout);
    });
  });

  test.each([
    { signal: 'skipGate', sent: { gate: 'hold', by: 'ann' }, gate: 'hold' },
    // It looks again at once and cuts the rest after failed tries short, and no other gate.
    { signal: 'retry', sent: { by: 'ann' }, gate: 'rest' },
  ])(
    'sends $signal, which skips the gate $gate and is recorded',
    async ({ signal, sent, gate }) => {
      const skips: (readonly string[])[] = [];
      const world = inA({
        passGates: async ({ skip }) => {
          skips.push(skip);
          return skip.length > 0 ? { kind: 'open' } : await untilCancelled();
        },
      });
      await world.run(async () => {
        const rollout = await world.start();
        await world.asked('passGates');
        await rollout.signal(signal, sent);
        expect(await rollout.result()).toMatchObject(rebooted);
        expect(skips).toEqual([[], [gate]]);
        expect((await statusOf(rollout)).skipped).toMatchObject([{ gate, by: 'ann' }]);
      });
    },
  );

  test('G7: says the same again and again: of each gate the latest word is kept', async () => {
    const world = inA({ passGates: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start();
      for (const by of ['ann', 'bob', 'cyd']) {
        await rollout.signal('skipGate', { gate: 'hold', by });
        await rollout.signal('retry', { by });
      }
      expect((await statusOf(rollout)).skipped).toMatchObject([
        { gate: 'hold', by: 'cyd' },
        { gate: 'rest', by: 'cyd' },
      ]);
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
        await reached(rollout, 'draining');
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
      outage.over = true;
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(outage.orders).toBe(1);
      expect(world.steps.filter((step) => step === 'passGates')).toHaveLength(2);
      await world.record('paused-while-ordering', rollout);
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
        if (waits > 1) return RETURNED;
        await untilCancelled().catch(() => undefined);
        return { kind: 'interrupted', because: 'stopped before the agent answered' };
      },
      undoNode: async ({ why, because }) => {
        undone.push(`${why}: ${because}`);
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
      expect(undone).toEqual(['pause: paused by bob: lunch']);
      await rollout.signal('resume');
      expect(await rollout.result()).toMatchObject(rebooted);
    });
  });

  test.each(['pause', 'abort'])(
    'G3: %s comes too late where the agent has accepted: the reboot is finished',
    async (signal) => {
      const world = inA({
        // As the real activity does then: it hears the cancellation and goes on all the same.
        awaitReturn: async () => {
          await untilCancelled().catch(() => undefined);
          return RETURNED;
        },
      });
      await world.run(async () => {
        const rollout = await world.start();
        await world.asked('awaitReturn');
        await rollout.signal(signal, { reason: 'lunch', by: 'bob' });
        expect(await rollout.result()).toMatchObject(rebooted);
        expect(world.steps).not.toContain('undoNode');
      });
    },
  );
});
