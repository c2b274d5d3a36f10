import { ScheduleNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import type { Scan } from '../../activities/scan.ts';
import { messageOf } from '../../domain/message-of.ts';
import { FLEET_SCAN } from '../../domain/names.ts';
import { present } from '../../domain/present.ts';
import type { LockStatus, RolloutStatus } from '../../domain/status.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';
import { latestScans } from '../temporal-view.ts';
import { looksOf, pendingOf } from './pending.ts';
import type { PolicySeen, PoolSeen, RolloutSeen, Seen } from './seen.ts';

/** Looks at everything there is in Temporal; changes nothing. */
export async function gather(client: Client, nowMs: () => number): Promise<Seen> {
  const [schedule, scans, pools, rollouts] = await Promise.all([
    scheduleOf(client),
    latestScans(client),
    ofEach(client, 'poolLock', (found) => poolOf(client, found)),
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

async function scheduleOf({ schedule }: Client): Promise<Seen['schedule']> {
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
  { workflow }: Client,
  type: string,
  look: (found: WorkflowExecutionInfo) => Promise<T | undefined>,
): Promise<T[]> {
  const query = `WorkflowType = "${type}" AND ExecutionStatus = "Running"`;
  const found: WorkflowExecutionInfo[] = [];
  for await (const one of workflow.list({ query })) found.push(one);
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
async function ask<T>(
  client: Client,
  { workflowId, runId }: Pick<Found, 'workflowId' | 'runId'>,
): Promise<T | string> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId, runId).query<T>('status'),
    );
  } catch (error) {
    return `no worker has answered: ${messageOf(error)}`;
  }
}

const nameIn = (workflowId: string): string => workflowId.slice(workflowId.indexOf('/') + 1);

async function poolOf(client: Client, found: WorkflowExecutionInfo): Promise<PoolSeen> {
  const status = await ask<LockStatus>(client, found);
  if (typeof status !== 'string') return status;
  return { pool: nameIn(found.workflowId), unknown: status };
}

type Found = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'startTime'>;

/** One rollout that runs, with what the server knows of its activities. */
export async function rolloutOf(client: Client, found: Found): Promise<RolloutSeen> {
  const status = await ask<RolloutStatus>(client, found);
  const startedMs = found.startTime.getTime();
  if (typeof status === 'string') {
    return { node: nameIn(found.workflowId), startedMs, because: status };
  }
  const { workflowId, runId } = found;
  const described = await client.workflow.getHandle(workflowId, runId).describe();
  const because = whyItWaits(status, pendingOf(described));
  return { node: status.node, startedMs, status, because, ...looksOf(described) };
}
