import {
  Client,
  Connection,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { messageOf } from '../domain/message-of.ts';
import { rolloutId } from '../domain/names.ts';
import type { RolloutResult, RolloutStatus } from '../domain/status.ts';
import type { RolloutEnd } from './result.ts';
import { whyItWaits, type Pending } from '../domain/why-it-waits.ts';

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

export async function connectRollouts(address: string, namespace: string): Promise<Rollouts> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const closed = new Map<string, RolloutView>();
  return {
    async look(node) {
      const handle = client.workflow.getHandle(rolloutId(node));
      const found = await describe(handle);
      if (!found) return NONE;
      const startedAtMs = found.startTime.getTime();
      if (found.status.name === 'RUNNING' || found.status.name === 'PAUSED')
        return { ...(await lookAtRunning(client, handle, found)), startedAtMs };
      const view = closed.get(found.runId) ?? (await lookAtClosed(handle, found));
      closed.set(found.runId, view);
      return { ...view, startedAtMs };
    },
    close: () => connection.close(),
  };
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
    const because = `the worker does not answer: ${rootMessageOf(error)}`;
    return { end: { state: 'running', standing: because }, phase: '?', because };
  }
}

function pendingOf({ raw }: WorkflowExecutionDescription): Pending[] {
  return (raw.pendingActivities ?? []).map(({ lastFailure, heartbeatDetails }) => {
    const data = heartbeatDetails?.payloads?.[0]?.data;
    return {
      ...(lastFailure?.message && { failure: lastFailure.message }),
      ...(data && { heartbeat: JSON.parse(Buffer.from(data).toString('utf8')) as unknown }),
    };
  });
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
    const because = rootMessageOf(error);
    return { end: { state: 'failed', because }, phase: 'failed', because, closedAtMs };
  }
}

/** The innermost word: what a workflow failed with, not that it failed. */
function rootMessageOf(error: unknown): string {
  if (error instanceof WorkflowFailedError && error.cause) return rootMessageOf(error.cause);
  return messageOf(error);
}
