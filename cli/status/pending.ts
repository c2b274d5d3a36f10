import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { Pending } from '../../domain/why-it-waits.ts';
import { present } from '../../domain/present.ts';

const { PENDING_ACTIVITY_STATE_STARTED: STARTED } =
  proto.temporal.api.enums.v1.PendingActivityState;

/**
 * What Temporal knows of the activities that are not done: what the attempt under way has told last, a few seconds ago, or else
 * what the one before it has failed with. What is encrypted says nothing.
 */
export function pendingOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): Pending[] {
  return (raw.pendingActivities ?? []).map(({ state, lastFailure, heartbeatDetails }) => {
    const heartbeat = readPayload(heartbeatDetails?.payloads?.[0]);
    const isNewer = state === STARTED && heartbeat !== undefined;
    const failure = isNewer ? undefined : readable(lastFailure?.message);
    return { heartbeat, ...present({ failure }) };
  });
}

/** When that was looked at which is tried again, and when it will be next; nothing while an attempt is being made. */
export interface Looks {
  readonly lookedAtMs?: number;
  readonly againAtMs?: number;
}

export function looksOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): Looks {
  const waiting = raw.pendingActivities?.find(
    ({ state, lastFailure }) => state !== STARTED && lastFailure,
  );
  return present({
    lookedAtMs: optionalTsToMs(waiting?.lastAttemptCompleteTime),
    againAtMs: optionalTsToMs(waiting?.nextAttemptScheduleTime),
  });
}

const readable = (message: string | null | undefined): string | undefined =>
  message && message !== 'Encoded failure' ? message : undefined;

/** Undefined where an activity has beaten without details, or encrypts them. */
function readPayload(payload: Payload | undefined): unknown {
  try {
    return payload && defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}
