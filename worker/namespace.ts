import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { messageOf } from '../domain/message-of.ts';
import { MADE_AT } from '../domain/names.ts';

/** How long Temporal keeps a rollout that is over: so long it can be looked at. */
const RETENTION = '30 days';

/** google.rpc.Code, https://grpc.io/docs/guides/status-codes/. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

/** A server that takes a connection and then says nothing is given up on after this. */
const TRY_FOR_MS = 30_000;
const ASK_AGAIN_MS = 500;

/**
 * Ensures that the namespace is there, where the worker may make one; answers whether it has made it. Rejects with what the
 * server said to the question, and, of one that is missing, why it was not made.
 */
export function ensureNamespace(connection: Connection, namespace: string): Promise<boolean> {
  const { workflowService } = connection;
  return connection.withDeadline(Date.now() + TRY_FOR_MS, async () => {
    try {
      await workflowService.describeNamespace({ namespace });
      return false;
    } catch (error) {
      if (!isMissing(error)) throw error;
      const refused = await register(workflowService, namespace);
      if (refused !== undefined) {
        throw new Error(`it could not be made: ${refused}`, { cause: error });
      }
      await untilKnown(workflowService, namespace);
      return true;
    }
  });
}

/** Why it was refused; undefined: it is there now. */
async function register(
  workflowService: Connection['workflowService'],
  namespace: string,
): Promise<string | undefined> {
  try {
    await workflowService.registerNamespace({
      namespace,
      description: 'rollouts of Lockkeeper',
      workflowExecutionRetentionPeriod: msToTs(RETENTION),
      data: { [MADE_AT]: new Date().toISOString() },
    });
    return undefined;
  } catch (error) {
    // Another worker was quicker.
    return hasCode(error, ALREADY_EXISTS) ? undefined : messageOf(error);
  }
}

/** A namespace just made is not known to all parts of a server at once. */
async function untilKnown(
  workflowService: Connection['workflowService'],
  namespace: string,
): Promise<void> {
  for (;;) {
    try {
      await workflowService.countWorkflowExecutions({ namespace });
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
      await pause(ASK_AGAIN_MS);
    }
  }
}

/** Whether a call failed because there is no such namespace. */
export const isMissing = (error: unknown): boolean => hasCode(error, NOT_FOUND);

function hasCode(error: unknown, wanted: number): boolean {
  if (!isGrpcServiceError(error)) return false;
  const { code }: { readonly code: number } = error;
  return code === wanted;
}
