import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
} from '@temporalio/client';
import { FLEET_SCAN, TASK_QUEUE } from '../domain/names.ts';
import { SCAN } from '../domain/user-metadata.ts';

/** Where no policy says how often. */
const USUAL_MS = 60_000;

/**
 * Ensures that the schedule looks the fleet over at the policy's interval; without one, that there is a schedule. What a person
 * has done to it, such as pausing it, is kept. Answers whether it is there: with `anew` one that is missing is made, and one that is
 * there is written in any case, for another release may have made it.
 */
export async function ensureFleetScan(
  { schedule }: Client,
  { everyMs, anew }: { readonly everyMs: number | undefined; readonly anew: boolean },
): Promise<boolean> {
  const spec = { intervals: [{ every: everyMs ?? USUAL_MS }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'fleetScan',
    workflowId: FLEET_SCAN,
    taskQueue: TASK_QUEUE,
    args: [],
    ...SCAN,
  };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' as const };
  const handle = schedule.getHandle(FLEET_SCAN);
  try {
    const { intervals } = (await handle.describe()).spec;
    const differs = intervals?.[0]?.every !== everyMs;
    // Only then: an update writes the state that it has read before, and a pause just between would be lost.
    if (everyMs !== undefined && (anew || differs)) {
      await handle.update(({ state }) => ({ spec, action, policies, state }));
    }
    return true;
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    if (!anew) return false;
  }
  // At once: a schedule that was lost may have left nodes behind.
  const state = { triggerImmediately: true };
  await schedule
    .create({ scheduleId: FLEET_SCAN, spec, action, policies, state })
    // Another worker was quicker, for the same policy.
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    });
  return true;
}
