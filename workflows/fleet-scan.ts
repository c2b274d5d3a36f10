import { workflowInfo } from '@temporalio/workflow';
import type { Scan } from '../activities/scan.ts';
import { present } from '../domain/present.ts';
import { lasting } from './activities.ts';

/** One look over the whole fleet; a Temporal Schedule starts it again and again. */
export async function fleetScan(): Promise<Scan> {
  // Temporal hands the result of the scan before to the next run of its schedule.
  const before = workflowInfo().lastResult as Partial<Scan> | undefined;
  const { policy: formerPolicy, notified } = before ?? {};
  return await lasting('look the fleet over').scanFleet(present({ formerPolicy, notified }));
}
