import {
  ScheduleNotFoundError,
  type Client,
  type WorkflowExecutionInfo,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Scan } from '../../activities/scan.ts';
import { messageOf } from '../../domain/message-of.ts';
import { FLEET_SCAN } from '../../domain/names.ts';
import { present } from '../../domain/present.ts';
import type { LockStatus, RolloutStatus } from '../../domain/status.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';
import { latestScans, runningOf } from '../temporal-view.ts';
import { looksOf, pausesOf, pendingOf, sayPauses, type PausedByServer } from './pending.ts';
import type { PolicySeen, PoolSeen, RolloutSeen, Seen } from './seen.ts';

/** Looks at everything there is in Temporal; changes nothing. */
export async function gather(client: Client, nowMs: () => number): Promise<Seen> {
  const [schedule, scans, pools, rollouts] = await Promise.all([
    scheduleOf(client),
    latestScans(client),
    poolsOf(client),
    ofEach(client, 'nodeRollout', (found) => rolloutOf(client, found)),
  ]);
  const [latest] = scans;
  return {
    atMs: nowMs(),
    ...present({ schedule }),
    policies: scans.map(policyOf),
    leftAlone: latest?.unmanaged ?? [],
    ...present({
      scannedMs: latest?.atMs,
      leftAloneMore: latest?.unmanagedMore,
      quiet: latest?.quiet,
    }),
    pools: pools.toSorted((one, other) => one.pool.localeCompare(other.pool)),
    rollouts: rollouts.toSorted((one, other) => one.startedMs - other.startedMs),
  };
}

export async function scheduleOf({ schedule }: Client): Promise<Seen['schedule']> {
  try {
    const { state, spec, info } = await schedule.getHandle(FLEET_SCAN).describe();
    const lastMs = info.recentActions.at(-1)?.takenAt.getTime();
    const nextMs = info.nextActionTimes.at(0)?.getTime();
    const everyMs = spec.intervals?.at(0)?.every;
    const note = state.note || undefined;
    return { paused: state.paused, ...present({ note, everyMs, lastMs, nextMs }) };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

function policyOf({ worker = 'a worker', policy, atMs, refused = [], noPolicy }: Scan): PolicySeen {
  return { atMs, worker, refused, ...present({ hash: noPolicy ? undefined : policy }) };
}

/** So many are asked at a time; each answer is made by a worker. */
const AT_ONCE = 20;

async function ofEach<T>(
  client: Client,
  type: 'nodeRollout' | 'poolLock',
  look: (found: WorkflowExecutionInfo) => Promise<T | undefined>,
): Promise<T[]> {
  const found = await runningOf(client, type);
  const seen: T[] = [];
  const next = async (): Promise<void> => {
    for (let one = found.shift(); one !== undefined; one = found.shift()) {
      const looked = await look(one);
      if (looked !== undefined) seen.push(looked);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return seen;
}

const ANSWER_WITHIN_MS = 5_000;

/** The answer to the query `status`, or why there is none. */
async function ask<T>(run: WorkflowHandle, client: Client): Promise<T | string> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => run.query<T>('status'));
  } catch (error) {
    return `no worker has answered: ${messageOf(error)}`;
  }
}

const nameIn = (workflowId: string): string => workflowId.slice(workflowId.indexOf('/') + 1);

/** Every pool that has a lock. */
export const poolsOf = (client: Client): Promise<PoolSeen[]> =>
  ofEach(client, 'poolLock', (found) => poolOf(client, found));

/** What a workflow says of itself and what the server knows of it; one that the server has paused is not asked, for it answers nobody. */
async function lookAt<T>(
  client: Client,
  { workflowId, runId }: Pick<Found, 'workflowId' | 'runId'>,
) {
  const run = client.workflow.getHandle(workflowId, runId);
  const described = await run.describe();
  const pauses = pausesOf(described);
  const isPaused = pauses.some(({ activity }) => activity === undefined);
  const status = isPaused ? sayPauses(pauses) : await ask<T>(run, client);
  const paused: { pausedByServer?: readonly PausedByServer[] } =
    pauses.length > 0 ? { pausedByServer: pauses } : {};
  return { status, described, paused };
}

async function poolOf(client: Client, found: WorkflowExecutionInfo): Promise<PoolSeen> {
  const { status, paused } = await lookAt<LockStatus>(client, found);
  if (typeof status !== 'string') return { ...status, ...paused };
  return { pool: nameIn(found.workflowId), unknown: status, ...paused };
}

type Found = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'startTime'>;

/** One rollout that runs, with what the server knows of its activities. */
export async function rolloutOf(client: Client, found: Found): Promise<RolloutSeen> {
  const { status, described, paused } = await lookAt<RolloutStatus>(client, found);
  const startedMs = found.startTime.getTime();
  if (typeof status === 'string') {
    return { node: nameIn(found.workflowId), startedMs, because: status, ...paused };
  }
  const why = whyItWaits(status, pendingOf(described));
  const because = [sayPauses(paused.pausedByServer ?? []), why].filter(Boolean).join('; ');
  return { node: status.node, startedMs, status, because, ...paused, ...looksOf(described) };
}
