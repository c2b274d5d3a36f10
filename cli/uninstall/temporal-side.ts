import { ScheduleNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import type { TemporalSide } from './uninstall.ts';

const REASON = 'Lockkeeper is being uninstalled';
const RUNNING = `TaskQueue = "${TASK_QUEUE}" AND ExecutionStatus = "Running"`;

/** The TemporalSide of a real server. */
export function temporalSide({ workflow, schedule }: Client): TemporalSide {
  const running = async (type: string): Promise<string[]> => {
    const ids = new Set<string>();
    const query = type === '' ? RUNNING : `${RUNNING} AND WorkflowType = "${type}"`;
    for await (const { workflowId } of workflow.list({ query })) ids.add(workflowId);
    return [...ids];
  };
  const terminate = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) await workflow.getHandle(id).terminate(REASON).catch(ended);
  };
  return {
    async pauseScans() {
      await schedule.getHandle(FLEET_SCAN).pause(REASON).catch(unscheduled);
      await terminate(await running('fleetScan'));
    },
    openRollouts: () => running('nodeRollout'),
    async abort(rollout) {
      const word = { reason: REASON, by: 'lockkeeper uninstall' };
      await workflow.getHandle(rollout).signal('abort', word).catch(ended);
    },
    async terminateAll() {
      const ids = await running('');
      await terminate(ids);
      return ids;
    },
    async removeSchedule() {
      await schedule.getHandle(FLEET_SCAN).delete().catch(unscheduled);
    },
  };
}

function ended(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

function unscheduled(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
