import { WorkflowNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { rolloutId } from '../../domain/names.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';
import { pendingOf } from '../status/pending.ts';
import { readEntries, type Entry } from './entries.ts';
import type { RolloutStory } from './story.ts';
import { storyOf, type Run } from './tell.ts';

export interface Wanted {
  readonly node?: string;
  readonly pool?: string;
  /** Rollouts that ended before are left out. */
  readonly sinceMs: number;
}

export interface Reading {
  /** Called with how many are read, of how many. */
  readonly progress: (read: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** The rest of the work of whoever uses this Temporal goes on beside it. */
const AT_ONCE = 8;

/** The stories of all rollouts that are wanted, the first that began first. Rejects when Temporal does not answer. */
export async function fetchStories(
  client: Client,
  wanted: Wanted,
  { progress, signal }: Reading,
): Promise<RolloutStory[]> {
  const found = await runsOf(client, wanted);
  const runs = new Map<string, ReadRun>();
  let read = 0;
  const left = found.values();
  const reader = async (): Promise<void> => {
    for (const { workflowId, runId, status } of left) {
      signal.throwIfAborted();
      const run = await readRun(client, { workflowId, runId, isOver: status.name !== 'RUNNING' });
      if (run) runs.set(runId, run);
      progress((read += 1), found.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  const stories: RolloutStory[] = [];
  for (const run of lastOfEach(runs)) stories.push(await storyUpTo(client, run, runs));
  return stories
    .filter(({ node, pool }) => fits(wanted.node, node) && fits(wanted.pool, pool))
    .toSorted((one, other) => one.beganMs - other.beganMs);
}

const fits = (wanted: string | undefined, is: string | undefined): boolean =>
  wanted === undefined || wanted === is;

async function runsOf({ workflow }: Client, wanted: Wanted): Promise<WorkflowExecutionInfo[]> {
  const since = new Date(wanted.sinceMs).toISOString();
  const query = `WorkflowType = "nodeRollout" AND (CloseTime IS NULL OR CloseTime >= "${since}")`;
  const found: WorkflowExecutionInfo[] = [];
  for await (const info of workflow.list({ query })) if (mayFit(info, wanted)) found.push(info);
  return found;
}

/** A rollout that was started by hand may have any id: only its history tells its node. */
function mayFit({ workflowId, searchAttributes }: WorkflowExecutionInfo, { node, pool }: Wanted) {
  const [known] = searchAttributes['LockkeeperPool'] ?? [];
  const isOurs = workflowId.startsWith(rolloutId(''));
  const isOther = node !== undefined && isOurs && workflowId !== rolloutId(node);
  return !isOther && (pool === undefined || known === undefined || known === pool);
}

interface ReadRun extends Run {
  readonly workflowId: string;
  /** Of one that runs: why it stands where it stands. */
  readonly because?: string;
}

/** Undefined: it has gone meanwhile, or was gone before. */
async function readRun(
  client: Client,
  { workflowId, runId, isOver }: { workflowId: string; runId: string; isOver: boolean },
): Promise<ReadRun | undefined> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    const { events } = await handle.fetchHistory();
    const entries = await readEntries(events ?? [], client.options.loadedDataConverter);
    if (isOver) return { workflowId, runId, entries };
    const because = whyItWaits(NOT_ASKED, pendingOf(await handle.describe()));
    return { workflowId, runId, entries, because };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The rollout itself is not asked: what it does not know, the activities that are tried again do. */
const NOT_ASKED = {
  node: '',
  pool: '',
  phase: { at: 'starting', sinceMs: 0 },
  skipped: [],
  notUnderstood: [],
} as const;

const continuesOf = ({ entries }: Run): string | undefined => startOf(entries)?.continues;

const startOf = (entries: readonly Entry[]) => entries.find((entry) => entry.kind === 'started');

/** The runs that no other run continues. */
function lastOfEach(runs: ReadonlyMap<string, ReadRun>): ReadRun[] {
  const continued = new Set([...runs.values()].map(continuesOf));
  return [...runs.values()].filter(({ runId }) => !continued.has(runId));
}

/** What was continued may have ended before the time that is asked for, or be gone. */
async function storyUpTo(
  client: Client,
  last: ReadRun,
  known: ReadonlyMap<string, ReadRun>,
): Promise<RolloutStory> {
  const { workflowId } = last;
  const runs = [last];
  for (;;) {
    const runId = runs[0] && continuesOf(runs[0]);
    if (runId === undefined) break;
    const before = known.get(runId) ?? (await readRun(client, { workflowId, runId, isOver: true }));
    if (!before) break;
    runs.unshift(before);
  }
  return storyOf({ ...last, runs });
}
