import { log } from '@temporalio/workflow';
import {
  answerOfClosedWindow,
  answerOfOpenedWindow,
  answerOfPausedLock,
  answerOfResumedLock,
  type Answer,
} from '../domain/answers.ts';
import type { LockState } from '../domain/lock-state.ts';
import {
  pauseOf,
  readPersonsSignal,
  windowOf,
  type PersonsSignal,
} from '../domain/persons-signal.ts';
import { present } from '../domain/present.ts';
import type { LockStatus, Pause, SignalRecord, WindowWord } from '../domain/status.ts';
import type { OpenedWindow } from '../domain/opened-window.ts';
import type { Update } from './messages.ts';

/** What a lock notes of what people say. */
interface Notes {
  readonly state: LockState;
  paused: Pause | undefined;
  resumed: SignalRecord | undefined;
  readonly excusedNodes: readonly string[];
  window: OpenedWindow | undefined;
  untold: WindowWord | undefined;
  status(): LockStatus;
  change(next: LockState): void;
  show(): void;
  noteUnread(words: string): void;
}

/** What people may say to a lock, as a signal or as an update. */
export function ofPeople(lock: Notes) {
  return {
    pause: {
      description: 'Admit nobody until resumed. Optional: {"reason": …, "by": …, "for": "2h"}.',
      update: updateOf(() => () => answerOfPausedLock(lock.status())),
      hear: (sent: unknown) => {
        lock.paused = pauseOf(hear(lock, sent));
        lock.change(lock.state);
      },
    },
    resume: {
      description: 'Go on after a pause, or after a halt for nodes that failed or are lost.',
      update: updateOf(() => {
        const before = lock.status();
        return () => (lock.resumed ? undefined : answerOfResumedLock(before, lock.excusedNodes));
      }),
      hear: (sent: unknown) => {
        const { reason, by, atMs } = hear(lock, sent);
        log.info('resumed', { pool: lock.state.pool, by, reason });
        lock.paused = undefined;
        lock.resumed = { reason, by, atMs };
        lock.change(lock.state);
      },
    },
    ...ofWindow(lock),
    recheck: { description: 'Count again now.', hear: () => lock.change(lock.state) },
  };
}

function ofWindow(lock: Notes) {
  const withBefore =
    (answer: (now: LockStatus, before: LockStatus) => Answer): Update['course'] =>
    () => {
      const before = lock.status();
      return () => answer(lock.status(), before);
    };
  return {
    openWindow: {
      description:
        'Open a window beside those of the policy. Input: {"for": "10h"}. Optional: "reason", "by", "despiteFreeze": true.',
      update: updateOf(withBefore(answerOfOpenedWindow), flawOfWindow),
      hear: (sent: unknown) => {
        const word = readPersonsSignal(sent, Date.now());
        const window = windowOf(word);
        if ('flaw' in window) lock.noteUnread(`openWindow: ${window.flaw}`);
        else setWindow(lock, word, window);
      },
    },
    closeWindow: {
      description: 'Close the window that openWindow has opened. Optional: {"reason": …, "by": …}.',
      update: updateOf(withBefore(answerOfClosedWindow)),
      hear: (sent: unknown) => {
        const word = hear(lock, sent);
        if (lock.window) setWindow(lock, word, undefined);
      },
    },
  };
}

function setWindow(
  lock: Notes,
  { reason, by, atMs }: SignalRecord,
  window: OpenedWindow | undefined,
): void {
  log.info(window ? 'window opened' : 'window closed', { pool: lock.state.pool, by, reason });
  lock.window = window;
  lock.untold = { reason, by, atMs, ...present({ window }) };
  lock.show();
}

/** What of it is not understood is noted; the rest counts. */
function hear(lock: Notes, sent: unknown): PersonsSignal {
  const word = readPersonsSignal(sent, Date.now());
  if (word.notUnderstood !== undefined) lock.noteUnread(word.notUnderstood);
  return word;
}

const flawOfWord = (sent: unknown): string | undefined => readPersonsSignal(sent, 0).notUnderstood;

function flawOfWindow(sent: unknown): string | undefined {
  const window = windowOf(readPersonsSignal(sent, 0));
  return 'flaw' in window ? window.flaw : undefined;
}

const updateOf = (course: Update['course'], flaw: Update['flaw'] = flawOfWord): Update => ({
  flaw,
  course,
  notYet: () => ({
    effect: 'later',
    says: 'heard; the nodes that halt the pool cannot be written just now, which is tried again',
  }),
});
