import { inTheWay, readProgress } from '../../domain/drain-progress.ts';
import { GATES, sayGate, type ClosedGate } from '../../domain/gates/names.ts';
import { sayMissing } from '../../domain/return.ts';
import { sayPlace } from '../../domain/why-it-waits.ts';
import { textOf, textsOf, type Draft, type OpenWork } from './draft.ts';

/** What an activity tells of its rollout: when it is asked for, and by its answer. */
interface Teller {
  readonly asked?: (draft: Draft, input: Fields, atMs: number) => void;
  readonly answered?: (draft: Draft, answer: Fields, when: When) => void;
}

type Fields = Partial<Record<string, unknown>>;

interface When {
  readonly atMs: number;
  readonly work: OpenWork;
}

/** By the names of the activities; of others there is nothing to tell. */
export const WORK: Readonly<Record<string, Teller>> = {
  passGates: {
    asked: (draft, _, atMs) => begin(draft, 'waiting', atMs),
    answered: (draft, answer, { atMs }) => gates(draft, answer, atMs),
  },
  awaitTurn: {
    asked: (draft, _, atMs) => draft.enter('queued', atMs),
    answered: (draft, answer, { atMs }) => {
      if (answer['kind'] !== 'waiting') return moved(draft, answer, atMs);
      const place = textOf(placeIn(answer)) ?? '';
      draft.because(place);
      draft.tell({ atMs, what: 'place', says: place });
    },
  },
  cordonNode: { answered: cordoned },
  drainNode: {
    asked: (draft, input, atMs) => {
      begin(draft, 'draining', atMs);
      draft.takenOut(atMs);
      boot(draft, input);
    },
    answered: drained,
  },
  orderReboot: {
    asked: (draft, _, atMs) => draft.enter('draining', atMs),
    answered: ordered,
  },
  awaitReturn: {
    asked: (draft, input, atMs) => {
      draft.enter(input['lost'] === true ? 'lost' : 'rebooting', atMs);
      draft.takenOut(atMs);
      boot(draft, input);
    },
    answered: returned,
  },
  restoreNode: {
    asked: (draft, _, atMs) => draft.enter('settling', atMs),
    answered: (draft, { kind }, { atMs }) => {
      if (kind === 'not-back') {
        draft.tell({ atMs, what: 'return', says: 'it is away again, and is waited for' });
      } else handedBack(draft, RESTORED[String(kind)] ?? 'handed back', atMs);
    },
  },
  undoNode: {
    asked: (draft, input, atMs) => {
      draft.enter('undoing', atMs);
      draft.takenOut(atMs);
      draft.because(textOf(input['because']) ?? 'no reason given');
      boot(draft, input);
    },
    answered: (draft, { kind }, { atMs }) => {
      if (kind === 'too-late') {
        const says = 'too late to hand it back: the agent had accepted the reboot';
        draft.tell({ atMs, what: 'return', says });
      } else handedBack(draft, UNDONE[String(kind)] ?? 'handed back', atMs);
    },
  },
};

const RESTORED: Readonly<Record<string, string>> = {
  restored: 'handed back as it was found',
  quarantined: 'handed back; its sentinel is still there, so that it is not rebooted again',
  gone: 'its Node object was deleted',
  'not-ours': 'left as it is: somebody has changed its record',
};

const UNDONE: Readonly<Record<string, string>> = {
  undone: 'handed back without a reboot',
  gone: 'its Node object was deleted',
};

/** Whatever pause there was is over: what is asked now is asked by nobody who is paused. */
function begin(draft: Draft, phase: 'waiting' | 'draining', atMs: number): void {
  draft.paused = undefined;
  draft.enter(phase, atMs);
}

function handedBack(draft: Draft, says: string, atMs: number): void {
  draft.givenBack(atMs);
  draft.because(says);
  draft.tell({ atMs, what: 'handed back', says });
}

/** Every activity that has the Node's record is asked with it. */
function boot(draft: Draft, input: Fields): void {
  const { bootIdBefore } = draft.fields(input['record']);
  draft.bootIdBefore = textOf(bootIdBefore) ?? draft.bootIdBefore;
}

function gates(draft: Draft, answer: Fields, atMs: number): void {
  if (answer['kind'] === 'open') {
    draft.tell({ atMs, what: 'gates', says: 'all gates are open', closed: [] });
    return;
  }
  if (answer['kind'] !== 'closed') return moved(draft, answer, atMs);
  const closed = closedIn(answer['closed']);
  const words = closed.map(sayGate);
  draft.because(...words);
  draft.tell({ atMs, what: 'gates', says: words.join('; '), closed });
}

function closedIn(list: unknown): ClosedGate[] {
  if (!Array.isArray(list)) return [];
  return (list as Fields[]).flatMap((one) => {
    const gate = GATES.find((known) => known === one?.['gate']);
    return gate ? [{ gate, because: textOf(one['because']) ?? '' }] : [];
  });
}

function placeIn({ place, of, behind, because }: Fields): string {
  return sayPlace({
    kind: 'waiting',
    place: Number(place),
    of: Number(of),
    behind: textsOf(behind),
    why: 'wait',
    because: textOf(because) ?? '',
  });
}

/** It goes on in another pool, or starts over from what it sees. */
function moved(draft: Draft, { kind, pool, because }: Fields, atMs: number): void {
  const says = textOf(because) ?? '';
  if (kind === 'left-behind') draft.tell({ atMs, what: 'restarted', says });
  if (kind !== 'moved') return;
  draft.pool = textOf(pool) ?? draft.pool;
  draft.tell({ atMs, what: 'moved', says });
}

function cordoned(draft: Draft, answer: Fields, { atMs, work }: When): void {
  const { kind } = answer;
  if (kind === 'closed') {
    const says = textOf(answer['because']) ?? '';
    draft.tell({ atMs, what: 'gates', says });
  }
  if (kind !== 'cordoned') return moved(draft, answer, atMs);
  // The worker's clock says when; where it does not know, it was so at the latest since it was asked.
  const writtenMs = Number(answer['atMs']) || work.askedMs;
  const outMs = Math.min(atMs, Math.max(work.askedMs, writtenMs));
  draft.takenOut(outMs);
  draft.enter('draining', outMs);
  boot(draft, answer);
  const isOurs = draft.fields(answer['record'])['cordonedByUs'] !== false;
  const says = isOurs ? 'cordoned' : 'it was cordoned before, and is left so afterwards';
  draft.tell({ atMs: outMs, what: 'cordoned', says });
}

function drained(draft: Draft, answer: Fields, { atMs, work }: When): void {
  const closed = textOf(answer['closed']);
  const evicted = closed === undefined ? Number(answer['evicted'] ?? 0) : work.evicted;
  draft.podsEvicted += evicted;
  const deleted = textsOf(answer['deleted']);
  const more = [
    ...(deleted.length > 0 ? [`deleted without regard to budgets: ${deleted.join(', ')}`] : []),
    ...textsOf(answer['warnings']),
  ];
  const done = closed === undefined ? `empty, ${sayPods(evicted)} evicted` : `given up: ${closed}`;
  const says = [done, ...more].join('; ');
  draft.because(says);
  draft.tell({ atMs, what: 'drain', says, evicted, ...(deleted.length > 0 && { deleted }) });
}

const sayPods = (count: number): string => (count === 1 ? '1 pod' : `${count} pods`);

/** What the drain itself has told while it went on. */
export function drainTold(draft: Draft, sent: unknown, atMs: number): void {
  const progress = readProgress(sent);
  if (!progress) return;
  const { evicted, podsLeft, waits } = progress;
  const work = draft.drain;
  if (work) work.evicted = Math.max(work.evicted, evicted);
  const blockers = inTheWay(progress).map(({ what, because }) => `${what}: ${because}`);
  const words = [...blockers, ...(waits === undefined ? [] : [waits])];
  draft.because(...words);
  const says = [`${sayPods(podsLeft)} left`, ...words].join('; ');
  draft.tell({ atMs, what: 'drain', says, evicted });
}

function ordered(draft: Draft, answer: Fields, { atMs }: When): void {
  const because = textOf(answer['because']) ?? '';
  switch (answer['kind']) {
    case 'ordered':
      draft.tell({ atMs, what: 'ordered', says: 'seen empty, and its reboot ordered' });
      return;
    case 'not-empty':
      draft.tell({ atMs, what: 'drain', says: `not empty after all: ${because}` });
      return;
    default:
      draft.tell({ atMs, what: 'gates', says: because });
  }
}

function returned(draft: Draft, answer: Fields, when: When): void {
  if (answer['kind'] === 'returned') return back(draft, answer, when);
  const { atMs } = when;
  const because = textOf(answer['because']) ?? 'its Node object was deleted';
  if (answer['kind'] === 'late') draft.enter('lost', atMs);
  draft.because(because);
  draft.tell({ atMs, what: 'return', says: because });
}

function back(draft: Draft, { bootId, bootedAtMs, missing }: Fields, { atMs }: When): void {
  const [before = 'not known', after = 'not known'] = [draft.bootIdBefore, textOf(bootId)];
  draft.bootIdAfter = textOf(bootId);
  draft.because(`boot id ${before} before, ${after} after`);
  // Where it booted before it was given up for lost, it was lost for as long as nobody could tell.
  const bootedMs = Number(bootedAtMs ?? atMs);
  const isLate = draft.phase === 'lost' && bootedMs <= draft.sinceMs;
  draft.enter('settling', isLate ? atMs : Math.min(atMs, Math.max(draft.sinceMs, bootedMs)));
  const lacks = textsOf(missing);
  const more = lacks.length > 0 ? `; ${sayMissing(lacks)}` : '';
  draft.tell({ atMs, what: 'return', says: `back and Ready, with boot id ${after}${more}` });
}
