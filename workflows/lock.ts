import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  candidatesOf,
  enqueue,
  noteEnd,
  pass,
  permitOf,
  turnOf,
  useUp,
  type AnswerOfTurn,
  type LockState,
  type PermitAnswer,
  type QueuePlace,
} from '../domain/lock-state.ts';
import { describeLock } from '../domain/status-text.ts';
import type { SignalName } from '../domain/signals.ts';
import type { LockStatus, Pause, SignalRecord, WindowWord } from '../domain/status.ts';
import type { Trouble } from '../domain/trouble.ts';
import { sayPausedLock } from '../domain/why-it-waits.ts';
import { keepLatest } from '../domain/persons-signal.ts';
import type { OpenedWindow } from '../domain/opened-window.ts';
import { present } from '../domain/present.ts';
import { ofPeople } from './lock-people.ts';
import { readEnd, readPermitRef, readRequest } from './lock-signals.ts';
import * as messages from './messages.ts';

/** What a lock carries along when it continues as new. */
export interface Carried {
  readonly state: LockState;
  readonly paused?: Pause;
  /** A person's word to go on that is not yet written on the troubled nodes. */
  readonly resumed?: SignalRecord;
  readonly window?: OpenedWindow;
  /** What a person has said of the window that the rollouts of the pool have not been told. */
  readonly untold?: WindowWord;
}

/** One lock as its workflow knows it: a handler only takes notes, and the loop of the workflow acts on them. */
export class Lock {
  state: LockState;
  paused: Pause | undefined;
  resumed: SignalRecord | undefined;
  /** The nodes whose troubles the latest word to go on has excused. */
  excusedNodes: readonly string[] = [];
  window: OpenedWindow | undefined;
  untold: WindowWord | undefined;
  /** Why nobody was admitted at the latest count. */
  waits: Pick<QueuePlace, 'why' | 'because'> | undefined;
  /** The troubles that the nodes showed at the latest count. */
  troubles: readonly Trouble[] = [];
  /** Hash of the policy that the latest count followed. */
  policy: string | undefined;
  /** Counts what makes another count worth while. */
  news = 0;
  readonly #notUnderstood: string[] = [];

  /** Registers every handler, before anything is awaited. */
  constructor({ state, paused, resumed, window, untold }: Carried) {
    this.state = state;
    this.paused = paused;
    this.resumed = resumed;
    this.window = window;
    this.untold = untold;
    messages.listen({ ...this.#ofRollouts(), ...ofPeople(this) }, (name) => {
      this.noteUnread(`there is no signal ${name}`);
    });
    this.#answer();
    this.show();
  }

  change(next: LockState): void {
    this.state = next;
    this.news += 1;
    this.show();
  }

  /** While nobody may be admitted, what the latest count has found is no reason any more. */
  forgetCount(): void {
    this.waits = undefined;
    this.troubles = [];
    this.show();
  }

  /** The word to go on stands on these nodes, where every lock reads it. */
  excused(word: SignalRecord, nodes: readonly string[]): void {
    if (this.resumed !== word) return;
    this.excusedNodes = nodes;
    this.resumed = undefined;
  }

  show(): void {
    setCurrentDetails(describeLock(this.status()));
  }

  carried(): Carried {
    const { state, paused, resumed, window, untold } = this;
    return { state, ...present({ paused, resumed, window, untold }) };
  }

  #ofRollouts() {
    return {
      requestPermit: this.#rollout('join the queue', readRequest, (request) => {
        const before = this.#firstInLine();
        this.state = enqueue(this.state, request, Date.now());
        // Who joins at the end of a long queue changes nothing for those at its front.
        if (this.#firstInLine() !== before) this.news += 1;
        this.show();
      }),
      permitUsed: this.#rollout('its node is cordoned', readPermitRef, (word) =>
        this.change(useUp(this.state, word)),
      ),
      permitPassed: this.#rollout('it wants no turn now', readPermitRef, (word) =>
        this.change(pass(this.state, word)),
      ),
      rolloutEnded: this.#rollout('its node is handed back', readEnd, (end) =>
        this.change(noteEnd(this.state, end, Date.now())),
      ),
    };
  }

  #rollout<T>(
    what: string,
    read: (sent: unknown) => T | undefined,
    act: (sent: T) => void,
  ): messages.Listener {
    const hear = (sent: unknown, name: SignalName): void => {
      const known = read(sent);
      if (known === undefined) this.noteUnread(`${name}: it names no rollout or no node`);
      else act(known);
    };
    return { hear, description: `From a rollout: ${what}.` };
  }

  #firstInLine(): string {
    const { queue } = this.state;
    const troubled = this.troubles.map(({ node }) => node);
    return candidatesOf(queue, Date.now(), { troubled })
      .map(({ runId }) => runId)
      .join(' ');
  }

  noteUnread(words: string): void {
    keepLatest(this.#notUnderstood, words);
    this.show();
  }

  #answer(): void {
    setHandler(messages.lockStatus, () => this.status(), {
      description: 'Who has a permit, who waits, what went wrong, and why.',
    });
    setHandler(messages.turn, (workflowId) => this.#turn(workflowId), {
      description: 'Where a rollout stands, and why; null when it has not asked.',
    });
    setHandler(messages.permit, (workflowId, grantId) => this.#permit(workflowId, grantId), {
      description: 'Whether a permit is good, when the nodes were counted for it, who has others.',
    });
  }

  #turn(workflowId: string): AnswerOfTurn | null {
    const found = turnOf(this.state, workflowId, Date.now());
    if (!found || found.kind === 'granted') return found ?? null;
    return { ...found, ...this.#whyWaiting(found.place) };
  }

  #whyWaiting(place: number): Pick<QueuePlace, 'why' | 'because'> {
    if (this.paused) return { why: 'paused', because: sayPausedLock(this.paused) };
    if (this.waits) return this.waits;
    return place === 1 && this.state.permits.length === 0
      ? { why: 'counting', because: 'the nodes of the pool are being counted' }
      : { why: 'behind', because: 'others go first' };
  }

  #permit(workflowId: string, grantId: string): PermitAnswer | null {
    const known = permitOf(this.state, workflowId);
    if (known?.grantId !== grantId || known.endedMs !== undefined) return null;
    const others = this.state.permits.filter((permit) => permit !== known);
    return { countedAtMs: known.countedAtMs, others: others.map(({ node }) => node) };
  }

  status(): LockStatus {
    const { state, waits, troubles, paused, window, policy } = this;
    const { pool, permits, queue, lengths, lastReturn } = state;
    return {
      pool,
      permits: permits.map(({ node, grantId, sinceMs, endedMs }) => ({
        node,
        grantId,
        sinceMs,
        ...present({ endedMs }),
      })),
      queue: queue.map(({ node, sinceMs, overdueAtMs, last }) => ({
        node,
        sinceMs,
        ...present({ overdueAtMs, last }),
      })),
      troubles,
      lengths,
      ...present({ because: waits?.because, paused, window, policy, lastReturn }),
      notUnderstood: this.#notUnderstood,
    };
  }
}
