import type { DrainProgress } from './drain-progress.ts';
import type { ClosedGate } from './gates/names.ts';
import type { Phase } from './phases.ts';

/** What a person said with a signal. */
export interface Word {
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

/** A pause, and when it ends by itself. */
export interface Pause extends Word {
  readonly untilMs?: number;
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
  readonly paused?: Pause;
  readonly aborted?: Word;
  readonly skipped: readonly (Word & { readonly gate: string })[];
  /** Hash of the policy that its latest decision followed. */
  readonly policy?: string;
  /** How the drain stands, where it takes its time. */
  readonly drain?: DrainProgress & { readonly atMs: number };
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
    /** Since when its rollout has ended; the permit is kept until the node is seen in service, or a person gives it back. */
    readonly orphanedMs?: number;
  }[];
  readonly queue: readonly { readonly node: string; readonly sinceMs: number }[];
  /** Nodes that failed or are lost; the pool halts when its failure budget is used. */
  readonly troubles: readonly {
    readonly node: string;
    readonly because: string;
    readonly sinceMs: number;
  }[];
  /** Why it is nobody's turn. */
  readonly because?: string;
  readonly paused?: Pause;
  /** How long the latest rollouts took that went well, in milliseconds, the oldest first. */
  readonly lengths?: readonly number[];
  /** Hash of the policy that its latest look for a turn followed. */
  readonly policy?: string;
  /** Signals that could not be understood, in words. */
  readonly notUnderstood: readonly string[];
}

/** How a rollout ended. */
export const OUTCOMES = [
  'rebooted',
  'quarantined',
  'nothing-to-do',
  'aborted',
  'node-gone',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

export interface RolloutResult {
  readonly node: string;
  readonly outcome: Outcome;
  readonly because: string;
  readonly bootIdBefore?: string;
  readonly bootIdAfter?: string;
}
