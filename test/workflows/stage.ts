import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../activities/index.ts';
import type { PermitQuestion } from '../../activities/lock.ts';
import type { PoolNews } from '../../activities/watch-pool.ts';
import { TASK_QUEUE, lockId, rolloutId } from '../../domain/names.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import type { Phase } from '../../domain/phases.ts';
import type { RolloutInput } from '../../domain/rollout-input.ts';
import type { LockStatus, RolloutStatus } from '../../domain/status.ts';
import type { Candidate } from '../../domain/turn.ts';
import type { nodeRollout } from '../../workflows/index.ts';

const run = promisify(execFile);

/** Real workflows on Temporal's time-skipping server; only what the activities see of the world is played. */

export const RECORD: RolloutRecord = {
  workflowId: rolloutId('n1'),
  runId: 'run',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};

/** An order that was written. */
export const ORDERED = {
  kind: 'ordered',
  order: { bootId: 'boot-1', rollout: 'node-rollout/n1/run', expiresAtMs: 0 },
  orderedAtMs: 1,
} as const;

/** There is room for whoever comes first; while nobody waits there is nothing new. */
export function nextTurn(first: Candidate | undefined): PoolNews {
  if (!first) throw nothingNew('nobody waits');
  const { workflowId, runId } = first;
  const turn = { kind: 'grant', workflowId, runId, countedAtMs: Date.now() } as const;
  return { ended: [], free: [], well: [], turn };
}

/** As the real look fails while nothing changes. */
const nothingNew = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, nextRetryDelay: '1h' });

/** Fails as the real activities do, for good. */
export const fails = (type: string, message: string) => async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable(message, type);
};

/** Answers the first call so, and every later one so. */
export const atFirst = <T>(first: T, later: T): (() => Promise<T>) => {
  let calls = 0;
  return async () => {
    calls += 1;
    return calls === 1 ? first : later;
  };
};

/** Works until it is cancelled, as a drain does that is blocked. */
export const untilCancelled = async (): Promise<never> => {
  for (;;) {
    heartbeat();
    cancellationSignal().throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** What a workflow failed with. */
export const failureOf = async (result: Promise<unknown>): Promise<Error | undefined> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowFailedError)) throw new Error(`did not fail: ${String(error)}`);
  return error.cause;
};

/** What the lock asks for itself, whenever it likes. */
const OF_THE_LOCK: ReadonlySet<string> = new Set(['findHolders', 'watchPool']);

/** An undisturbed world, in which `calls` tells who was asked what, in order. */
export class World {
  readonly calls: string[] = [];
  private readonly env: TestWorkflowEnvironment;
  private readonly acts: Activities;

  constructor(env: TestWorkflowEnvironment, changes: Partial<Activities>) {
    this.env = env;
    this.acts = this.recorded({ ...this.undisturbed(), ...changes });
  }

  /** What the rollouts have asked for, in order. */
  get steps(): string[] {
    return this.calls.filter((name) => !OF_THE_LOCK.has(name));
  }

  /** Runs `play` with a worker in this world, and ends what it leaves open. */
  async run<T>(play: (world: World) => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      connection: this.env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '' },
      activities: this.acts,
      maxHeartbeatThrottleInterval: '50ms',
    });
    try {
      // A worker that is left over would break every test after this one.
      return await worker.runUntil(() => inTime(play(this), () => this.whatHangs()));
    } finally {
      await this.end(lockId('workers'));
      await this.end(rolloutId('n1'));
    }
  }

  start(input: RolloutInput = { node: 'n1' }) {
    return this.env.client.workflow.start<typeof nodeRollout>('nodeRollout', {
      workflowId: rolloutId(input.node),
      taskQueue: TASK_QUEUE,
      args: [input],
    });
  }

  /** Asks the lock as the real activity does, for the rollout that runs the activity. */
  async ask({ pool, ...asked }: PermitQuestion): Promise<undefined> {
    const { workflowId, runId } = activityInfo().workflowExecution ?? { workflowId: '', runId: '' };
    await this.env.client.workflow.signalWithStart('poolLock', {
      workflowId: lockId(pool),
      taskQueue: TASK_QUEUE,
      args: [{ pool }],
      signal: 'requestPermit',
      signalArgs: [{ workflowId, runId, ...asked }],
    });
  }

  lockStatus(): Promise<LockStatus> {
    return this.lock().query<LockStatus>('status');
  }

  lock() {
    return this.env.client.workflow.getHandle(lockId('workers'));
  }

  get client() {
    return this.env.client;
  }

  /** Keeps the history of a workflow to be replayed, when that is asked for. */
  async record(name: string, workflowId: string): Promise<void> {
    const dir = process.env['LOCKKEEPER_RECORD'];
    if (dir === undefined) return;
    const { address } = this.env.connection.options;
    const which = ['--workflow-id', workflowId, '--address', address];
    const cli = process.env['LOCKKEEPER_TEMPORAL'] ?? '';
    const { stdout } = await run(cli, ['workflow', 'show', ...which, '--output', 'json'], {
      maxBuffer: 64 * 1024 * 1024,
    });
    // Stack traces say where this checkout is, which is nobody's business.
    await writeFile(join(dir, `${name}.json`), stdout.replaceAll(`${process.cwd()}/`, ''));
  }

  /** Takes the rollout of n1 back to the latest decision it took, or to one before; answers the run that goes on from there. */
  async reset(decision = -1): Promise<string> {
    const { client } = this;
    const rollout = client.workflow.getHandle(rolloutId('n1'));
    const { events } = await rollout.fetchHistory();
    const decided = (events ?? []).filter(
      ({ workflowTaskCompletedEventAttributes: task }) => task !== null && task !== undefined,
    );
    const { runId } = await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: rolloutId('n1'), runId: (await rollout.describe()).runId },
      workflowTaskFinishEventId: decided.at(decision)?.eventId ?? null,
      requestId: String(Date.now()),
      reason: 'a test',
    });
    return runId;
  }

  /** Whatever is open, with the end of its history. */
  private async whatHangs(): Promise<string> {
    const words: string[] = [];
    for await (const { workflowId } of this.env.client.workflow.list({
      query: 'ExecutionStatus = "Running"',
    })) {
      const workflow = this.env.client.workflow.getHandle(workflowId);
      const { events = [] } = await workflow.fetchHistory();
      const { raw } = await workflow.describe();
      words.push(
        workflowId,
        ...(events ?? []).slice(-12).map((event) => JSON.stringify(event)),
        `pending: ${JSON.stringify([raw.pendingActivities, raw.pendingWorkflowTask])}`,
      );
    }
    return words.join('\n');
  }

  async end(workflowId: string): Promise<void> {
    await this.env.client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined);
  }

  private undisturbed(): Activities {
    return {
      planRollout: async (input) => ({
        request: { node: (input as RolloutInput).node, skip: [], evenIfNotRequired: false },
        pool: 'workers',
        recovery: { at: 'start' },
        searchAttributes: false,
      }),
      passGates: async () => ({ kind: 'open' }),
      requestPermit: (asked) => this.ask(asked),
      findHolders: async () => ({ holders: [], troubles: [] }),
      watchPool: async ({ line: [first] }) => nextTurn(first),
      cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs: 1 }),
      drainNode: async () => ({
        evicted: 1,
        deleted: [],
        warnings: [],
        daemonSetsReady: ['kube/cni'],
      }),
      orderReboot: async () => ORDERED,
      awaitReturn: async () => ({ kind: 'returned', bootId: 'boot-2', stillRequired: false }),
      restoreNode: async () => ({ kind: 'restored' }),
      undoNode: async () => ({ kind: 'undone' }),
      remind: async () => undefined,
      markWaiting: async () => undefined,
      unmarkWaiting: async () => undefined,
      deliver: async () => undefined,
      scanFleet: async () => ({
        nodes: 0,
        started: [],
        unmanaged: [],
        healed: [],
        policy: '',
        atMs: 0,
      }),
    };
  }

  private recorded(acts: Activities): Activities {
    const entries = Object.entries(acts).map(([name, act]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        this.calls.push(name);
        return await (act as (...all: unknown[]) => Promise<unknown>)(...args);
      },
    ]);
    return Object.fromEntries(entries) as Activities;
  }
}

/** A server on which time is skipped; end it after the test file. */
export function openStage(): Promise<TestWorkflowEnvironment> {
  quiet();
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: from('TEST_SERVER') },
  });
}

/**
 * The real server, for what the time-skipping one gets wrong: it refuses a workflow task that cancels an activity which has
 * just completed (ACTIVITY_UNKNOWN), and the workflow then stands still.
 */
export function openRealStage(extraArgs: string[] = []): Promise<TestWorkflowEnvironment> {
  quiet();
  return TestWorkflowEnvironment.createLocal({
    server: { executable: from('TEMPORAL'), extraArgs },
  });
}

function from(name: string) {
  return { type: 'existing-path' as const, path: process.env[`LOCKKEEPER_${name}`] ?? '' };
}

function quiet(): void {
  Runtime.install({
    // A rollout that fails says so as an error, and here many fail on purpose.
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}

/** Fails what hangs before the test is given up from outside, and says where. */
async function inTime<T>(work: Promise<T>, where: () => Promise<string>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    void where().then((text) => reject(new Error(`it hangs:\n${text}`)), reject);
  }, 90_000);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Asked {
  query<T>(name: string): Promise<T>;
}

export const statusOf = (rollout: Asked): Promise<RolloutStatus> => rollout.query('status');

/** Waits until the rollout stands there. */
export const reached = (rollout: Asked, at: Phase): Promise<RolloutStatus> =>
  until(
    () => statusOf(rollout),
    ({ phase }) => phase.at === at,
  );

/** The words of the Web UI about a workflow that runs. */
export async function detailsOf(workflow: Asked): Promise<string> {
  const { currentDetails } = await workflow.query<{ currentDetails: string }>(
    '__temporal_workflow_metadata',
  );
  return currentDetails;
}

/** Asks until `holds`, at most a minute of real time; the last answer is in the error. */
export async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  let answer: T | undefined;
  for (let tries = 0; tries < 600; tries += 1) {
    answer = await ask();
    if (holds(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it never came to that; the last answer was ${JSON.stringify(answer)}`);
}
