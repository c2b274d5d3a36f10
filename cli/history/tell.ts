import { pauseOf, readPersonsSignal, type PersonsSignal } from '../../domain/persons-signal.ts';
import { present } from '../../domain/present.ts';
import { OUTCOMES } from '../../domain/status.ts';
import { sayPause } from '../../domain/why-it-waits.ts';
import { Draft, textOf, textsOf, type Ended } from './draft.ts';
import { Unread, type Entry } from './entries.ts';
import type { RolloutStory, StoryEnd } from './story.ts';
import { drainTold, WORK } from './work.ts';

/** One run of a rollout, as its history tells it. */
export interface Run {
  readonly runId: string;
  readonly entries: readonly Entry[];
}

export interface Runs {
  readonly workflowId: string;
  /** Each continues the one before. */
  readonly runs: readonly Run[];
  /** Why it stands where it stands, of one that runs. */
  readonly because?: string;
}

/** What a rollout was, by the histories of its runs. */
export function storyOf({ workflowId, runs, because = '' }: Runs): RolloutStory {
  const draft = new Draft(workflowId.replace(/^node-rollout\//, ''));
  const running: Ended = { end: { how: 'running', because } };
  let ended = running;
  for (const { entries } of runs) {
    ended = running;
    for (const entry of entries) {
      const end = take(draft, entry);
      ended = end ? { atMs: entry.atMs, end } : ended;
      pauseIfIdle(draft, entry.atMs, ended);
    }
  }
  const runIds = runs.map(({ runId }) => runId);
  const [runId = '', formerRunIds] = [runIds.at(-1), runIds.slice(0, -1)];
  const story = draft.story({ workflowId, runId, formerRunIds }, ended);
  if (ended.atMs !== undefined || because !== '') return story;
  // Temporal knows of no try that has failed: what was said last still holds.
  const last = story.spans.at(-1)?.because.at(-1) ?? '';
  return { ...story, end: { how: 'running', because: last } };
}

/** A run that is paused and has nothing under way waits for the pause to end. */
function pauseIfIdle(draft: Draft, atMs: number, { atMs: endedMs }: Ended): void {
  if (draft.paused === undefined || draft.open.size > 0 || endedMs !== undefined) return;
  draft.enter('paused', atMs);
  draft.because(draft.paused);
}

type Of<K extends Entry['kind']> = Entry & { readonly kind: K };

function begun(draft: Draft, { atMs, input, carried, client, continues }: Of<'started'>): void {
  const asked = draft.fields(input);
  draft.node = textOf(asked['node']) ?? draft.node;
  draft.by ??= textOf(asked['requestedBy']) ?? textOf(client);
  draft.reason ??= textOf(asked['reason']);
  if (draft.beganMs !== undefined) return;
  const { startedAtMs } = draft.fields(carried);
  draft.beganMs = typeof startedAtMs === 'number' ? Math.min(atMs, startedAtMs) : atMs;
  draft.enter('waiting', atMs);
  if (continues === undefined) {
    draft.tell({ atMs, what: 'asked', says: sayAsked(draft, asked), client });
  } else {
    const says = `what it did before run ${continues} ended is not in Temporal any more`;
    draft.tell({ atMs, what: 'restarted', says });
  }
}

function sayAsked(draft: Draft, { skip, evenIfNotRequired }: ReturnType<Draft['fields']>): string {
  const words = [
    `asked for by ${draft.by ?? 'somebody'}`,
    ...textsOf(skip).map((gate) => `without gate ${gate}`),
    ...(evenIfNotRequired === true ? ['even if not required'] : []),
  ].join(', ');
  return draft.reason === undefined ? words : `${words}: ${draft.reason}`;
}

function planned(draft: Draft, { atMs, result }: Of<'planned'>): void {
  const plan = draft.fields(result);
  draft.pool = textOf(plan['pool']) ?? draft.pool;
  const recovery = draft.fields(plan['recovery']);
  if (recovery['at'] === undefined || recovery['at'] === 'start') return;
  draft.takenOut(atMs);
  draft.bootIdBefore ??= textOf(draft.fields(recovery['record'])['bootIdBefore']);
  const says = textOf(recovery['because']) ?? 'an earlier run had its reboot accepted';
  draft.tell({ atMs, what: 'restarted', says });
}

const OF_PEOPLE: Readonly<Record<string, (word: PersonsSignal) => string>> = {
  pause: (word) => sayPause(pauseOf(word)),
  resume: ({ by, reason }) => `resumed by ${by}: ${reason}`,
  abort: ({ by, reason }) => `aborted by ${by}: ${reason}`,
  skipGate: ({ by, reason, gate = '?' }) => `gate ${gate} skipped by ${by}: ${reason}`,
  retry: ({ by, reason }) => `tried again at once by ${by}: ${reason}`,
};

function said(draft: Draft, { atMs, name, sent, client, id }: Of<'said'>): void {
  const fields = draft.fields(sent);
  if (name === 'drainProgress') return drainTold(draft, fields, atMs);
  if (name === 'permitGranted') {
    draft.tell({ atMs, what: 'place', says: 'it is its turn' });
    return;
  }
  if (name === 'rebootAccepted') {
    draft.tell({ atMs, what: 'return', says: 'the agent has accepted the reboot' });
    return;
  }
  const say = OF_PEOPLE[name];
  if (!say) return;
  const word = readPersonsSignal(sent instanceof Unread ? undefined : sent, atMs);
  if (name === 'pause') draft.paused = say(word);
  if (name === 'resume') draft.paused = undefined;
  const flaw = word.notUnderstood === undefined ? '' : ` (not understood: ${word.notUnderstood})`;
  const says = `${say(word)}${flaw}`;
  const told = draft.tell({ atMs, what: 'said', says, name, by: word.by, client });
  if (id !== undefined) draft.updates.set(id, told);
}

function updateAnswered(draft: Draft, { id, answer }: Of<'update-answered'>): void {
  const told = draft.updates.get(id);
  const says = textOf(draft.fields(answer)['says']);
  if (told && says !== undefined) told.answer = says;
}

function cancelledBy(draft: Draft, { atMs, client, because }: Of<'cancelled-by'>): void {
  const by = textOf(client) ?? 'somebody';
  const says = `cancelled by ${by}${because === '' ? '' : `: ${textOf(because)}`}`;
  draft.tell({ atMs, what: 'said', says, name: 'cancel', by, client });
}

function reset(draft: Draft, { atMs, because, from }: Of<'reset'>): void {
  draft.beginAgain(atMs);
  const says = `reset (${textOf(because) ?? 'no reason given'}): it goes on from what run ${from} had done by then`;
  draft.tell({ atMs, what: 'restarted', says });
}

function asked(draft: Draft, { id, activity, input, atMs }: Of<'asked'>): void {
  draft.asks(id, { activity, askedMs: atMs, evicted: 0 });
  WORK[activity]?.asked?.(draft, draft.fields(input), atMs);
}

function answered(draft: Draft, { id, result, atMs }: Of<'answered'>): void {
  const work = draft.closes(id);
  const answer = draft.fields(result);
  draft.follows(answer['policy']);
  if (!work || result instanceof Unread) return;
  WORK[work.activity]?.answered?.(draft, answer, { atMs, work });
}

function attempted(draft: Draft, { id, attempt }: Of<'attempted'>): void {
  const isLost = attempt > 1 && draft.open.get(id)?.activity === 'drainNode';
  draft.isAtLeast ||= isLost;
}

/** What failed is told; what was cancelled, whoever has cancelled it has told. */
function givenUp(draft: Draft, { id, failure, atMs }: Of<'given-up'>): void {
  const open = draft.closes(id);
  if (open?.activity === 'drainNode') draft.podsEvicted += open.evicted;
  if (!open || !failure) return;
  draft.notRead(failure.unread);
  const says = textOf(failure.message) ?? '';
  draft.because(says);
  const what = open.activity === 'drainNode' ? 'drain' : 'ended';
  draft.tell({ atMs, what, says: `${open.activity} failed: ${says}` });
}

function completed(draft: Draft, { atMs, result }: Of<'completed'>): StoryEnd {
  const fields = draft.fields(result);
  const how = OUTCOMES.find((outcome) => outcome === fields['outcome']) ?? 'completed';
  const because = textOf(fields['because']) ?? 'its result cannot be read';
  draft.bootIdBefore = textOf(fields['bootIdBefore']) ?? draft.bootIdBefore;
  draft.bootIdAfter = textOf(fields['bootIdAfter']) ?? draft.bootIdAfter;
  draft.tell({ atMs, what: 'ended', says: `${how}: ${because}` });
  return { how, because };
}

function endedOtherwise(
  draft: Draft,
  { atMs, kind: how, failure }: Of<'failed' | 'cancelled' | 'terminated' | 'timed-out'>,
): StoryEnd {
  draft.notRead(failure.unread);
  const because = textOf(failure.message) ?? '';
  draft.tell({ atMs, what: 'ended', says: `${how}: ${because}` });
  return { how, because, ...present({ type: failure.type }) };
}

/** What each kind of entry tells; an end is answered. */
const TELLERS: {
  readonly [K in Entry['kind']]: (draft: Draft, entry: Of<K>) => StoryEnd | void;
} = {
  started: begun,
  planned,
  asked,
  answered,
  attempted,
  'cancel-asked': (draft, { id }) => draft.leaves(id),
  'given-up': givenUp,
  said,
  'update-answered': updateAnswered,
  'cancelled-by': cancelledBy,
  reset,
  completed,
  failed: endedOtherwise,
  cancelled: endedOtherwise,
  terminated: endedOtherwise,
  'timed-out': endedOtherwise,
  continued: (_, { as }) => ({
    how: 'completed',
    because: `it went on as run ${as}, which is not in Temporal`,
  }),
};

const take = (draft: Draft, entry: Entry): StoryEnd | undefined =>
  (TELLERS[entry.kind] as (draft: Draft, entry: Entry) => StoryEnd | undefined)(draft, entry);
