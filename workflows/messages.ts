import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { DrainProgress } from '../domain/drain-progress.ts';
import type { PermitRequest, Release, Trouble } from '../domain/lock-state.ts';
import type { AddressedNotice } from '../domain/notifications/outbox.ts';
import type { LockStatus, QueuePlace, RolloutStatus } from '../domain/status.ts';

/** Signals of people, to a rollout; all take `{reason, by, for}` or nothing at all. */
export const pause = defineSignal<[unknown?]>('pause');
export const resume = defineSignal<[unknown?]>('resume');
export const abort = defineSignal<[unknown?]>('abort');
export const skipGate = defineSignal<[unknown?]>('skipGate');
export const retry = defineSignal<[unknown?]>('retry');

/** From the lock to a rollout. */
export const permitGranted =
  defineSignal<[{ grantId: string; countedAtMs?: number }?]>('permitGranted');
export const queued = defineSignal<[QueuePlace?]>('queued');

/** From the drain of a rollout to the rollout itself, so that its status can say what is waited for. */
export const drainProgress = defineSignal<[DrainProgress?]>('drainProgress');

/** From a rollout to the lock of its pool; `release` also takes `{node}` from a person. */
export const requestPermit = defineSignal<[PermitRequest]>('requestPermit');
export const release = defineSignal<[Release]>('release');
export const trouble = defineSignal<[Pick<Trouble, 'node' | 'because'>]>('trouble');

/** From a worker or the fleet scan: the policy has changed, so look again. */
export const recheck = defineSignal('recheck');

/** From activities to the notifier of a node, a pool or the policy. */
export const notice = defineSignal<[AddressedNotice?]>('notice');

export const rolloutStatus = defineQuery<RolloutStatus>('status');
export const holds = defineQuery<boolean, [string, string]>('holds');
export const lockStatus = defineQuery<LockStatus>('status');
