import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { Pending } from '../../domain/why-it-waits.ts';
import { words } from '../../domain/outside.ts';
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

/** A workflow, or one of its activities, that a person has paused in Temporal itself: nothing of it goes on until it is unpaused. */
export interface PausedByServer {
  /** An activity; absent: the whole workflow, which answers no query then. */
  readonly activity?: string;
  readonly by: string;
  readonly reason: string;
  readonly sinceMs?: number;
}

/** What the server itself holds up of a workflow. */
export function pausesOf({
  raw,
}: Pick<WorkflowExecutionDescription, 'raw'>): readonly PausedByServer[] {
  const whole = raw.workflowExtendedInfo?.pauseInfo;
  const activities = raw.pendingActivities?.filter(({ paused }) => paused) ?? [];
  return [
    ...(whole ? [pauseOf(whole, whole.pausedTime)] : []),
    ...activities.map(({ activityType, pauseInfo }) => ({
      activity: activityType?.name ?? 'an activity',
      ...pauseOf(pauseInfo?.manual ?? {}, pauseInfo?.pauseTime),
    })),
  ];
}

function pauseOf(
  { identity, reason }: { identity?: string | null; reason?: string | null },
  atTime: Parameters<typeof optionalTsToMs>[0],
): PausedByServer {
  return {
    by: words(identity || 'somebody'),
    reason: words(reason || 'no reason given'),
    ...present({ sinceMs: optionalTsToMs(atTime) }),
  };
}

/** One line for all of them; empty for none. */
export const sayPauses = (pauses: readonly PausedByServer[]): string =>
  pauses
    .map(({ activity, by, reason }) => {
      const what = activity === undefined ? '' : `${activity} is `;
      return `${what}paused in Temporal by ${by}: ${reason}`;
    })
    .join('; ');
