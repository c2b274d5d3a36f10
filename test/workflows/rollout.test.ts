import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Cordoned } from '../../activities/cordon.ts';
import type { Activities } from '../../activities/index.ts';
import type { Ordered } from '../../activities/order.ts';
import {
  atFirst,
  failureOf,
  fails,
  openRealStage,
  ORDERED,
  RECORD,
  statusOf,
  until,
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
    expect(world.steps).toEqual([
      'planRollout',
      'passGates',
      'requestPermit',
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
    expect(world.steps).toEqual(['planRollout']);
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
        if (known.length === 0) return { kind: 'closed', closed, pollAgainMs: 60_000 };
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
    const grants: string[] = [];
    const world: World = inA({
      cordonNode: async ({ grantId }) => {
        grants.push(grantId);
        if (grants.length === 1) return { kind: 'closed', because: 'hold: held' };
        return { kind: 'cordoned', record: RECORD, atMs: 1 };
      },
      requestPermit: async (asked) => {
        const [grantId] = grants;
        // The lock confirms the first permit once more, as it does for a request that was repeated.
        if (grantId !== undefined) {
          const rollout = world.client.workflow.getHandle('node-rollout/n1');
          await rollout.signal('permitGranted', { grantId, countedAtMs: Date.now() });
        }
        await world.ask(asked);
      },
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(grants).toHaveLength(2);
    expect(grants[1]).not.toBe(grants[0]);
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
