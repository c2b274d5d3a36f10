import type { ClosedGate } from './gates.ts';
import type { Phase } from './phases.ts';

/** What a person said with a signal. */
export interface Word {
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

/** Where a rollout stands in the queue of its pool's lock, as the lock last told it. */
export interface QueuePlace {
  /** From 1. */
  readonly place: number;
  /** The nodes it waits behind: those with a permit, then those before it. */
  readonly behind: readonly string[];
  /** Why there is no room, told to the first. */
  readonly because?: string;
}

/** Answer of the rollout's query `status`: where it stands, and why it stands there. */
export interface RolloutStatus {
  readonly node: string;
  readonly pool: string;
  readonly phase: { readonly at: Phase; readonly sinceMs: number };
  /** Every closed gate at the last look; when it is looked at again is shown under Pending Activities. */
  readonly waitingFor: readonly (ClosedGate & {
    readonly sinceMs: number;
    readonly lookAgainMs: number;
  })[];
  readonly queue?: QueuePlace;
  readonly permit?: string;
  readonly paused?: Word & { readonly untilMs?: number };
  readonly aborted?: Word;
  readonly skipped: readonly (Word & { readonly gate: string })[];
  /** Why it does what it does now, where that is not the usual course. */
  readonly because?: string;
  /** Signals that could not be understood, in words. */
  readonly notUnderstood: readonly string[];
}

/** Answer of the lock's query `status`. */
export interface LockStatus {
  readonly pool: string;
  readonly holders: readonly {
    readonly node: string;
    readonly grantId: string;
    readonly sinceMs: number;
  }[];
  readonly queue: readonly { readonly node: string; readonly sinceMs: number }[];
  /** Why the first in the queue has to wait. */
  readonly because?: string;
  readonly paused?: Word;
}

/** How a rollout ended. */
export type Outcome = 'rebooted' | 'quarantined' | 'nothing-to-do' | 'aborted' | 'node-gone';

export interface RolloutResult {
  readonly node: string;
  readonly outcome: Outcome;
  readonly because: string;
  readonly bootIdBefore?: string;
  readonly bootIdAfter?: string;
}
