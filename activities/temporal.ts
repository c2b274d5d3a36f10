import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import type { DrainProgress } from '../domain/drain-progress.ts';
import type { PermitRequest } from '../domain/lock-state.ts';
import { lockId, rolloutId, TASK_QUEUE } from '../domain/names.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { LockStatus } from '../domain/status.ts';

/** What the activities ask of Temporal itself. */
export interface TemporalPort {
  /** Whether the workflow is open; with a run id, whether that very run is. */
  isRunning(workflowId: string, runId?: string): Promise<boolean>;
  /** The run of the workflow that is open. */
  openRun(workflowId: string): Promise<string | undefined>;
  /** Ids of all rollouts that are open; may lag behind by a moment. */
  runningRollouts(): Promise<Set<string>>;
  /** Ids of rollouts that failed, were cancelled or were aborted at or after this. */
  endedEarlySince(atMs: number): Promise<Set<string>>;
  /** Answers false when one of this node is running already. */
  startRollout(input: RolloutInput): Promise<boolean>;
  /** Starts the pool's lock if need be; a repeated request changes nothing. */
  requestPermit(pool: string, request: PermitRequest): Promise<void>;
  /** Whether the lock that runs now counts this permit among those it has granted. */
  holdsPermit(pool: string, permit: { workflowId: string; grantId: string }): Promise<boolean>;
  /** The nodes whose rollouts have a permit of the pool. */
  holdersOf(pool: string): Promise<readonly string[]>;
  /** What the latest rollouts of the pool took that went well, as its lock remembers; as it was up to a minute ago. */
  lengthsOf(pool: string): Promise<readonly number[]>;
  /** When the latest lock of the pool was ended from outside, if that was within the last hour. */
  formerLockEndedAt(pool: string): Promise<number | undefined>;
  /** Nodes on which workers run, as far as they say so in their identity. */
  workerNodes(): Promise<ReadonlySet<string>>;
  /** Makes these workflows look again; one that has ended is passed over. */
  recheck(workflowIds: readonly string[]): Promise<void>;
  /** Tells a rollout how its drain stands. */
  tellDrain(run: { workflowId: string; runId: string }, progress: DrainProgress): Promise<void>;
}

/** A lock that was ended longer ago has left nothing behind. */
const FORMER_LOCK_MS = 60 * 60_000;
/** Many rollouts ask at once where the workers run. */
const WORKERS_KNOWN_MS = 10_000;
/** Many rollouts wait for the same window. */
const LENGTHS_KNOWN_MS = 60_000;

/** Names the node in the identity under which a worker polls, so that others know where it runs. */
export function workerIdentity(host: string, pid: number, node: string | undefined): string {
  return `lockkeeper@${host}/${pid}${node === undefined ? '' : ` on ${node}`}`;
}

const nodeInIdentity = (identity: string): string[] => {
  const node = / on (\S+)$/.exec(identity)?.[1];
  return node === undefined ? [] : [node];
};

/** The TemporalPort of a real server; without the search attributes an aborted rollout looks like one that is done. */
export function temporalPort(client: Client, searchAttributes: boolean): TemporalPort {
  return {
    ...rolloutsOf(client.workflow, searchAttributes),
    ...locksOf(client.workflow),
    lengthsOf: lengthsOf(client.workflow),
    workerNodes: workersOf(client),
  };
}

type LockPort = Pick<
  TemporalPort,
  'requestPermit' | 'holdsPermit' | 'holdersOf' | 'formerLockEndedAt'
>;

function rolloutsOf(
  workflow: Client['workflow'],
  searchAttributes: boolean,
): Omit<TemporalPort, keyof LockPort | 'workerNodes' | 'lengthsOf'> {
  return {
    isRunning: async (workflowId, runId) =>
      (await openRun(workflow, workflowId, runId)) !== undefined,

    openRun: (workflowId) => openRun(workflow, workflowId),

    runningRollouts: () => idsOf(workflow, 'ExecutionStatus = "Running"'),

    endedEarlySince(atMs) {
      const ends = ['ExecutionStatus = "Failed"', 'ExecutionStatus = "Canceled"'];
      if (searchAttributes) ends.push('LockkeeperPhase = "aborted"');
      const since = new Date(atMs).toISOString();
      return idsOf(workflow, `(${ends.join(' OR ')}) AND CloseTime >= "${since}"`);
    },

    async startRollout(input) {
      try {
        await workflow.start('nodeRollout', {
          workflowId: rolloutId(input.node),
          taskQueue: TASK_QUEUE,
          args: [input],
          staticSummary: `roll ${input.node}${input.reason ? `: ${input.reason}` : ''}`.slice(
            0,
            200,
          ),
        });
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },

    async recheck(workflowIds) {
      for (const workflowId of workflowIds) {
        await workflow.getHandle(workflowId).signal('recheck').catch(ended);
      }
    },

    async tellDrain({ workflowId, runId }, progress) {
      await workflow.getHandle(workflowId, runId).signal('drainProgress', progress).catch(ended);
    },
  };
}

function locksOf(workflow: Client['workflow']): LockPort {
  return {
    async requestPermit(pool, request) {
      await workflow.signalWithStart('poolLock', {
        workflowId: lockId(pool),
        taskQueue: TASK_QUEUE,
        args: [{ pool }],
        signal: 'requestPermit',
        signalArgs: [request],
        staticSummary: `the lock of pool ${pool}`,
      });
    },

    async holdsPermit(pool, { workflowId, grantId }) {
      if ((await openRun(workflow, lockId(pool))) === undefined) return false;
      return await workflow
        .getHandle(lockId(pool))
        .query<boolean, [string, string]>('holds', workflowId, grantId);
    },

    async holdersOf(pool) {
      const { holders } = await workflow.getHandle(lockId(pool)).query<LockStatus>('status');
      return holders.map(({ node }) => node);
    },

    async formerLockEndedAt(pool) {
      const since = new Date(Date.now() - FORMER_LOCK_MS).toISOString();
      const closed = 'ExecutionStatus != "Running" AND ExecutionStatus != "ContinuedAsNew"';
      const query = `WorkflowId = "${lockId(pool)}" AND ${closed} AND CloseTime >= "${since}"`;
      let latestMs: number | undefined;
      for await (const { closeTime } of workflow.list({ query })) {
        latestMs = Math.max(latestMs ?? 0, closeTime?.getTime() ?? 0);
      }
      return latestMs;
    },
  };
}

function lengthsOf(workflow: Client['workflow']): TemporalPort['lengthsOf'] {
  const known = new Map<string, { atMs: number; lengths: Promise<readonly number[]> }>();
  return async (pool) => {
    const before = known.get(pool);
    if (before && Date.now() - before.atMs < LENGTHS_KNOWN_MS) return await before.lengths;
    const lengths = askForLengths(workflow, pool);
    known.set(pool, { atMs: Date.now(), lengths });
    try {
      return await lengths;
    } catch (error) {
      known.delete(pool);
      throw error;
    }
  };
}

/** A pool that has never had a lock has no past. */
async function askForLengths(
  workflow: Client['workflow'],
  pool: string,
): Promise<readonly number[]> {
  try {
    const { lengths } = await workflow.getHandle(lockId(pool)).query<LockStatus>('status');
    return lengths ?? [];
  } catch (error) {
    ended(error);
    return [];
  }
}

function workersOf(client: Client): TemporalPort['workerNodes'] {
  let known: { nodes: ReadonlySet<string>; atMs: number } | undefined;
  return async () => {
    if (known && Date.now() - known.atMs < WORKERS_KNOWN_MS) return known.nodes;
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: TASK_QUEUE },
    });
    const nodes = new Set(
      (pollers ?? []).flatMap((poller) => nodeInIdentity(poller.identity ?? '')),
    );
    known = { nodes, atMs: Date.now() };
    return nodes;
  };
}

async function openRun(
  workflow: Client['workflow'],
  workflowId: string,
  runId?: string,
): Promise<string | undefined> {
  try {
    const found = await workflow.getHandle(workflowId, runId).describe();
    const { name } = found.status;
    return name === 'RUNNING' || name === 'PAUSED' ? found.runId : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function ended(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

async function idsOf(workflow: Client['workflow'], filter: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = `WorkflowType = "nodeRollout" AND ${filter}`;
  for await (const { workflowId } of workflow.list({ query })) ids.add(workflowId);
  return ids;
}
