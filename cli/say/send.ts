import {
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { Answer } from '../../domain/answers.ts';
import { messageOf } from '../../domain/message-of.ts';
import { TASK_QUEUE } from '../../domain/names.ts';
import { introduceLock } from '../../domain/user-metadata.ts';
import type { poolLock } from '../../workflows/index.ts';
import type { SignalName } from '../../domain/signals.ts';
import type { Addressee } from './target.ts';

/** What is said: the name of an update, and of the signal that does the same, with what it carries. */
export interface Word {
  readonly name: SignalName;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What has become of it at one who was spoken to; `refused` and `failed`: it was not heard. */
export interface Heard {
  readonly target: string;
  readonly effect: Answer['effect'] | 'refused' | 'failed';
  readonly says: string;
}

/** A worker has answered by then, or there is none. */
const ANSWER_WITHIN_MS = 20_000;

/** Says it to one and answers with what has become of it; never rejects. */
export async function send(client: Client, to: Addressee, word: Word): Promise<Heard> {
  try {
    const answer = await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      heardOnce(() => update(client, to, word)),
    );
    return { target: to.name, ...answer };
  } catch (error) {
    return { target: to.name, ...(await whatElse(client, to, { word, error })) };
  }
}

const TRIES = 3;
/** Of gRPC. */
const FAILED_PRECONDITION = 9;

/** The server forgets an update whose task failed, and says so: it is sent again. */
async function heardOnce(ask: () => Promise<Answer>, tries = TRIES): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (tries > 1 && isForgotten(error)) return await heardOnce(ask, tries - 1);
    throw error;
  }
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code }: { readonly code: number } = error.cause;
  return code === FAILED_PRECONDITION;
}

function update({ workflow }: Client, to: Addressee, { name, input }: Word): Promise<Answer> {
  const { workflowId, pool } = to;
  if (pool === undefined) {
    return workflow.getHandle(workflowId).executeUpdate<Answer, [unknown]>(name, { args: [input] });
  }
  return workflow.executeUpdateWithStart<typeof poolLock, Answer, [unknown]>(name, {
    args: [input],
    startWorkflowOperation: new WithStartWorkflowOperation<typeof poolLock>('poolLock', {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [{ pool }],
      ...introduceLock(pool),
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  });
}

type Outcome = Omit<Heard, 'target'>;

async function whatElse(
  client: Client,
  to: Addressee,
  { word, error }: { word: Word; error: unknown },
): Promise<Outcome> {
  if (error instanceof WorkflowUpdateFailedError) {
    return { effect: 'refused', says: messageOf(error.cause ?? error) };
  }
  if (error instanceof WorkflowNotFoundError) {
    return { effect: 'failed', says: `no rollout of ${to.name} is running` };
  }
  if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) {
    return { effect: 'failed', says: messageOf(error) };
  }
  return await leave(client, to, word);
}

/** A signal is kept by Temporal until a worker is there; an update is not. */
async function leave({ workflow }: Client, to: Addressee, { name, input }: Word): Promise<Outcome> {
  try {
    await workflow.getHandle(to.workflowId).signal(name, input);
    return {
      effect: 'later',
      says: 'no worker answers; it is left as a signal, and heard when one does',
    };
  } catch (error) {
    return {
      effect: 'failed',
      says: `no worker answers, and no signal can be left: ${messageOf(error)}`,
    };
  }
}
