import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  type SignalDefinition,
} from '@temporalio/workflow';
import type { Answer } from '../domain/answers.ts';
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
  /** Where it may be said by an update of the same name as well. */
  readonly update?: Update;
}

/** What an update has beside the signal. */
export interface Update {
  /** The rule that is broken by what was sent; such an update is refused and leaves no trace. */
  readonly flaw: (sent: unknown) => string | undefined;
  /** Asked just before it is heard for what is asked then: what has become of it, undefined while that is not decided. */
  readonly course: () => () => Answer | undefined;
  /** What is answered when that takes too long. */
  readonly notYet: () => Answer;
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
  for (const [name, listener] of known) {
    const { hear, description, update } = listener;
    setHandler(signal(name), (sent) => hear(sent, name), { description });
    if (update) answer(name, update, listener);
  }
}

/** Whoever asks is not kept waiting for longer; what was said stays said. */
const ANSWER_WITHIN_MS = 15_000;

/** Answers the update of this name with what has become of it. */
function answer(name: SignalName, update: Update, { hear, description }: Listener): void {
  const { flaw, course, notYet } = update;
  const handle = async (sent?: unknown): Promise<Answer> => {
    // Who cancels the workflow says something else, and does not take this back.
    return await CancellationScope.nonCancellable(async () => {
      // Accepted in a task of its own: the server forgets an update that is accepted in one which fails, such as a task that
      // would end the workflow while something new has just come.
      await sleep(1, { summary: `heard: ${name}` });
      const decided = course();
      hear(sent, name);
      let said: Answer | undefined;
      await condition(() => (said = decided()) !== undefined, ANSWER_WITHIN_MS, {
        summary: `answers ${name} by then`,
      });
      return said ?? notYet();
    });
  };
  const validator = (sent?: unknown): void => {
    const rule = flaw(sent);
    if (rule !== undefined) throw ApplicationFailure.nonRetryable(`${name}: ${rule}`, 'refused');
  };
  setHandler(defineUpdate<Answer, [unknown?]>(name), handle, { description, validator });
}

/** Where a rollout stands, and why. */
export const rolloutStatus = defineQuery<RolloutStatus>('status');
/** Who has a permit, who waits, and why. */
export const lockStatus = defineQuery<LockStatus>('status');
/** Asked with a rollout's workflow id: its place in the queue, or its permit; null when it has asked for neither. */
export const turn = defineQuery<AnswerOfTurn | null, [string]>('turn');
/** Asked with a workflow id and a grant id. */
export const permit = defineQuery<PermitAnswer | null, [string, string]>('permit');
