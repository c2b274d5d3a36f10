import {
  QueryRejectedError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { log } from '@temporalio/activity';
import type { AnswerOfTurn, PermitAnswer, PermitRequest } from '../domain/lock-state.ts';
import { lockId, rolloutId, TASK_QUEUE } from '../domain/names.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { SignalName, Signals } from '../domain/signals.ts';
import { introduceLock, introduceRollout } from '../domain/user-metadata.ts';
import type { LockStatus, RolloutStatus } from '../domain/status.ts';
import { notYet } from './failure.ts';
import { endedEarly, formerLockEndedAt, recordOf, type EarlyEnd } from './former-runs.ts';
import type { Run } from './ownership.ts';
import { SharedAnswers } from './shared-answers.ts';

/** What the activities ask of Temporal itself. */
export interface TemporalPort {
  /** Whether the workflow is open; with a run id, whether that very run is. */
  isRunning(workflowId: string, runId?: string): Promise<boolean>;
  /** The run of the workflow that is open. */
  openRun(workflowId: string): Promise<string | undefined>;
  /** Ids of all rollouts that are open; may lag behind by a moment. */
  runningRollouts(): Promise<Set<string>>;
  /**
   * How the newest run of a rollout but this one ended, if that was early (it failed, was cancelled or aborted) and since then;
   * one that a wrong input ended is none.
   */
  endedEarly(run: Run, sinceMs: number): Promise<EarlyEnd | undefined>;
  /** Answers false when one of this node is running already. */
  startRollout(input: RolloutInput): Promise<boolean>;
  /** Starts the pool's lock if need be; a repeated request changes nothing. */
  requestPermit(pool: string, request: PermitRequest): Promise<void>;
  /** The rollout's permit or place, as the lock that runs now knows it; undefined: it knows neither. */
  turnOf(pool: string, workflowId: string): Promise<AnswerOfTurn | undefined>;
  /** What the lock that runs now knows of this permit; undefined: it does not count on it. */
  permitOf(
    pool: string,
    permit: { readonly workflowId: string; readonly grantId: string },
  ): Promise<PermitAnswer | undefined>;
  /**
   * What a run of a rollout knows to have written on its node, however it ended: null when it had it no more, undefined when
   * nobody knows the run, or it does not answer.
   */
  recordOf(run: Run): Promise<RolloutRecord | null | undefined>;
  /** Whether an open run of the rollout has this permit and has not used it, or is just about to hear of it. */
  countsOnPermit(workflowId: string, grantId: string): Promise<boolean>;
  /** Tells the lock of the pool; never rejects, for the lock finds out by itself. */
  signalLock<N extends LockSignal>(pool: string, name: N, what: Signals[N]): Promise<void>;
  /**
   * What the lock of the pool says of itself, or has said at most `maxAgeMs` ago to anybody else; undefined where none runs, or it
   * cannot be asked. Never rejects.
   */
  lockStatus(pool: string, maxAgeMs: number): Promise<LockStatus | undefined>;
  /**
   * When the latest run of the pool's lock before this one was ended or reset from outside, if that was within the last hour;
   * the present where one still seems to run. Of what there was before the namespace was made nobody knows: it has ended then.
   */
  formerLockEndedAt(pool: string, runId: string): Promise<number | undefined>;
  /** Nodes on which workers run, as far as they say so in their identity. */
  workerNodes(): Promise<ReadonlySet<string>>;
  /** Makes these workflows look again; one that has ended is passed over. */
  recheck(workflowIds: readonly string[]): Promise<void>;
  /** Tells a run of a rollout; one that has ended is passed over. */
  signalRollout<N extends RolloutSignal>(run: Run, name: N, what: Signals[N]): Promise<void>;
}

/** What activities tell the rollout that they work for. */
type RolloutSignal = 'drainProgress' | 'rebootAccepted';

/** What activities tell a lock. */
type LockSignal = 'permitUsed' | 'permitPassed' | 'rolloutEnded';

/** Many rollouts ask at once where the workers run. */
const WORKERS_KNOWN_MS = 10_000;

/** A query that comes just as its workflow goes on may never be answered, such as when a lock continues as new: it is asked again. */
const ANSWERED_WITHIN_MS = 10_000;
/** Who asks for it has gates to evaluate, which are answered within half a minute, also when it is asked for twice. */
const STATUS_WITHIN_MS = 5_000;

/** Names the node in the identity under which a worker polls, so that others know where it runs. */
export function workerIdentity(host: string, pid: number, node: string | undefined): string {
  return `lockkeeper@${host}/${pid}${node === undefined ? '' : ` on ${node}`}`;
}

const nodeInIdentity = (identity: string): string[] => {
  const node = / on (\S+)$/.exec(identity)?.[1];
  return node === undefined ? [] : [node];
};

/** The TemporalPort of a real server. */
export function temporalPort(client: Client): TemporalPort {
  return {
    ...rolloutsOf(client.workflow),
    ...locksOf(client),
    workerNodes: workersOf(client),
  };
}

type LockPort = Pick<
  TemporalPort,
  'requestPermit' | 'turnOf' | 'permitOf' | 'signalLock' | 'lockStatus' | 'formerLockEndedAt'
>;

function rolloutsOf(
  workflow: Client['workflow'],
): Omit<TemporalPort, keyof LockPort | 'workerNodes'> {
  return {
    isRunning: async (workflowId, runId) =>
      (await openRun(workflow, workflowId, runId)) !== undefined,

    openRun: (workflowId) => openRun(workflow, workflowId),

    // One that the server has paused is not `Running`.
    runningRollouts: () => idsOf(workflow, 'CloseTime is null'),

    endedEarly: (run, sinceMs) => endedEarly(workflow, run, sinceMs),

    async startRollout(input) {
      try {
        await workflow.start('nodeRollout', {
          workflowId: rolloutId(input.node),
          taskQueue: TASK_QUEUE,
          args: [input],
          ...introduceRollout(input),
        });
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },

    async countsOnPermit(workflowId, grantId) {
      const runId = await openRun(workflow, workflowId);
      if (runId === undefined) return false;
      const rollout = workflow.getHandle(workflowId, runId);
      const asking = (): Promise<RolloutStatus> => rollout.query<RolloutStatus>('status');
      const status = await workflow
        .withDeadline(Date.now() + ANSWERED_WITHIN_MS, asking)
        .catch(unlessPaused);
      // A paused one goes on with what it has as soon as it is unpaused.
      return status === undefined || status.permit === grantId || status.phase.at === 'queued';
    },

    recordOf: (run) => recordOf(workflow, run),

    async recheck(workflowIds) {
      for (const workflowId of workflowIds) {
        await send(workflow, { workflowId }, 'recheck').catch(ended);
      }
    },

    async signalRollout(run, name, what) {
      // Who tells it cannot be kept waiting by a Temporal that is away.
      const told = () => send(workflow, run, name, what);
      await workflow.withDeadline(Date.now() + ANSWERED_WITHIN_MS, told).catch(ended);
    },
  };
}

function locksOf(client: Client): LockPort {
  const { workflow } = client;
  /** A closed workflow answers queries too, by what it knew. */
  const ask = async <T>(pool: string, query: string, ...args: string[]): Promise<T | undefined> => {
    const runId = await openRun(workflow, lockId(pool));
    if (runId === undefined) return undefined;
    const lock = workflow.getHandle(lockId(pool));
    const asking = (): Promise<T | null> => lock.query<T | null, string[]>(query, ...args);
    const answer = await workflow
      .withDeadline(Date.now() + ANSWERED_WITHIN_MS, asking)
      .catch(unlessPaused);
    if (answer !== undefined) return answer ?? undefined;
    throw notYet('no-room', `the lock of pool ${pool} is paused in Temporal itself`, undefined);
  };
  const statuses = new SharedAnswers<LockStatus | undefined>();
  return {
    async requestPermit(pool, request) {
      await workflow.signalWithStart('poolLock', {
        workflowId: lockId(pool),
        taskQueue: TASK_QUEUE,
        args: [{ pool }],
        signal: 'requestPermit' satisfies SignalName,
        signalArgs: [request],
        ...introduceLock(pool),
      });
    },

    turnOf: (pool, workflowId) => ask<AnswerOfTurn>(pool, 'turn', workflowId),

    permitOf: (pool, { workflowId, grantId }) =>
      ask<PermitAnswer>(pool, 'permit', workflowId, grantId),

    async signalLock(pool, name, what) {
      await send(workflow, { workflowId: lockId(pool) }, name, what).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return;
        log.warn('lock not told', { pool, signal: name, because: String(error) });
      });
    },

    lockStatus: (pool, maxAgeMs) => statuses.at(pool, maxAgeMs, () => statusOf(workflow, pool)),

    formerLockEndedAt: (pool, runId) =>
      formerLockEndedAt(client, { workflowId: lockId(pool), runId }),
  };
}

/** Sends a signal by the name and with the payload that are agreed on. */
async function send<N extends SignalName>(
  workflow: Client['workflow'],
  to: { readonly workflowId: string; readonly runId?: string },
  name: N,
  what?: Signals[N],
): Promise<void> {
  const args = what === undefined ? [] : [what];
  await workflow.getHandle(to.workflowId, to.runId).signal<Signals[N][]>(name, ...args);
}

/** One that just continues as new may not answer, so it is asked twice. A closed one would answer too, by what it knew. */
async function statusOf(
  workflow: Client['workflow'],
  pool: string,
): Promise<LockStatus | undefined> {
  const ask = async (): Promise<LockStatus | undefined> => {
    if ((await openRun(workflow, lockId(pool))) === undefined) return undefined;
    return await workflow.getHandle(lockId(pool)).query<LockStatus>('status');
  };
  const askInTime = () => workflow.withDeadline(Date.now() + STATUS_WITHIN_MS, ask);
  try {
    return await askInTime().catch(askInTime);
  } catch (error) {
    log.warn('lock not asked', { pool, because: String(error) });
    return undefined;
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

function ended(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** A workflow that the server itself has paused answers no query. */
function unlessPaused(error: unknown): undefined {
  if (!(error instanceof QueryRejectedError)) throw error;
}

async function idsOf(workflow: Client['workflow'], filter: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = `WorkflowType = "nodeRollout" AND ${filter}`;
  for await (const { workflowId } of workflow.list({ query })) ids.add(workflowId);
  return ids;
}
