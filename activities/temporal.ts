import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import type { PermitRequest } from '../domain/lock-state.ts';
import { lockId, rolloutId, TASK_QUEUE } from '../domain/names.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';

/** What the activities ask of Temporal itself. */
export interface TemporalPort {
  isRunning(workflowId: string): Promise<boolean>;
  /** Ids of all rollouts that are open; may lag behind by a moment. */
  runningRollouts(): Promise<Set<string>>;
  /** Ids of rollouts that failed, were cancelled or were aborted at or after this. */
  endedEarlySince(atMs: number): Promise<Set<string>>;
  /** Answers false when one of this node is running already. */
  startRollout(input: RolloutInput): Promise<boolean>;
  /** Starts the pool's lock if need be; a repeated request changes nothing. */
  requestPermit(pool: string, request: PermitRequest): Promise<void>;
}

/** The TemporalPort of a real server; without the search attributes an aborted rollout looks like one that is done. */
export function temporalPort({ workflow }: Client, searchAttributes: boolean): TemporalPort {
  return {
    async isRunning(workflowId) {
      try {
        const { status } = await workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING' || status.name === 'PAUSED';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },

    runningRollouts: () => idsOf(workflow, 'ExecutionStatus = "Running"'),

    endedEarlySince(atMs) {
      const ends = ['ExecutionStatus = "Failed"', 'ExecutionStatus = "Canceled"'];
      if (searchAttributes) ends.push('LockkeeperPhase = "aborted"');
      const since = new Date(atMs).toISOString();
      return idsOf(workflow, `(${ends.join(' OR ')}) AND CloseTime >= "${since}"`);
    },

    async startRollout(input) {
      try {
        await workflow.start('nodeRollout', {
          workflowId: rolloutId(input.node),
          taskQueue: TASK_QUEUE,
          args: [input],
          staticSummary: `roll ${input.node}${input.reason ? `: ${input.reason}` : ''}`.slice(
            0,
            200,
          ),
        });
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },

    async requestPermit(pool, request) {
      await workflow.signalWithStart('poolLock', {
        workflowId: lockId(pool),
        taskQueue: TASK_QUEUE,
        args: [{ pool }],
        signal: 'requestPermit',
        signalArgs: [request],
        staticSummary: `the lock of pool ${pool}`,
      });
    },
  };
}

async function idsOf(workflow: Client['workflow'], filter: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = `WorkflowType = "nodeRollout" AND ${filter}`;
  for await (const { workflowId } of workflow.list({ query })) ids.add(workflowId);
  return ids;
}
