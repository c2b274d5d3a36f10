import { formatDuration } from '../../domain/durations.ts';
import { FLEET_SCAN } from '../../domain/names.ts';
import { CommandFailed } from '../terminal.ts';
import { sayLeftovers, type Leftovers } from './leftovers.ts';

/** What Lockkeeper has in Temporal. */
export interface TemporalSide {
  /** Pauses the schedule, so that no rollout is started any more, and ends a scan that is under way. */
  pauseScans(): Promise<void>;
  /** May lag behind by a moment. */
  openRollouts(): Promise<OpenRollout[]>;
  abort(rollout: OpenRollout): Promise<void>;
  /** Ends everything that is left, whatever it is doing; answers with the ids. */
  terminateAll(): Promise<string[]>;
  /** Deletes the schedule; a worker makes one anew that it has missed for minutes. */
  removeSchedule(): Promise<void>;
}

export interface OpenRollout {
  readonly id: string;
  /** Of the run: a rollout that is started again has the same id. */
  readonly run: string;
}

/** What Lockkeeper has in the cluster. */
export interface ClusterSide {
  /** Deletes the agents; resolves when none is left, or rejects. */
  removeAgents(): Promise<void>;
  leftovers(): Promise<Leftovers[]>;
  /** False: the node has changed meanwhile, and nothing was written. */
  clean(found: Leftovers): Promise<boolean>;
}

export interface UninstallParts {
  /** Undefined: whatever is in Temporal stays there. */
  readonly temporal: TemporalSide | undefined;
  readonly cluster: ClusterSide;
  readonly say: (line: string) => void;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

export interface UninstallOptions {
  /** Longest wait for rollouts that are under way. */
  readonly timeoutMs: number;
  /** Rollouts that have not ended by then are ended as they are. */
  readonly force: boolean;
}

const LOOK_EVERY_MS = 2_000;
/** Visibility lags behind: a rollout that was started just before shows a little later. */
const EMPTY_LOOKS = 3;
const CLEANING_TRIES = 10;

/**
 * Ends rollouts the way an abort does, then takes away locks, agents, whatever is written on the Nodes, and last the schedule,
 * for the workers would bring it back while they wait with us. Repeating it goes on where it was interrupted. Rejects, having
 * touched no Node, when rollouts do not end in time; the schedule is then left paused.
 */
export async function uninstall(parts: UninstallParts, options: UninstallOptions): Promise<void> {
  const { temporal, cluster, say } = parts;
  if (temporal) await endRollouts(parts, temporal, options);
  await cluster.removeAgents();
  say('no agent is left');
  await cleanNodes(parts);
  await temporal?.removeSchedule();
  say('nothing of Lockkeeper is left on any node');
}

/** What it would do, a line each. */
export async function planUninstall({ temporal, cluster, say }: UninstallParts): Promise<void> {
  for (const { id } of (await temporal?.openRollouts()) ?? []) say(`would abort ${id}`);
  for (const found of await cluster.leftovers()) say(`would take away from ${sayLeftovers(found)}`);
}

async function endRollouts(
  parts: UninstallParts,
  temporal: TemporalSide,
  options: UninstallOptions,
): Promise<void> {
  const { say } = parts;
  await temporal.pauseScans();
  say('no new rollout is started: the schedule of the fleet scan is paused');
  await abortAll(parts, temporal, options);
  const ended = await temporal.terminateAll();
  say(ended.length === 0 ? 'nothing runs in Temporal' : `ended: ${ended.join(', ')}`);
}

async function abortAll(
  parts: UninstallParts,
  temporal: TemporalSide,
  { timeoutMs, force }: UninstallOptions,
): Promise<void> {
  const { say, nowMs, pause } = parts;
  const untilMs = nowMs() + timeoutMs;
  const asked = new Set<string>();
  for (let empty = 0; empty < EMPTY_LOOKS;) {
    const isLast = nowMs() >= untilMs;
    const open = await askToEnd(parts, temporal, asked).catch((error: unknown) => {
      if (isLast) throw error;
      say('Temporal does not answer: its own node may be rebooting; looking again');
      return ['Temporal'];
    });
    empty = open.length === 0 ? empty + 1 : 0;
    if (open.length > 0 && isLast) {
      if (force) return;
      throw new CommandFailed([
        `still under way after ${formatDuration(timeoutMs)}: ${open.join(', ')}`,
        'A node that is rebooting is handed back when it returns; one that is lost never is. Wait and repeat this, or',
        'use --force: those rollouts are then ended as they are, and what they cordoned is uncordoned. The scans stay',
        `paused until then; to keep Lockkeeper: temporal schedule toggle --schedule-id ${FLEET_SCAN} --unpause`,
      ]);
    }
    if (empty < EMPTY_LOOKS) await pause(LOOK_EVERY_MS);
  }
}

/** Asks each run that is open to end, once; answers with the ids of all that are. */
async function askToEnd(
  { say }: UninstallParts,
  temporal: TemporalSide,
  asked: Set<string>,
): Promise<string[]> {
  const open = await temporal.openRollouts();
  for (const rollout of open.filter(({ run }) => !asked.has(run))) {
    await temporal.abort(rollout);
    asked.add(rollout.run);
    say(`${rollout.id} is asked to end`);
  }
  return open.map(({ id }) => id);
}

/** Until a look finds nothing: something that was on its way may have been written meanwhile. */
async function cleanNodes({ cluster, say, pause }: UninstallParts): Promise<void> {
  for (let tries = 0; tries < CLEANING_TRIES; tries += 1) {
    const found = await cluster.leftovers();
    if (found.length === 0) return;
    for (const leftovers of found) {
      if (await cluster.clean(leftovers)) say(`taken away from ${sayLeftovers(leftovers)}`);
    }
    await pause(LOOK_EVERY_MS);
  }
  const left = await cluster.leftovers();
  if (left.length === 0) return;
  throw new CommandFailed(['somebody goes on writing on the nodes:', ...left.map(sayLeftovers)]);
}
