import {
  defineQuery,
  defineSignal,
  setDefaultSignalHandler,
  setHandler,
  type SignalDefinition,
} from '@temporalio/workflow';
import type { AnswerOfTurn, PermitAnswer } from '../domain/lock-state.ts';
import type { SignalName, Signals } from '../domain/signals.ts';
import type { LockStatus, RolloutStatus } from '../domain/status.ts';

/** The definition of a signal; whatever was sent may be missing or something else, for anybody may send it. */
export const signal = <N extends SignalName>(name: N): SignalDefinition<[Signals[N]?]> =>
  defineSignal<[Signals[N]?]>(name);

/** Takes a note of a signal, whatever was sent; it never throws. */
export interface Listener<Sent = unknown> {
  readonly hear: (sent: Sent | undefined, name: SignalName) => void;
  readonly description: string;
}

type Listeners = { readonly [N in SignalName]?: Listener<Signals[N]> };

/**
 * Listens to these signals, and is told of any other by its name. Signals that came before the first task are heard in the order
 * in which they were sent: the handler of one name alone would hear all of its own first, and a pause after a resume be lost.
 */
export function listen(listeners: Listeners, other: (name: string) => void): void {
  const known = new Map(Object.entries(listeners) as [SignalName, Listener][]);
  setDefaultSignalHandler((name, sent) => {
    const listener = known.get(name as SignalName);
    if (listener) listener.hear(sent, name as SignalName);
    else other(name);
  });
  for (const [name, { hear, description }] of known) {
    setHandler(signal(name), (sent) => hear(sent, name), { description });
  }
}

/** Where a rollout stands, and why. */
export const rolloutStatus = defineQuery<RolloutStatus>('status');
/** Who has a permit, who waits, and why. */
export const lockStatus = defineQuery<LockStatus>('status');
/** Asked with a rollout's workflow id: its place in the queue, or its permit; null when it has asked for neither. */
export const turn = defineQuery<AnswerOfTurn | null, [string]>('turn');
/** Asked with a workflow id and a grant id. */
export const permit = defineQuery<PermitAnswer | null, [string, string]>('permit');
