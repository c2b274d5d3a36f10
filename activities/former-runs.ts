import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { fieldsOf } from '../domain/fields.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import { MADE_AT } from '../domain/names.ts';
import { isAhead, words } from '../domain/outside.ts';
import type { RolloutStatus } from '../domain/status.ts';
import type { Run } from './ownership.ts';

/** What Temporal still knows of runs that have ended. */

/** What asks for it has to answer within 15 s itself. */
const RECORD_WITHIN_MS = 5_000;
/** A lock that was ended longer ago has left nothing behind. */
const FORMER_LOCK_MS = 60 * 60_000;

/** Why and when a rollout ended that has not done its work. */
export interface EarlyEnd {
  readonly because: string;
  readonly atMs: number;
}

/** A run of another release cannot be asked: then the annotation is all there is. */
export async function recordOf(
  workflow: Client['workflow'],
  { workflowId, runId }: Run,
): Promise<RolloutRecord | null | undefined> {
  const rollout = workflow.getHandle(workflowId, runId);
  try {
    const ask = () => rollout.query<RolloutStatus>('status');
    return (await workflow.withDeadline(Date.now() + RECORD_WITHIN_MS, ask)).record ?? null;
  } catch {
    return undefined;
  }
}

export async function endedEarly(
  workflow: Client['workflow'],
  { workflowId, runId }: Run,
  sinceMs: number,
): Promise<EarlyEnd | undefined> {
  const since = new Date(sinceMs).toISOString();
  // One that has continued as new has not ended: the run that goes on for it does.
  const hasEnded = `CloseTime >= "${since}" AND ExecutionStatus != "ContinuedAsNew"`;
  const query = `WorkflowId = "${workflowId}" AND ${hasEnded}`;
  let newest: { readonly runId: string; readonly atMs: number } | undefined;
  for await (const one of workflow.list({ query })) {
    const atMs = one.closeTime?.getTime() ?? 0;
    if (one.runId !== runId && atMs > (newest?.atMs ?? 0)) newest = { runId: one.runId, atMs };
  }
  if (!newest) return undefined;
  const because = await whyEarly(
    workflow.getHandle(workflowId, newest.runId, { followRuns: false }),
  );
  return because === undefined ? undefined : { because, atMs: newest.atMs };
}

/** A person's typing error is no reason to wait. */
const WRONG_INPUT: readonly unknown[] = ['bad-input', 'no-such-node', 'no-pool'];

async function whyEarly(ended: { result(): Promise<unknown> }): Promise<string | undefined> {
  try {
    const { outcome, because } = fieldsOf(await ended.result());
    return outcome === 'aborted' ? `it was ${words(String(because))}` : undefined;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof CancelledFailure) return 'it was cancelled';
    if (cause instanceof ApplicationFailure && WRONG_INPUT.includes(cause.type)) return undefined;
    return cause instanceof ApplicationFailure ? `it failed: ${words(cause.message)}` : undefined;
  }
}

/**
 * When the latest run of the lock before this one was ended or reset from outside; the present where one still seems to run.
 * Whatever there was before the namespace was made is taken to have ended then: its database may have been lost.
 */
export async function formerLockEndedAt(
  client: Client,
  { workflowId, runId }: Run,
): Promise<number | undefined> {
  const endedAtMs = await latestEndOf(client.workflow, { workflowId, runId });
  return endedAtMs ?? (await madeAt(client));
}

async function madeAt({ workflowService, options }: Client): Promise<number | undefined> {
  const { namespace } = options;
  const { namespaceInfo } = await workflowService.describeNamespace({ namespace });
  const atMs = Date.parse(namespaceInfo?.data?.[MADE_AT] ?? '');
  return Number.isNaN(atMs) || isAhead(atMs, Date.now()) ? undefined : atMs;
}

async function latestEndOf(
  workflow: Client['workflow'],
  { workflowId, runId }: Run,
): Promise<number | undefined> {
  const since = new Date(Date.now() - FORMER_LOCK_MS).toISOString();
  const isRecent = `(ExecutionStatus = "Running" OR CloseTime >= "${since}")`;
  const query = `WorkflowId = "${workflowId}" AND ${isRecent}`;
  let latestMs: number | undefined;
  for await (const former of workflow.list({ query })) {
    if (former.runId === runId) continue;
    // What lists show may lag behind.
    const { status, closeTime } = await workflow.getHandle(workflowId, former.runId).describe();
    if (status.name === 'CONTINUED_AS_NEW') continue;
    latestMs = Math.max(latestMs ?? 0, closeTime?.getTime() ?? Date.now());
  }
  return latestMs;
}
