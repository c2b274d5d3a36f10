import { defineQuery, defineSignal, type SignalDefinition } from '@temporalio/workflow';
import type { AnswerOfTurn, PermitAnswer } from '../domain/lock-state.ts';
import type { SignalName, Signals } from '../domain/signals.ts';
import type { LockStatus, RolloutStatus } from '../domain/status.ts';

/** The definition of a signal; whatever was sent may be missing or something else, for anybody may send it. */
export const signal = <N extends SignalName>(name: N): SignalDefinition<[Signals[N]?]> =>
  defineSignal<[Signals[N]?]>(name);

/** Where a rollout stands, and why. */
export const rolloutStatus = defineQuery<RolloutStatus>('status');
/** Who has a permit, who waits, and why. */
export const lockStatus = defineQuery<LockStatus>('status');
/** Asked with a rollout's workflow id: its place in the queue, or its permit; null when it has asked for neither. */
export const turn = defineQuery<AnswerOfTurn | null, [string]>('turn');
/** Asked with a workflow id and a grant id. */
export const permit = defineQuery<PermitAnswer | null, [string, string]>('permit');
