import {
  ActivityCancellationType,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { summary } from '../domain/user-metadata.ts';

/**
 * Every time limit of the workflows, each with its reason. None is a limit of business: those are in the policy. Each activity
 * is told about in a line, which the Web UI shows beside its name.
 */

const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** Parsing and one reading: too small for a task of its own, and safe to repeat. */
export const local = (about: string) =>
  proxyLocalActivities<Pick<Activities, 'planRollout'>>({
    startToCloseTimeout: '15s',
    retry: RETRY,
    summary: summary(about),
  });

/** Something that opens by itself. Between two evaluations nobody works, so cancelling answers at once. */
export const polling = (about: string) =>
  proxyActivities<Pick<Activities, 'passGates' | 'awaitTurn' | 'admitNext'>>({
    startToCloseTimeout: '30s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: RETRY,
    summary: summary(about),
  });

/** One message to one receiver. No more than this is tried at a time, and no longer than people want to hear of it. */
export const delivering = (about: string, withinMs: number) =>
  proxyActivities<Pick<Activities, 'deliver'>>({
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: withinMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { ...RETRY, maximumInterval: '10m' },
    summary: summary(about),
  });

type Quick =
  | 'cordonNode'
  | 'undoNode'
  | 'restoreNode'
  | 'leaveQueue'
  | 'excuseTroubles'
  | 'tellPool'
  | 'remind';

/** A few API calls; retried for as long as the API server is away. They beat by themselves, so a lost worker shows soon. */
export const quick = (about: string) =>
  proxyActivities<Pick<Activities, Quick>>({
    startToCloseTimeout: '2m',
    heartbeatTimeout: '10s',
    retry: RETRY,
    summary: summary(about),
  });

/** As `quick`, and people are heard meanwhile: an attempt that is stopped has written its order or none, and then says so. */
export const proving = (about: string) =>
  proxyActivities<Pick<Activities, 'orderReboot'>>({
    startToCloseTimeout: '2m',
    heartbeatTimeout: '10s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: RETRY,
    summary: summary(about),
  });

/**
 * Waits on other people's pods and machines. The deadlines are the policy's; this one only bounds an attempt, after which
 * the next goes on from what it observes. A lost worker shows within one heartbeat timeout.
 */
export const lasting = (about: string) =>
  proxyActivities<Pick<Activities, 'drainNode' | 'awaitReturn' | 'scanFleet'>>({
    startToCloseTimeout: '24h',
    heartbeatTimeout: '20s',
    // Written out, because without it SDK 1.24 sends TRY_CANCEL, whatever it documents: then a drain would be taken for ended
    // while it still evicts, and the answer of an agent that has just accepted would be lost.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: RETRY,
    summary: summary(about),
  });

/** Whatever the policy names is asked once, side by side. Who wants to know waits in front of it: nothing is tried again. */
export const once = (summary: string) =>
  proxyActivities<Pick<Activities, 'checkUp'>>({
    startToCloseTimeout: '30s',
    retry: { maximumAttempts: 1 },
    summary,
  });
