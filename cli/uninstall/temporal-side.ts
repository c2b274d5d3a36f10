import { ScheduleNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import type { OpenRollout, TemporalSide } from './uninstall.ts';

const REASON = 'Lockkeeper is being uninstalled';
const RUNNING = `TaskQueue = "${TASK_QUEUE}" AND ExecutionStatus = "Running"`;

/** The TemporalSide of a real server. */
export function temporalSide({ workflow, schedule }: Client): TemporalSide {
  const running = async (type: string): Promise<OpenRollout[]> => {
    const runs = new Map<string, OpenRollout>();
    const query = type === '' ? RUNNING : `${RUNNING} AND WorkflowType = "${type}"`;
    for await (const { workflowId: id, runId: run } of workflow.list({ query })) {
      runs.set(run, { id, run });
    }
    return [...runs.values()];
  };
  const terminate = async (type: string): Promise<string[]> => {
    const ids = new Set((await running(type)).map(({ id }) => id));
    for (const id of ids) await workflow.getHandle(id).terminate(REASON).catch(ended);
    return [...ids];
  };
  return {
    async pauseScans() {
      await schedule.getHandle(FLEET_SCAN).pause(REASON).catch(unscheduled);
      await terminate('fleetScan');
    },
    openRollouts: () => running('nodeRollout'),
    async abort({ id, run }) {
      const word = { reason: REASON, by: 'lockkeeper uninstall' };
      await workflow.getHandle(id, run).signal('abort', word).catch(ended);
    },
    terminateAll: () => terminate(''),
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
