import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { FLEET_SCAN, TASK_QUEUE } from '../domain/names.ts';

/** Where no policy says how often. */
const USUAL_MS = 60_000;

/**
 * Ensures the schedule that looks the fleet over, at the policy's interval; without one, that there is a schedule. What a
 * person has done to it, such as pausing it, is kept.
 */
export async function ensureFleetScan(
  { schedule }: Client,
  everyMs: number | undefined,
): Promise<void> {
  const spec = { intervals: [{ every: everyMs ?? USUAL_MS }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'fleetScan',
    workflowId: FLEET_SCAN,
    taskQueue: TASK_QUEUE,
    args: [],
    staticSummary: 'looks the fleet over for nodes that want a reboot',
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' as const };
  try {
    // At once: a schedule that was lost may have left nodes behind.
    const state = { triggerImmediately: true };
    await schedule.create({ scheduleId: FLEET_SCAN, spec, action, policies, state });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (everyMs === undefined) return;
    await schedule.getHandle(FLEET_SCAN).update(({ state }) => ({ spec, action, policies, state }));
  }
}
