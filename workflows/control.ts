import { condition, setHandler, type SignalDefinition } from '@temporalio/workflow';
import { SKIPPABLE } from '../domain/gates/names.ts';
import { readProgress, type DrainProgress } from '../domain/drain-progress.ts';
import type { Pause, QueuePlace, Word } from '../domain/status.ts';
import { pauseOf, readWord, type SignalWord } from '../domain/word.ts';
import * as messages from './messages.ts';

/** What people and the lock have said to one rollout. */
export interface Control {
  paused: Pause | undefined;
  aborted: Word | undefined;
  readonly skipped: (Word & { gate: string })[];
  readonly notUnderstood: string[];
  /** The permit it has. */
  grantId: string | undefined;
  /** When the nodes were counted that it was granted on; absent: nobody knows. */
  countedAtMs: number | undefined;
  /** It has asked for a permit and waits for the grant. */
  asking: boolean;
  /** It has left a queue or given a permit back. */
  hasLeft: boolean;
  /** Permits given back: the lock may confirm one once more that it had not heard of yet. */
  readonly givenBack: string[];
  place: QueuePlace | undefined;
  /** How the drain stands, as it last told. */
  drain: (DrainProgress & { atMs: number }) | undefined;
  /** Counts what makes a fresh look worth while. */
  news: number;
  /** Called after every signal. */
  changed: () => void;
}

/** Registers every handler, before anything is awaited. A handler only takes notes; it never throws. */
export function listen(): Control {
  const control: Control = {
    paused: undefined,
    aborted: undefined,
    skipped: [],
    notUnderstood: [],
    grantId: undefined,
    countedAtMs: undefined,
    asking: false,
    hasLeft: false,
    givenBack: [],
    place: undefined,
    drain: undefined,
    news: 0,
    changed: () => undefined,
  };
  const hear = (sent: unknown): SignalWord => {
    const word = readWord(sent, Date.now());
    if (word.notUnderstood !== undefined) control.notUnderstood.push(word.notUnderstood);
    control.news += 1;
    return word;
  };
  listenToPeople(control, hear);
  listenToOthers(control);
  return control;
}

function listenToOthers(control: Control): void {
  setHandler(messages.recheck, () => void (control.news += 1), {
    description: 'Look at everything again now.',
  });
  setHandler(
    messages.permitGranted,
    (grant) => {
      const grantId = grant?.grantId;
      if (!control.asking || typeof grantId !== 'string') return;
      if (control.givenBack.includes(grantId)) return;
      control.grantId = grantId;
      control.countedAtMs = grant?.countedAtMs;
      control.asking = false;
      control.place = undefined;
      control.changed();
    },
    { description: 'From the lock: the permit.' },
  );
  setHandler(
    messages.queued,
    (place) => {
      // What is only half a place would hide the reason that the lock has given.
      if (!control.asking || typeof place?.place !== 'number' || !Array.isArray(place.behind))
        return;
      control.place = place;
      control.changed();
    },
    { description: 'From the lock: the place in its queue.' },
  );
  setHandler(
    messages.drainProgress,
    (sent) => {
      const progress = readProgress(sent);
      if (!progress) return;
      control.drain = { ...progress, atMs: Date.now() };
      control.changed();
    },
    { description: 'From the drain: what is left, and what it waits for.' },
  );
}

function listenToPeople(control: Control, hear: (sent: unknown) => SignalWord): void {
  const optional = 'Optional input: {"reason": …, "by": …}';
  const on = (
    signal: SignalDefinition<[unknown?]>,
    description: string,
    act: (word: SignalWord) => void,
  ): void => {
    const handler = (sent: unknown): void => {
      act(hear(sent));
      control.changed();
    };
    setHandler(signal, handler, { description });
  };
  on(
    messages.pause,
    `Stop at the next safe point; no more evictions. ${optional}, "for": "2h".`,
    (word) => {
      control.paused = pauseOf(word);
    },
  );
  on(messages.resume, `Go on after a pause. ${optional}.`, () => {
    control.paused = undefined;
  });
  on(messages.abort, `Hand the node back; an accepted reboot is finished. ${optional}.`, (word) => {
    control.aborted = said(word);
  });
  on(messages.skipGate, 'Go on although one gate is closed. Input: {"gate": …}.', (word) => {
    skip(control, word);
  });
  on(
    messages.retry,
    `Try now: look again, and cut short a rest after failed tries. ${optional}.`,
    (word) => {
      skip(control, { ...word, gate: 'rest' });
    },
  );
}

function skip(control: Control, { gate, ...word }: SignalWord): void {
  if (SKIPPABLE.some((known) => known === gate)) {
    control.skipped.push({ ...said(word), gate: gate ?? '' });
  } else {
    control.notUnderstood.push(`skipGate: write {"gate": …} with one of ${SKIPPABLE.join(', ')}`);
  }
}

const said = ({ reason, by, atMs }: Word): Word => ({ reason, by, atMs });

/** What people have said that stops a rollout before the point of no return; an abort counts before a pause. */
export function whyStopped({ aborted, paused }: Control): string {
  if (aborted) return `aborted: ${aborted.reason}`;
  return paused ? `paused by ${paused.by}: ${paused.reason}` : 'it was paused for a moment';
}

/** A pause without an end is reminded of this often. */
const REMIND_EVERY_MS = 12 * 60 * 60_000;

/** What can be paused. */
interface Pausable {
  paused: Pause | undefined;
  readonly aborted?: Word | undefined;
}

/**
 * Returns once nobody has paused it, or it was aborted, which ends a pause too; `in-time`: it came to its own end. `remind` is
 * called whenever the pause has lasted long.
 */
export async function pauseOver(
  control: Pausable,
  remind: (because: string) => Promise<void>,
): Promise<'in-time' | 'said'> {
  while (control.paused && !control.aborted) {
    const pause = control.paused;
    const changed = (): boolean => control.paused !== pause || control.aborted !== undefined;
    const words = `paused by ${pause.by}: ${pause.reason}`.slice(0, 200);
    const leftMs = Math.max(1, (pause.untilMs ?? Number.MAX_SAFE_INTEGER) - Date.now());
    if (await condition(changed, Math.min(leftMs, REMIND_EVERY_MS), { summary: words })) continue;
    if (leftMs <= REMIND_EVERY_MS) {
      control.paused = undefined;
      return 'in-time';
    }
    await remind(`${words}, since ${new Date(pause.atMs).toISOString()}`);
  }
  return 'said';
}
