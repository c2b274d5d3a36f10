import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Cordoned } from '../../activities/cordon.ts';
import type { Activities } from '../../activities/index.ts';
import type { Ordered } from '../../activities/order.ts';
import type { Restored } from '../../activities/restore.ts';
import type { Return } from '../../activities/return.ts';
import { fails, nextTurn, openStage, ORDERED, RECORD, statusOf, until, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

/** Answers the first call so, and every later one so. */
const atFirst = <T>(first: T, later: T): (() => Promise<T>) => {
  let calls = 0;
  return async () => {
    calls += 1;
    return calls === 1 ? first : later;
  };
};

/** Works until it is cancelled, as a drain does that is blocked. */
const untilCancelled = async (): Promise<never> => {
  for (;;) {
    heartbeat();
    cancellationSignal().throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const failureOf = async (result: Promise<unknown>): Promise<Error | undefined> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowFailedError)) throw new Error(`did not fail: ${String(error)}`);
  return error.cause;
};

describe('a rollout', () => {
  test('goes through its steps in order and says how it ended', async () => {
    const world = inA({});
    const result = await world.run(async () => (await world.start()).result());
    expect(result).toEqual({
      node: 'n1',
      outcome: 'rebooted',
      because: 'it rebooted and is back',
      bootIdBefore: 'boot-1',
      bootIdAfter: 'boot-2',
    });
    expect(world.calls).toEqual([
      'planRollout',
      'passGates',
      'requestPermit',
      'findRoom',
      'cordonNode',
      'drainNode',
      'orderReboot',
      'awaitReturn',
      'restoreNode',
    ]);
  });

  test('gives its permit back when it is done', async () => {
    const world = inA({});
    await world.run(async () => {
      await (await world.start()).result();
      const status = await until(
        () => world.lock().query<{ holders: unknown[] }>('status'),
        ({ holders }) => holders.length === 0,
      );
      expect(status).toMatchObject({ holders: [], queue: [] });
    });
  });

  test('fails at once on bad input, in the words of the rule', async () => {
    const world = inA({
      planRollout: fails('bad-input', 'the input is refused: node: write a name'),
    });
    const cause = await failureOf(world.run(async () => (await world.start()).result()));
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause?.message).toBe('the input is refused: node: write a name');
    expect(world.calls).toEqual(['planRollout']);
  });

  test('that has nothing to do ends without touching the node', async () => {
    const world = inA({
      passGates: async () => ({ kind: 'nothing-to-do', because: 'no reboot is required' }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result).toMatchObject({ outcome: 'nothing-to-do', because: 'no reboot is required' });
    expect(world.calls).not.toContain('cordonNode');
  });

  test('G8: says every closed gate with its reason while it waits', async () => {
    const closed = [
      { gate: 'hold' as const, because: 'held: disk is being swapped' },
      { gate: 'window' as const, because: 'its pool has no window' },
    ];
    const world = inA({
      passGates: async ({ known }) => {
        if (known.length === 0) return { kind: 'closed', closed, lookAgainMs: 60_000 };
        throw ApplicationFailure.create({ message: 'still closed', nextRetryDelay: '1h' });
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      const status = await until(
        () => statusOf(rollout),
        ({ waitingFor }) => waitingFor.length > 0,
      );
      expect(status.phase.at).toBe('waiting');
      expect(status.waitingFor).toMatchObject(closed);
    });
  });

  test('gives the permit back and waits again when a gate has closed while it was queued', async () => {
    const world = inA({
      cordonNode: atFirst<Cordoned>(
        { kind: 'closed', because: 'hold: held' },
        { kind: 'cordoned', record: RECORD, atMs: 1 },
      ),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls.filter((name) => name === 'passGates')).toHaveLength(2);
    expect(world.calls).not.toContain('undoNode');
  });

  test('G1: takes no permit from a grant it has given back', async () => {
    let looks = 0;
    const world: World = inA({
      cordonNode: async () => {
        looks += 1;
        if (looks === 1) return { kind: 'closed', because: 'hold: held' };
        return { kind: 'cordoned', record: RECORD, atMs: 1 };
      },
      passGates: async () => {
        // The lock confirms the first permit once more, as it does for a request that was repeated.
        if (looks === 1) {
          const rollout = world.client.workflow.getHandle('node-rollout/n1');
          await rollout.signal('permitGranted', { grantId: 'workers-1' });
        }
        return { kind: 'open' };
      },
      watchPool: async ({ line: [first], holders }) => {
        if (first) expect(holders).toEqual([]);
        return nextTurn(first);
      },
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls.filter((name) => name === 'requestPermit')).toHaveLength(2);
  });

  test('drains again when a pod has come back before the order', async () => {
    const world = inA({
      orderReboot: atFirst<Ordered>(
        { kind: 'not-empty', because: 'still on the node: shop/web-1' },
        ORDERED,
      ),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls.filter((name) => name === 'drainNode')).toHaveLength(2);
  });

  test('starts over when a gate closes before the order', async () => {
    const world = inA({
      orderReboot: atFirst<Ordered>({ kind: 'closed', because: 'window: closed' }, ORDERED),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls.filter((name) => name === 'undoNode')).toHaveLength(1);
    expect(world.calls.filter((name) => name === 'passGates')).toHaveLength(2);
  });
});

describe('a rollout that cannot go on', () => {
  test.each<{ name: string; changes: Partial<Activities>; type: string }>([
    {
      name: 'undoes a drain that ran out of time',
      changes: { drainNode: fails('drain-timed-out', 'shop/web-1: budget web') },
      type: 'drain-timed-out',
    },
    {
      name: 'undoes when somebody has lifted the cordon',
      changes: { orderReboot: fails('cordon-lost', 'somebody uncordoned n1') },
      type: 'cordon-lost',
    },
    {
      name: 'undoes when the agent refuses',
      changes: { awaitReturn: async () => ({ kind: 'refused', because: 'it is expired' }) },
      type: 'order-refused',
    },
    {
      name: 'undoes when the agent is silent',
      changes: { awaitReturn: async () => ({ kind: 'silent', because: 'no answer' }) },
      type: 'agent-silent',
    },
  ])('G6: $name, hands the node back and only then the permit', async ({ changes, type }) => {
    const held: string[][] = [];
    const world: World = inA({
      ...changes,
      undoNode: async () => {
        const { holders } = await world.lock().query<{ holders: { node: string }[] }>('status');
        held.push(holders.map(({ node }) => node));
        return { kind: 'undone' };
      },
    });
    await world.run(async () => {
      const cause = await failureOf((await world.start()).result());
      expect(cause).toMatchObject({ type });
      // Uncordon first, then release: at the time of the undo the permit is still there.
      expect(held).toEqual([['n1']]);
      await until(
        () => world.lock().query<{ holders: unknown[] }>('status'),
        ({ holders }) => holders.length === 0,
      );
    });
  });

  test('goes forward when the order was accepted while it was being undone', async () => {
    const world = inA({
      awaitReturn: atFirst<Return>(
        { kind: 'silent', because: 'no answer' },
        { kind: 'returned', bootId: 'boot-2', stillRequired: false },
      ),
      undoNode: async () => ({ kind: 'too-late' }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result).toMatchObject({ outcome: 'rebooted', bootIdAfter: 'boot-2' });
  });

  test('G5: keeps its permit while the node is lost, and finishes when it comes back late', async () => {
    const away = { back: false };
    const world = inA({
      awaitReturn: async ({ lost }) => {
        if (!lost) return { kind: 'late', because: 'its boot id has not changed' };
        while (!away.back) {
          heartbeat();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
    });
    await world.run(async () => {
      const rollout = await world.start();
      const status = await until(
        () => statusOf(rollout),
        ({ phase }) => phase.at === 'lost',
      );
      expect(status.because).toBe('its boot id has not changed');
      expect(await world.lock().query('status')).toMatchObject({ holders: [{ node: 'n1' }] });
      away.back = true;
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

test('G3: a node that is away again when it is handed back is waited for once more', async () => {
  const world = inA({
    restoreNode: atFirst<Restored>({ kind: 'not-back' }, { kind: 'restored' }),
  });
  const result = await world.run(async () => (await world.start()).result());
  expect(result.outcome).toBe('rebooted');
  expect(world.calls.slice(-4)).toEqual([
    'awaitReturn',
    'restoreNode',
    'awaitReturn',
    'restoreNode',
  ]);
});

describe('a rollout that starts on a node left in the middle', () => {
  test('past the point of no return: only finishes the return, with a permit claimed', async () => {
    const world = inA({
      planRollout: async () => ({
        request: { node: 'n1', skip: [], evenIfNotRequired: false },
        pool: 'workers',
        recovery: { at: 'return', record: RECORD, because: 'the agent has accepted the order' },
        searchAttributes: false,
      }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls).toEqual(['planRollout', 'requestPermit', 'awaitReturn', 'restoreNode']);
  });

  test('before it: undoes first and starts from the gates', async () => {
    const world = inA({
      planRollout: async () => ({
        request: { node: 'n1', skip: [], evenIfNotRequired: false },
        pool: 'workers',
        recovery: { at: 'undo', record: RECORD, because: 'a former run was interrupted' },
        searchAttributes: false,
      }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.calls.slice(0, 3)).toEqual(['planRollout', 'undoNode', 'passGates']);
    expect(world.calls.filter((name) => name === 'cordonNode')).toHaveLength(1);
  });
});

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
      expect(world.calls.slice(-2)).toEqual(['drainNode', 'undoNode']);
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
      expect(world.calls.slice(-2)).toEqual(['drainNode', 'undoNode']);
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
      await rollout.signal('pause', { for: '2h' });
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
