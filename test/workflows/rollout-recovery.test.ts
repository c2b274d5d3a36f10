import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { Plan } from '../../activities/plan.ts';
import { rolloutId } from '../../domain/names.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import { fails, openRealStage, ORDERED, reached, RECORD, untilCancelled, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

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
    expect(world.steps).toEqual(['planRollout', 'requestPermit', 'awaitReturn', 'restoreNode']);
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
    expect(world.steps.slice(0, 3)).toEqual(['planRollout', 'undoNode', 'passGates']);
    expect(world.calls.filter((name) => name === 'cordonNode')).toHaveLength(1);
  });
});

/** A node that knows which run has it, behind activities that look at it as the real ones do. */
class PlayedNode {
  record: RolloutRecord | undefined;
  readonly taken: string[] = [];
  reboots = 0;
  blocked = true;
  rebooting = false;

  readonly activities: Partial<Activities> = {
    planRollout: async () => ({
      request: { node: 'n1', skip: [], evenIfNotRequired: false },
      pool: 'workers',
      recovery: this.recovery(),
      searchAttributes: false,
    }),
    cordonNode: async () => {
      const { runId } = thisRun();
      if (this.record && this.record.runId !== runId) {
        return { kind: 'run-changed', because: 'node n1 carries the mark of another run' };
      }
      this.record ??= { ...RECORD, runId };
      this.taken.push(runId);
      return { kind: 'cordoned', record: this.record, atMs: 1 };
    },
    drainNode: async () => {
      if (this.record?.runId !== thisRun().runId) return await runChanged();
      if (this.blocked) await untilCancelled();
      return { evicted: 1, deleted: [], warnings: [], daemonSetsReady: [] };
    },
    orderReboot: async () => {
      if (this.record?.runId !== thisRun().runId) return await runChanged();
      this.reboots += 1;
      this.rebooting = true;
      return ORDERED;
    },
    awaitReturn: async () => {
      while (this.blocked) {
        heartbeat();
        cancellationSignal().throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
    },
    undoNode: async () => {
      if (this.rebooting) return { kind: 'too-late' };
      this.record = undefined;
      return { kind: 'undone' };
    },
    restoreNode: async () => {
      this.record = undefined;
      return { kind: 'restored' };
    },
  };

  private recovery(): Plan['recovery'] {
    if (!this.record) return { at: 'start' };
    const at = this.rebooting ? 'return' : 'undo';
    return { at, record: this.record, because: 'a former run was interrupted' };
  }
}

const thisRun = (): { runId: string } => activityInfo().workflowExecution ?? { runId: '' };
const runChanged = fails('run-changed', 'node n1 carries the mark of another run');

describe('G7: a rollout that is reset', () => {
  test('in mid-drain starts over from the node: what its former run did is undone first', async () => {
    const node = new PlayedNode();
    const world = new World(env, node.activities);
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      const runId = await world.reset();
      node.blocked = false;
      const rollout = world.client.workflow.getHandle(rolloutId('n1'), runId);
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(node.taken).toEqual([first.firstExecutionRunId, runId]);
      expect(node.reboots).toBe(1);
      expect(world.steps.filter((name) => name === 'undoNode')).toHaveLength(1);
      expect((await world.lockStatus()).holders).toEqual([]);
    });
  });

  test('G1: before its cordon keeps its permit until what its former run did is undone', async () => {
    const node = new PlayedNode();
    const held: string[][] = [];
    const world: World = new World(env, {
      ...node.activities,
      undoNode: async () => {
        held.push((await world.lockStatus()).holders.map((holder) => holder.node));
        node.record = undefined;
        return { kind: 'undone' };
      },
    });
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      const runId = await world.reset(-2);
      node.blocked = false;
      const rollout = world.client.workflow.getHandle(rolloutId('n1'), runId);
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(world.steps.filter((name) => name === 'cordonNode')).toHaveLength(3);
      expect(held).toEqual([['n1']]);
      await world.record('reset-before-cordon', rollout.workflowId);
      expect((await world.lockStatus()).holders).toEqual([]);
    });
  });

  test('past the point of no return finishes the return, and orders no second reboot', async () => {
    const node = new PlayedNode();
    const world = new World(env, node.activities);
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      node.record = { ...RECORD, runId: first.firstExecutionRunId };
      node.rebooting = true;
      node.reboots = 1;
      const runId = await world.reset();
      node.blocked = false;
      const rollout = world.client.workflow.getHandle(rolloutId('n1'), runId);
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
      expect(node.reboots).toBe(1);
      expect(world.steps.filter((name) => name === 'undoNode')).toHaveLength(0);
    });
  });

  test('G5: tells the lock which run has its permit now', async () => {
    const node = new PlayedNode();
    const world = new World(env, node.activities);
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      node.rebooting = true;
      const runId = await world.reset();
      const rollout = world.client.workflow.getHandle(rolloutId('n1'), runId);
      await reached(rollout, 'rebooting');
      const asked = await signalsOf(world.lock());
      expect(asked).toContainEqual(expect.objectContaining({ node: 'n1', runId, holding: true }));
      node.blocked = false;
      expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    });
  });
});

/** What the signals of a workflow carried, from its history. */
async function signalsOf(workflow: WorkflowHandle): Promise<unknown[]> {
  const { events } = await workflow.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    (signal?.input?.payloads ?? []).map(
      ({ data }) => JSON.parse(Buffer.from(data ?? []).toString('utf8')) as unknown,
    ),
  );
}
