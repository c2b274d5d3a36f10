import { readProgress } from '../domain/drain-progress.ts';
import { SKIPPABLE } from '../domain/gates/names.ts';
import { answerOfRollout, notYetOfRollout, type ToARollout } from '../domain/answers.ts';
import type { Signals } from '../domain/signals.ts';
import type { DrainNews, Pause, RolloutStatus, SignalRecord } from '../domain/status.ts';
import { sayPause } from '../domain/why-it-waits.ts';
import {
  keepLatest,
  pauseOf,
  readPersonsSignal,
  type PersonsSignal,
} from '../domain/persons-signal.ts';
import { fieldsOf } from '../domain/fields.ts';
import { present } from '../domain/present.ts';
import { listen, type Listener, type Update } from './messages.ts';

/** What a rollout carries along of it when it continues as new: what is not yet over. */
export type SignalsCarried = Pick<SignalsHeard, 'paused' | 'skipped' | 'notUnderstood'>;

/**
 * What people, the lock and the drain have said to one rollout. A handler only takes notes and never throws; the steps read
 * the notes wherever they wait, and count by `news` whether there are new ones.
 */
export class SignalsHeard {
  paused: Pause | undefined;
  aborted: SignalRecord | undefined;
  /** The latest word of each gate: whoever says it may say it any number of times. */
  skipped: readonly (SignalRecord & { gate: string })[];
  readonly notUnderstood: string[];
  /** The permit that the lock has given and the rollout has not used. */
  grantId: string | undefined;
  /** Whether a grant is expected; any other is ignored. */
  asksForTurn = false;
  /** The agent is known to have accepted the reboot. */
  accepted: RolloutStatus['accepted'];
  /** How the drain stands, as it last told. */
  drain: DrainNews | undefined;
  /** Counts what makes another evaluation worth while. */
  news = 0;
  readonly #changed: () => void;
  readonly #status: () => RolloutStatus;

  /** `changed` is called after every signal; updates are answered by `status`. */
  constructor(
    { changed, status }: { changed: () => void; status: () => RolloutStatus },
    carried: Partial<SignalsCarried> = {},
  ) {
    this.#changed = changed;
    this.#status = status;
    this.paused = carried.paused;
    this.skipped = carried.skipped ?? [];
    this.notUnderstood = [...(carried.notUnderstood ?? [])];
  }

  /** Registers every handler, before anything is awaited. What came with the start is handled at once. */
  listen(): void {
    listen({ ...this.#ofPeople(), ...this.#ofOthers() }, (name) => {
      this.#noteUnread(`there is no signal ${name}`);
      this.#changed();
    });
  }

  /** Somebody wants the rollout to go no further than the next safe point. */
  get stops(): boolean {
    return this.paused !== undefined || this.aborted !== undefined;
  }

  /** Why it goes no further; an abort counts before a pause. */
  whyStopped(): string {
    if (this.aborted) return `aborted by ${this.aborted.by}: ${this.aborted.reason}`;
    return this.paused ? sayPause(this.paused) : 'it was paused for a moment';
  }

  /** Cancelling the workflow says the same as the signal `abort`. */
  cancel(atMs: number): void {
    this.aborted = { reason: 'cancelled', by: 'Temporal', atMs };
    this.news += 1;
    this.#changed();
  }

  #ofPeople() {
    const optional = 'Optional input: {"reason": …, "by": …}';
    const undoes = 'Hand the node back; an accepted reboot is finished';
    const tries = 'Try now: evaluate again, and cut short a rest after failed tries';
    return {
      pause: this.#person(
        'pause',
        `Stop at the next safe point. ${optional}, "for": "2h".`,
        (word) => {
          this.paused = pauseOf(word);
        },
      ),
      resume: this.#person('resume', `Go on after a pause. ${optional}.`, () => {
        this.paused = undefined;
      }),
      abort: this.#person('abort', `${undoes}. ${optional}.`, ({ reason, by, atMs }) => {
        this.aborted = { reason, by, atMs };
      }),
      skipGate: this.#person(
        'skipGate',
        'Go on although one gate is closed. Input: {"gate": …}.',
        (word) => this.#skip(word),
      ),
      retry: this.#person('retry', `${tries}. ${optional}.`, (word) =>
        this.#skip({ ...word, gate: 'rest' }),
      ),
    };
  }

  #person(name: ToARollout, description: string, act: (word: PersonsSignal) => void): Listener {
    const hear = (sent: unknown): void => {
      const word = readPersonsSignal(sent, Date.now());
      if (word.notUnderstood !== undefined) this.#noteUnread(word.notUnderstood);
      act(word);
      this.news += 1;
      this.#changed();
    };
    return { hear, description, update: this.#update(name) };
  }

  #update(name: ToARollout): Update {
    return {
      flaw: (sent) => {
        const word = readPersonsSignal(sent, 0);
        return word.notUnderstood ?? (name === 'skipGate' ? flawOfGate(word) : undefined);
      },
      course: () => {
        const before = this.#status();
        return () => answerOfRollout(name, { now: this.#status(), before });
      },
      notYet: () => notYetOfRollout(this.#status()),
    };
  }

  #skip(word: PersonsSignal): void {
    const { gate, reason, by, atMs } = word;
    const flaw = flawOfGate(word);
    if (gate === undefined || flaw !== undefined) return this.#noteUnread(`skipGate: ${flaw}`);
    const others = this.skipped.filter((other) => other.gate !== gate);
    this.skipped = [...others, { reason, by, atMs, gate }];
  }

  #noteUnread(words: string): void {
    keepLatest(this.notUnderstood, words);
  }

  #ofOthers() {
    return {
      recheck: {
        description: 'Evaluate everything again now.',
        hear: () => void (this.news += 1),
      },
      permitGranted: {
        description: 'From the lock: it is the turn of this node.',
        hear: (sent: Partial<Signals['permitGranted']> | undefined) => {
          const grantId = sent?.grantId;
          if (!this.asksForTurn || typeof grantId !== 'string') return;
          this.grantId = grantId;
          this.#changed();
        },
      },
      rebootAccepted: {
        description: 'From the wait for the reboot: it is too late to stop.',
        hear: (sent: unknown) => {
          const { atMs } = fieldsOf(sent);
          this.accepted = present({ atMs: typeof atMs === 'number' ? atMs : undefined });
          this.#changed();
        },
      },
      drainProgress: {
        description: 'From the drain: what is left, and what it waits for.',
        hear: (sent: unknown) => {
          const progress = readProgress(sent);
          if (!progress) return;
          this.drain = { ...progress, atMs: Date.now() };
          this.#changed();
        },
      },
    };
  }
}

function flawOfGate({ gate }: PersonsSignal): string | undefined {
  if (gate !== undefined && SKIPPABLE.some((known) => known === gate)) return undefined;
  return `write {"gate": …} with one of ${SKIPPABLE.join(', ')}`;
}
