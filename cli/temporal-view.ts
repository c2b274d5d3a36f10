import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Scan } from '../activities/scan.ts';
import { lockId } from '../domain/names.ts';

/** What several commands look up in Temporal. */

/** The workflows of a type that are open; with a pool those that are marked with it. */
export async function runningOf(
  { workflow }: Client,
  type: 'nodeRollout' | 'poolLock',
  pool?: string,
): Promise<WorkflowExecutionInfo[]> {
  const ofPool = pool === undefined ? '' : ` AND LockkeeperPool = "${pool}"`;
  const query = `WorkflowType = "${type}" AND ExecutionStatus IN ("Running", "Paused")${ofPool}`;
  const found: WorkflowExecutionInfo[] = [];
  for await (const one of workflow.list({ query })) found.push(one);
  return found;
}

/** Every scan tells what its worker goes by. */
const SCANS = 10;

/** The latest scan of each worker that has made one lately, the latest first. */
export async function latestScans({ workflow }: Client): Promise<Scan[]> {
  const seen = new Map<string, Scan>();
  let looked = 0;
  const query = 'WorkflowType = "fleetScan" AND ExecutionStatus = "Completed"';
  for await (const { workflowId, runId } of workflow.list({ query, pageSize: SCANS })) {
    const scan = await workflow.getHandle<() => Promise<Scan>>(workflowId, runId).result();
    const worker = scan.worker ?? '';
    if ((seen.get(worker)?.atMs ?? 0) < scan.atMs) seen.set(worker, scan);
    looked += 1;
    if (looked === SCANS) break;
  }
  return [...seen.values()].toSorted((one, other) => other.atMs - one.atMs);
}

/** The pools of the policy in force, as the latest scan tells, and those whose lock runs. */
export async function poolsOf(client: Client): Promise<string[]> {
  const [scans, locks] = await Promise.all([latestScans(client), runningOf(client, 'poolLock')]);
  const running = locks.map(({ workflowId }) => workflowId.slice(lockId('').length));
  return [...new Set([...scans.flatMap(({ pools = [] }) => pools), ...running])].toSorted();
}
