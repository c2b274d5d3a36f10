import type { Payload, ProtoFailure } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { Command, Job } from './instance.ts';

/** In the order in which the SDK's core hands jobs over: the start, then signals, then the rest. */
export function inOrder(jobs: readonly Job[]): Job[] {
  return jobs.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ variant }: Job): number {
  if (variant === 'initializeWorkflow') return 0;
  return variant === 'signalWorkflow' ? 1 : 2;
}

export const signalled = (signalName: string, input: readonly Payload[]): Job => ({
  variant: 'signalWorkflow',
  signalWorkflow: { signalName, input: [...input], headers: {}, identity: '' },
});

export const fired = (seq: number): Job => ({ variant: 'fireTimer', fireTimer: { seq } });

/** How an activity ended, as its workflow hears of it. */
export type Ending =
  | { readonly completed: { readonly result: Payload } }
  | { readonly failed: { readonly failure: ProtoFailure } }
  | { readonly cancelled: { readonly failure: ProtoFailure } };

export const resolved = (seq: number, result: Ending): Job => ({
  variant: 'resolveActivity',
  resolveActivity: { seq, result },
});

/** Without a failure: it was delivered. */
export const delivered = (seq: number, failure?: ProtoFailure): Job => ({
  variant: 'resolveSignalExternalWorkflow',
  resolveSignalExternalWorkflow: { seq, ...(failure ? { failure } : {}) },
});

/** As the server says it when the workflow that is signalled has ended. */
export const NOBODY_THERE: ProtoFailure = {
  message: 'Unable to signal external workflow because it was not found',
  applicationFailureInfo: { type: 'ExternalWorkflowExecutionNotFound' },
};

const WAITING = [
  ['scheduleActivity', 'activity'],
  ['scheduleLocalActivity', 'activity'],
  ['requestCancelActivity', 'cancellation'],
  ['startTimer', 'timer'],
  ['signalExternalWorkflowExecution', 'signal'],
] as const;

const ANSWERING = [
  ['resolveActivity', 'activity'],
  ['fireTimer', 'timer'],
  ['resolveSignalExternalWorkflow', 'signal'],
] as const;

/** What of the commands of a run has not been answered yet, in the order in which it was asked for. */
export class OpenCommands {
  readonly #open = new Map<string, Command>();

  get all(): Command[] {
    return [...this.#open.values()];
  }

  asked(command: Command): void {
    if (command.cancelTimer) this.#open.delete(`timer ${command.cancelTimer.seq}`);
    for (const [field, name] of WAITING) {
      const asked = command[field];
      if (asked) this.#open.set(`${name} ${asked.seq}`, command);
    }
  }

  answered(job: Job): void {
    for (const [field, name] of ANSWERING) {
      const answer = job[field];
      if (answer) this.#open.delete(`${name} ${answer.seq}`);
    }
    if (job.resolveActivity) this.#open.delete(`cancellation ${job.resolveActivity.seq}`);
  }
}

/** Of an activity, what the server needs to know. */
export interface Asked {
  readonly seq: number;
  readonly activityId: string;
  readonly type: string;
  readonly args: readonly Payload[];
  readonly local: boolean;
  readonly startToCloseMs: number;
  /** Absent: it does not beat. */
  readonly heartbeatMs?: number;
  readonly retry: RetryRules;
  readonly waitsForCancellation: boolean;
}

interface RetryRules {
  readonly firstMs: number;
  readonly backoff: number;
  readonly mostMs: number;
}

type Schedule = NonNullable<Command['scheduleActivity']>;

/** Protobuf: TRY_CANCEL = 0, WAIT_CANCELLATION_COMPLETED = 1, ABANDON = 2. */
const WAITS = 1;

export function askedBy(schedule: Schedule, local: boolean): Asked {
  const { seq, activityId, activityType, heartbeatTimeout, startToCloseTimeout } = schedule;
  return {
    seq: seq ?? 0,
    activityId: activityId ?? '',
    type: activityType ?? '',
    args: schedule.arguments ?? [],
    local,
    startToCloseMs: startToCloseTimeout ? tsToMs(startToCloseTimeout) : Number.POSITIVE_INFINITY,
    ...(heartbeatTimeout ? { heartbeatMs: tsToMs(heartbeatTimeout) } : {}),
    retry: retryRules(schedule.retryPolicy),
    waitsForCancellation: Number(schedule.cancellationType) === WAITS,
  };
}

/** What is not given is Temporal's default; here nobody limits the attempts. */
function retryRules(policy: Schedule['retryPolicy']): RetryRules {
  const { initialInterval, maximumInterval, backoffCoefficient } = policy ?? {};
  const firstMs = initialInterval ? tsToMs(initialInterval) : 1_000;
  const mostMs = maximumInterval ? tsToMs(maximumInterval) : firstMs * 100;
  return { firstMs, backoff: backoffCoefficient ?? 2, mostMs };
}
