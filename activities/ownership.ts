import { activityInfo } from '@temporalio/activity';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { Deps } from './deps.ts';
import { failure } from './failure.ts';

export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** The run this activity works for. */
export function thisRun(): Run {
  const { workflowExecution } = activityInfo();
  if (!workflowExecution) throw failure('bad-input', 'this activity runs inside a workflow only');
  return workflowExecution;
}

/** `workflowId/runId`, as it stands in an order. */
export const orderedBy = ({ workflowId, runId }: Run): string => `${workflowId}/${runId}`;

/** The node that a rollout has. */
interface OwnNode {
  readonly node: string;
  /** As in its record. */
  readonly nodeUid?: string;
}

/** Whether another Node object has the name of the one that was taken. */
export const isReplaced = ({ uid }: NodeFacts, nodeUid: string | undefined): boolean =>
  nodeUid !== undefined && uid !== nodeUid;

/** The record on the node if it is this run's; otherwise the failure that says who has the node. */
export function ourRecord(
  node: NodeFacts | undefined,
  { node: name, nodeUid }: OwnNode,
  run: Run,
): RolloutRecord {
  if (!node || isReplaced(node, nodeUid)) {
    throw failure('node-gone', `node ${name} was deleted in mid-rollout`);
  }
  if (!node.rollout?.ok) {
    throw failure('not-ours', `the rollout annotation of ${name} was removed or cannot be read`);
  }
  return ofThisRun(node.rollout.value, name, run);
}

/** The record, if this run has written it. */
function ofThisRun(record: RolloutRecord, name: string, run: Run): RolloutRecord {
  if (record.workflowId !== run.workflowId) {
    throw failure('not-ours', `node ${name} has been taken by ${record.workflowId}`);
  }
  // After a reset the new run remembers what the old one did, but the node is still marked as the old one's.
  if (record.runId !== run.runId) {
    throw failure('run-changed', `node ${name} carries the mark of run ${record.runId}`);
  }
  return record;
}

/** The mark of a run that is gone stands on the node: it is undone or finished before anything else. */
export interface LeftBehind {
  readonly kind: 'left-behind';
  readonly because: string;
}

/**
 * Whether a run that has nothing of the node has left its mark on it: an earlier one of this rollout, a rollout that runs no more, or
 * this very run, by an attempt to take the node that was given up and obeyed late.
 */
export async function leftBehind(
  { temporal }: Pick<Deps, 'temporal'>,
  { name, rollout }: NodeFacts,
  run: Run,
): Promise<LeftBehind | undefined> {
  if (!rollout?.ok) return undefined;
  const { workflowId, runId } = rollout.value;
  if (workflowId !== run.workflowId && (await temporal.isRunning(workflowId))) return undefined;
  return { kind: 'left-behind', because: `run ${runId} of ${workflowId} has left ${name} behind` };
}

/** Whether the rollout that has the node is under way: another one's, this one where the node is nobody's. */
export async function ownerRunning(
  { temporal }: Pick<Deps, 'temporal'>,
  { rollout }: NodeFacts,
  workflowId: string,
): Promise<boolean> {
  const owner = rollout?.ok ? rollout.value.workflowId : workflowId;
  return owner === workflowId || (await temporal.isRunning(owner));
}

/** A foreign uncordon is not fought: their word counts. */
export function stillCordoned(node: NodeFacts): void {
  if (node.unschedulable) return;
  throw failure('cordon-lost', `somebody uncordoned ${node.name} in mid-rollout`);
}
