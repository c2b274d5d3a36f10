import { describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import { thisRun } from '../../activities/ownership.ts';
import type { Plan } from '../../activities/plan.ts';
import { rolloutId } from '../../domain/names.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import { Pool } from './pool-scene.ts';
import {
  DRAINED,
  fails,
  ORDERED,
  planned,
  RECORD,
  RETURNED,
  untilCancelled,
  worksUntil,
} from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { queued, reached } from './standing.ts';
import { World } from './world.ts';

const stage = aStage(openRealStage);
const rebooted = { outcome: 'rebooted' };
const FROM_THE_GATES = ['passGates', 'awaitTurn', 'cordonNode', 'drainNode', 'orderReboot'];
const TO_THE_END = ['awaitReturn', 'restoreNode'];

test.each([
  {
    name: 'past the point of no return only finishes the return',
    at: 'return' as const,
    steps: TO_THE_END,
  },
  {
    name: 'before it undoes first, and starts from the gates',
    at: 'undo' as const,
    steps: ['undoNode', ...FROM_THE_GATES, ...TO_THE_END],
  },
])('a rollout that starts on a node left in the middle: $name', async ({ at, steps }) => {
  const recovery = { at, record: RECORD, because: 'a former run was interrupted' };
  const world = new World(stage.env, { planRollout: planned({ recovery }) });
  await world.run(async () => {
    const rollout = await world.start();
    expect(await rollout.result()).toMatchObject(rebooted);
    await world.record(at === 'return' ? 'picked-up' : 'interrupted', rollout);
  });
  expect(world.steps).toEqual(['planRollout', ...steps]);
});

/** A node that knows which run has it, behind activities that look at it as the real ones do. */
class PlayedNode {
  record: RolloutRecord | undefined;
  readonly taken: string[] = [];
  reboots = 0;
  blocked = true;
  rebooting = false;

  readonly activities: Partial<Activities> = {
    planRollout: (input) => planned({ recovery: this.recovery() })(input),
    cordonNode: async () => {
      const { runId } = thisRun();
      if (this.record && this.record.runId !== runId) {
        return { kind: 'left-behind', because: 'node n1 carries the mark of another run' };
      }
      this.record ??= { ...RECORD, runId };
      this.taken.push(runId);
      return { kind: 'cordoned', record: this.record, atMs: 1 };
    },
    drainNode: async () => {
      if (this.record?.runId !== thisRun().runId) return await runChanged();
      if (this.blocked) await untilCancelled();
      return DRAINED;
    },
    orderReboot: async () => {
      if (this.record?.runId !== thisRun().runId) return await runChanged();
      this.reboots += 1;
      this.rebooting = true;
      return ORDERED;
    },
    awaitReturn: async () => {
      await worksUntil(() => !this.blocked);
      return RETURNED;
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

const runIdOf = async (rollout: WorkflowHandle): Promise<string> =>
  (await rollout.describe()).runId;
const runChanged = fails('run-changed', 'node n1 carries the mark of another run');

describe('G7: a rollout that is reset', () => {
  test.each([
    {
      name: 'in mid-drain: it finds the mark of its former run in the next step',
      decision: 'drainNode',
      record: 'reset',
    },
    {
      name: 'before its cordon: it finds the mark there, and passes its permit',
      decision: 'cordonNode',
      record: 'start-over',
    },
  ] as const)('$name, and starts over from the node', async ({ decision, record }) => {
    const node = new PlayedNode();
    const world = new World(stage.env, node.activities);
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      const rollout = await world.reset(rolloutId('n1'), decision);
      node.blocked = false;
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(node.taken).toEqual([first.firstExecutionRunId, await runIdOf(rollout)]);
      expect(node.reboots).toBe(1);
      const again = world.steps.slice(world.steps.lastIndexOf('planRollout'));
      expect(again).toEqual(['planRollout', 'undoNode', ...FROM_THE_GATES, ...TO_THE_END]);
      await world.lockAtRest();
      await world.record(record, rollout);
    });
  });

  test('past the point of no return finishes the return, and orders no second reboot', async () => {
    const node = new PlayedNode();
    const world = new World(stage.env, node.activities);
    await world.run(async () => {
      const first = await world.start();
      await reached(first, 'draining');
      node.record = { ...RECORD, runId: first.firstExecutionRunId };
      node.rebooting = true;
      node.reboots = 1;
      const rollout = await world.reset(rolloutId('n1'), 'drainNode');
      node.blocked = false;
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(node.reboots).toBe(1);
      expect(world.steps).not.toContain('undoNode');
    });
  });

  test('in the queue keeps its place, and its turn comes to the run that goes on', async () => {
    const pool = new Pool(stage.env, 0);
    pool.back.add('n1');
    await pool.world.run(async () => {
      await queued(await pool.world.start(), ({ why }) => why !== 'counting');
      const { queue } = await pool.status();
      const rollout = await pool.world.reset(rolloutId('n1'), 'awaitTurn');
      expect(await queued(rollout)).toMatchObject({ place: 1, of: 1 });
      expect((await pool.status()).queue).toEqual(queue);
      pool.room = 1;
      expect(await rollout.result()).toMatchObject(rebooted);
      expect(pool.cordons).toEqual(['n1']);
      await pool.world.lockAtRest();
    });
  });
});
