import {
  Client,
  Connection,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { rolloutId } from '../domain/names.ts';
import type { RolloutResult, RolloutStatus } from '../domain/status.ts';
import type { RolloutEnd } from './result.ts';
import { whyItWaits } from '../domain/why-it-waits.ts';
import { pendingOf } from '../cli/status/pending.ts';

/** What Temporal knows of a node's rollout, in words for the table. */
export interface RolloutView {
  readonly end: RolloutEnd;
  readonly phase: string;
  readonly because: string;
  readonly startedAtMs?: number;
  readonly closedAtMs?: number;
}

/** Reads rollouts; it changes nothing. */
export interface Rollouts {
  look(node: string): Promise<RolloutView>;
  close(): Promise<void>;
}

const NONE: RolloutView = { end: { state: 'none' }, phase: '', because: '' };
/** A worker that is away must not hold up the table. */
const QUERY_WITHIN_MS = 1_500;
const ANSWER_WITHIN_MS = 3_000;

export async function connectRollouts(address: string, namespace: string): Promise<Rollouts> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const closed = new Map<string, RolloutView>();
  return {
    look: (node) =>
      client
        .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => look(client, node, closed))
        .catch(noTemporal),
    close: () => connection.close(),
  };
}

async function look(
  client: Client,
  node: string,
  closed: Map<string, RolloutView>,
): Promise<RolloutView> {
  const handle = client.workflow.getHandle(rolloutId(node));
  const found = await describe(handle);
  if (!found) return NONE;
  const startedAtMs = found.startTime.getTime();
  if (found.status.name === 'RUNNING' || found.status.name === 'PAUSED')
    return { ...(await lookAtRunning(client, handle, found)), startedAtMs };
  const view = closed.get(found.runId) ?? (await lookAtClosed(handle, found));
  closed.set(found.runId, view);
  return { ...view, startedAtMs };
}

/** A Temporal that is away, as people may have wanted it, ends no lab: what it keeps is not known until it is back. */
function noTemporal(): RolloutView {
  const because = 'Temporal does not answer';
  return { end: { state: 'running', standing: because }, phase: '?', because };
}

async function describe(handle: WorkflowHandle): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function lookAtRunning(
  client: Client,
  handle: WorkflowHandle,
  found: WorkflowExecutionDescription,
): Promise<RolloutView> {
  const pending = pendingOf(found);
  try {
    const status = await client.withDeadline(Date.now() + QUERY_WITHIN_MS, () =>
      handle.query<RolloutStatus>('status'),
    );
    const because = whyItWaits(status, pending);
    const phase = status.phase.at;
    const standing = because ? `${phase}: ${because}` : phase;
    return { end: { state: 'running', standing }, phase, because };
  } catch (error) {
    const because = `the worker does not answer: ${messageOf(error)}`;
    return { end: { state: 'running', standing: because }, phase: '?', because };
  }
}

async function lookAtClosed(
  handle: WorkflowHandle,
  found: WorkflowExecutionDescription,
): Promise<RolloutView> {
  const closedAtMs = found.closeTime?.getTime() ?? Date.now();
  try {
    const result = (await handle.result()) as Partial<RolloutResult> | undefined;
    const { outcome = 'done', because = '' } = result ?? {};
    return { end: { state: 'completed', outcome, because }, phase: outcome, because, closedAtMs };
  } catch (error) {
    // Anything else, such as a Temporal that has just gone, says nothing of the rollout.
    if (!(error instanceof WorkflowFailedError)) throw error;
    const because = messageOf(error);
    return { end: { state: 'failed', because }, phase: 'failed', because, closedAtMs };
  }
}

/** The innermost word: what a workflow failed with, not that it failed. */
function messageOf(error: unknown): string {
  if (error instanceof WorkflowFailedError && error.cause) return messageOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}
