import { condition, setHandler } from '@temporalio/workflow';
import type { QueuePlace, Word } from '../domain/status.ts';
import { readWord, type SignalWord } from '../domain/word.ts';
import * as messages from './messages.ts';

/** What people and the lock have said to one rollout. */
export interface Control {
  paused: (Word & { untilMs?: number }) | undefined;
  aborted: Word | undefined;
  readonly skipped: (Word & { gate: string })[];
  readonly notUnderstood: string[];
  grantId: string | undefined;
  place: QueuePlace | undefined;
  /** Counts what makes a fresh look worth while. */
  news: number;
}

/** Registers every handler, before anything is awaited. A handler only takes notes; it never throws. */
export function listen(): Control {
  const control: Control = {
    paused: undefined,
    aborted: undefined,
    skipped: [],
    notUnderstood: [],
    grantId: undefined,
    place: undefined,
    news: 0,
  };
  const hear = (sent: unknown): SignalWord => {
    const word = readWord(sent, Date.now());
    if (word.notUnderstood !== undefined) control.notUnderstood.push(word.notUnderstood);
    control.news += 1;
    return word;
  };
  listenToPeople(control, hear);
  setHandler(messages.recheck, () => void hear(undefined), {
    description: 'Look at every gate again now.',
  });
  setHandler(messages.permitGranted, ({ grantId }) => {
    control.grantId = grantId;
    control.place = undefined;
  });
  setHandler(messages.queued, (place) => {
    control.place = place;
  });
  return control;
}

function listenToPeople(control: Control, hear: (sent: unknown) => SignalWord): void {
  const optional = 'Optional input: {"reason": …, "by": …}';
  setHandler(
    messages.pause,
    (sent) => {
      const word = hear(sent);
      control.paused = {
        ...said(word),
        ...(word.forMs === undefined ? {} : { untilMs: word.atMs + word.forMs }),
      };
    },
    { description: `Stop at the next safe point; no further evictions. ${optional}, "for": "2h".` },
  );
  setHandler(
    messages.resume,
    (sent) => {
      hear(sent);
      control.paused = undefined;
    },
    { description: `Go on after a pause. ${optional}.` },
  );
  setHandler(
    messages.abort,
    (sent) => {
      control.aborted = said(hear(sent));
    },
    {
      description: `Hand the node back; once its reboot is accepted, finish the return. ${optional}.`,
    },
  );
  setHandler(
    messages.skipGate,
    (sent) => {
      const { gate, ...word } = hear(sent);
      if (gate === undefined) control.notUnderstood.push('skipGate: write {"gate": "…"}');
      else control.skipped.push({ ...said(word), gate });
    },
    { description: 'Go on although one gate is closed. Input: {"gate": …, "reason": …, "by": …}.' },
  );
  setHandler(messages.retry, (sent) => void hear(sent), {
    description: `Look again now instead of later. ${optional}.`,
  });
}

const said = ({ reason, by, atMs }: Word): Word => ({ reason, by, atMs });

/** Returns once nobody has paused the rollout, or it was aborted, which ends a pause too. */
export async function pauseOver(control: Control): Promise<void> {
  while (control.paused && !control.aborted) {
    const pause = control.paused;
    const changed = (): boolean => control.paused !== pause || control.aborted !== undefined;
    if (pause.untilMs === undefined) {
      await condition(changed);
      continue;
    }
    const leftMs = Math.max(1, pause.untilMs - Date.now());
    const summary = `paused by ${pause.by}: ${pause.reason}`.slice(0, 200);
    if (!(await condition(changed, leftMs, { summary }))) control.paused = undefined;
  }
}
