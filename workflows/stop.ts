import { ApplicationFailure, ContinueAsNew } from '@temporalio/workflow';
import type { FailureKind } from '../domain/failures.ts';
import type { Outcome } from '../domain/status.ts';
import { causeOf, typeOf } from './cause.ts';
import type { SignalsHeard } from './signals.ts';

/** Why a rollout goes no further in the step it is in. Whatever it has of the cluster is handed back first. */
export type Stop =
  /** A gate has closed: it starts again at the gates. */
  | { readonly kind: 'gate'; readonly because: string }
  /** A person has paused it: it starts again at the gates, after the pause. */
  | { readonly kind: 'pause'; readonly because: string }
  /** A person wants it to end; `lost`: also where its node has not come back from an accepted reboot. */
  | { readonly kind: 'abort'; readonly because: string; readonly lost: boolean }
  /** It fails. */
  | { readonly kind: 'failure'; readonly because: string; readonly failure: Error }
  /** A former run has left the node in the middle: it starts again at the gates. */
  | { readonly kind: 'interrupted'; readonly because: string }
  /** After a reset another run's mark stands on the node: it starts over from what it sees. */
  | { readonly kind: 'start-over'; readonly because: string }
  /** There is nothing more to do. */
  | { readonly kind: 'over'; readonly because: string; readonly outcome: Outcome };

/** Thrown by a step, and caught in one place: `nodeRollout`. */
export class Stopped extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(stop.because);
    this.stop = stop;
  }
}

export const gateClosed = (because: string): Stopped => new Stopped({ kind: 'gate', because });

export const startOver = (because: string): Stopped => new Stopped({ kind: 'start-over', because });

export const over = (outcome: Outcome, because: string): Stopped =>
  new Stopped({ kind: 'over', outcome, because });

export const nodeGone = (): Stopped => over('node-gone', 'its Node object was deleted');

/** What people have said, as a reason to go no further; an abort gives up a node that is lost. */
export function saidBy(signals: SignalsHeard, lost = false): Stopped {
  const because = signals.whyStopped();
  return new Stopped(
    signals.aborted ? { kind: 'abort', because, lost } : { kind: 'pause', because },
  );
}

export function failed(type: FailureKind, because: string): Stopped {
  const failure = ApplicationFailure.create({ type, message: because, nonRetryable: true });
  // Its words say all there is to know, as those of an activity do.
  failure.stack = '';
  return new Stopped({ kind: 'failure', because, failure });
}

/** What has ended a step, whatever was thrown; a fault of our own code is thrown on, and stands in the history as what it is. */
export function stopOf(thrown: unknown): Stop {
  if (thrown instanceof Stopped) return thrown.stop;
  if (thrown instanceof ContinueAsNew) throw thrown;
  const failure = causeOf(thrown);
  if (!(failure instanceof Error)) throw thrown;
  const because = failure.message;
  if (typeOf(thrown) === ('run-changed' satisfies FailureKind)) {
    return { kind: 'start-over', because };
  }
  return { kind: 'failure', because, failure };
}

/** Failures after which the pool goes on: a person's word or a deleted node, not a sign that something is wrong with nodes. */
const NO_TROUBLE: ReadonlySet<string> = new Set([
  'cordon-lost',
  'not-ours',
  'no-pool',
] satisfies FailureKind[]);

/** Whether it is a sign that something is wrong with the node, so that its pool is halted. */
export function isTrouble(stop: Stop): boolean {
  return stop.kind === 'failure' && !NO_TROUBLE.has(typeOf(stop.failure) ?? '');
}
