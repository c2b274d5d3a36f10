import type { DrainProgress } from './drain-progress.ts';
import type { PermitRequest, PermitRef, RolloutEnd } from './lock-state.ts';
import type { AddressedNotice } from './notifications/outbox.ts';

/**
 * Every signal by its name: what it carries, and who sends it to whom. Workflows define their handlers by it and activities
 * send by it, so that nobody writes a name of his own.
 */
export interface Signals {
  /** A person to a rollout or a lock: `{reason, by, for}`, or nothing at all. */
  readonly pause: unknown;
  readonly resume: unknown;
  /** A person to a lock: `{for, reason, by, despiteFreeze}`, of which `for` has to be there. */
  readonly openWindow: unknown;
  /** A person to a lock: `{reason, by}`, or nothing at all. */
  readonly closeWindow: unknown;
  /** A person to a rollout. */
  readonly abort: unknown;
  readonly skipGate: unknown;
  readonly retry: unknown;
  /** A worker whose policy has changed to rollouts and locks, or a person: evaluate everything again. */
  readonly recheck: undefined;
  /** The lock to a rollout. */
  readonly permitGranted: { readonly grantId: string };
  /** The activity drainNode to its rollout. */
  readonly drainProgress: DrainProgress;
  /** The activity awaitReturn to its rollout that somebody wants to stop: when the agent accepted the order, where that is known. */
  readonly rebootAccepted: { readonly atMs?: number };
  /** The activity awaitTurn to the lock: join the queue. */
  readonly requestPermit: PermitRequest;
  /** The activity cordonNode to the lock: from now on the Node's record holds the place. */
  readonly permitUsed: PermitRef;
  /** The activities cordonNode and leaveQueue to the lock: neither permit nor place are wanted any more. */
  readonly permitPassed: PermitRef;
  /** The activities undoNode and restoreNode to the lock: the node has no record any more. */
  readonly rolloutEnded: RolloutEnd;
  /** Activities to the notifier of a node, a pool or the policy. */
  readonly notice: AddressedNotice;
}

export type SignalName = keyof Signals;
