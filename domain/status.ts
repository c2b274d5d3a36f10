import type { DrainProgress } from './drain-progress.ts';
import type { ClosedGate } from './gates/names.ts';
import type { LastReturn, QueuePlace, Waiter } from './lock-state.ts';
import type { RolloutRecord } from './node-contract.ts';
import type { Trouble } from './trouble.ts';
import type { OpenedWindow } from './opened-window.ts';

/** What a person said with a signal. */
export interface SignalRecord {
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

/** A pause, and when it ends by itself. */
export interface Pause extends SignalRecord {
  readonly untilMs?: number;
}

/** A person's word on the window of a pool: what is open from then on, nothing where it was closed. */
export interface WindowWord extends SignalRecord {
  readonly window?: OpenedWindow;
}

/** A gate that is closed, since when, and when it is evaluated again. */
export interface WaitingGate extends ClosedGate {
  readonly sinceMs: number;
  readonly pollAgainMs: number;
}

/** How a drain stands, as of a moment. */
export type DrainNews = DrainProgress & { readonly atMs: number };

/** Where a rollout stands: each phase with what is true in it, and only that. */
export type Phase =
  | { readonly at: 'starting' | 'cordoning' | 'ordering' | 'rebooting' | 'restoring' }
  | { readonly at: 'waiting'; readonly closed: readonly WaitingGate[] }
  /** Without a place where the lock has not answered yet. */
  | { readonly at: 'queued'; readonly place?: QueuePlace }
  | { readonly at: 'draining' | 'paused'; readonly drain?: DrainNews }
  | {
      readonly at: 'lost' | 'undoing' | 'done' | 'failed' | 'aborted';
      readonly because: string;
    };

/** Answer of the rollout's query `status`: where it stands, and why it stands there. */
export interface RolloutStatus {
  readonly node: string;
  readonly pool: string;
  readonly phase: Phase & { readonly sinceMs: number };
  /** The permit it has and has not used. */
  readonly permit?: string;
  /** What it has written on its node, while it has it. */
  readonly record?: RolloutRecord;
  /** Since when that is out of service; absent where it is not, or where a pause has made it longer. */
  readonly outSinceMs?: number;
  /** The agent is known to have accepted the reboot, so that there is only forward; when, where that is known. */
  readonly accepted?: { readonly atMs?: number };
  readonly paused?: Pause;
  readonly aborted?: SignalRecord;
  readonly skipped: readonly (SignalRecord & { readonly gate: string })[];
  /** The window that a person has opened, in words, where its gate was open by that when it was last passed. */
  readonly window?: string;
  /** Hash of the policy that its latest decision followed. */
  readonly policy?: string;
  /** Signals that could not be understood, in words. */
  readonly notUnderstood: readonly string[];
}

/** Answer of the lock's query `status`. */
export interface LockStatus {
  readonly pool: string;
  /** Permits given that are not known to be used; from the cordon on the Node itself shows who is out of service. */
  readonly permits: readonly {
    readonly node: string;
    readonly grantId: string;
    readonly sinceMs: number;
    /** Since when no rollout counts on it. */
    readonly endedMs?: number;
  }[];
  /** In the order of asking, with what changes that order. */
  readonly queue: readonly Pick<Waiter, 'node' | 'sinceMs' | 'overdueAtMs' | 'last'>[];
  /** Why nobody was admitted at the latest count; absent while nobody waits. */
  readonly because?: string;
  /** Nodes that halt the pool, as of the latest count. */
  readonly troubles: readonly Trouble[];
  readonly paused?: Pause;
  /** What a person has opened beside the windows of the policy. */
  readonly window?: OpenedWindow;
  /** How long the latest rollouts took that went well, in milliseconds, the oldest first. */
  readonly lengths: readonly number[];
  /** What the latest node left behind that came out of a rollout. */
  readonly lastReturn?: LastReturn;
  /** Hash of the policy that its latest count followed. */
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
