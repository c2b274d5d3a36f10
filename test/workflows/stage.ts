import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from '@jest/globals';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { PoolAnswer, PoolQuestion } from '../../activities/admit-next.ts';
import { awaitTurn, leaveQueue } from '../../activities/await-turn.ts';
import type { CordonQuestion, Cordoned } from '../../activities/cordon.ts';
import type { Deps } from '../../activities/deps.ts';
import type { Activities } from '../../activities/index.ts';
import { thisRun } from '../../activities/ownership.ts';
import type { Plan } from '../../activities/plan.ts';
import type { Restored, RestoreRequest, Undone, UndoRequest } from '../../activities/restore.ts';
import { temporalPort, type TemporalPort } from '../../activities/temporal.ts';
import { Stage } from '../../activities/testing/stage.ts';
import { TASK_QUEUE, lockId, rolloutId } from '../../domain/names.ts';
import type { QueuePlace } from '../../domain/lock-state.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import type { PhaseName } from '../../domain/phases.ts';
import type { RolloutInput } from '../../domain/rollout-input.ts';
import type { LockStatus, Phase, RolloutStatus } from '../../domain/status.ts';
import type { nodeRollout } from '../../workflows/index.ts';
import { answerTo, statusIn, type Asked } from '../answer-to.ts';

const run = promisify(execFile);

/** Real workflows on a real Temporal; only what the activities see of the cluster is played, and so is who is admitted next. */

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

export const RETURNED = { kind: 'returned', bootId: 'boot-2', stillRequired: false } as const;
export const DRAINED = { evicted: 1, deleted: [], warnings: [], daemonSetsReady: ['kube/cni'] };

/** The plan of a rollout that starts from the beginning, with changes. */
export const planned =
  (changes: Partial<Plan> = {}, request: Partial<Plan['request']> = {}) =>
  async (input: unknown): Promise<Plan> => ({
    request: { ...(input as RolloutInput), skip: [], evenIfNotRequired: false, ...request },
    pool: 'workers',
    recovery: { at: 'start' },
    searchAttributes: false,
    ...changes,
  });

/** As a real look fails while nothing changes. */
export const stillWaits = (message: string, again: '100ms' | '1h'): ApplicationFailure =>
  ApplicationFailure.create({ message, nextRetryDelay: again });

/** Fails as the real activities do, for good. */
export const fails = (type: string, message: string) => async (): Promise<never> => {
  const failure = ApplicationFailure.nonRetryable(message, type);
  // As activities/failure.ts makes it.
  failure.stack = '';
  throw failure;
};

/** Answers the first call so, and every later one so. */
export const atFirst = <const A, const B>(first: A, later: B): (() => Promise<A | B>) => {
  let calls = 0;
  return async () => {
    calls += 1;
    return calls === 1 ? first : later;
  };
};

/** Works until it is over, as an activity does that waits for something; ends at once when it is cancelled. */
export const worksUntil = async (isOver: () => boolean): Promise<void> => {
  while (!isOver()) {
    heartbeat();
    cancellationSignal().throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const untilCancelled = async (): Promise<never> => {
  await worksUntil(() => false);
  throw new Error('it never ends otherwise');
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
const OF_THE_LOCK: ReadonlySet<string> = new Set(['admitNext', 'excuseTroubles']);

/** An undisturbed world, in which `calls` tells who was asked what, in order. */
export class World {
  readonly calls: string[] = [];
  /** What is done where a test changes nothing. */
  readonly undisturbed: Activities;
  /** Whether the lock hears what has become of its permits. */
  tellsLock = true;
  readonly #env: TestWorkflowEnvironment;
  readonly #deps: Deps;
  readonly #acts: Activities;
  readonly #started = new Set([lockId('workers'), lockId('masters')]);

  constructor(env: TestWorkflowEnvironment, changes: Partial<Activities> = {}) {
    this.#env = env;
    const { deps } = new Stage();
    this.#deps = { ...deps, temporal: temporalPort(env.client), pollAgainMs: 100 };
    this.undisturbed = this.#play();
    this.#acts = this.#recorded({ ...this.undisturbed, ...changes });
  }

  /** What the rollouts have asked for, in order; that the wait for a turn goes on after news of it does not count. */
  get steps(): string[] {
    const steps = this.calls.filter((name) => !OF_THE_LOCK.has(name));
    return steps.filter((name, index) => name !== 'awaitTurn' || steps[index - 1] !== name);
  }

  times(name: keyof Activities): number {
    return this.steps.filter((step) => step === name).length;
  }

  /** Waits until a rollout has come to this step. */
  async asked(name: keyof Activities): Promise<void> {
    await until(
      async () => this.steps,
      (steps) => steps.includes(name),
    );
  }

  /** Runs `play` with a worker in this world, and ends what it leaves open. */
  async run<T>(play: (world: World) => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      connection: this.#env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '' },
      activities: this.#acts,
      maxHeartbeatThrottleInterval: '50ms',
    });
    try {
      // A worker that is left over would break every test after this one.
      return await worker.runUntil(() => inTime(play(this), () => this.#whatHangs()));
    } finally {
      for (const workflowId of this.#started) await this.end(workflowId);
    }
  }

  start(input: RolloutInput = { node: 'n1' }) {
    this.#started.add(rolloutId(input.node));
    return this.client.workflow.start<typeof nodeRollout>('nodeRollout', {
      workflowId: rolloutId(input.node),
      taskQueue: TASK_QUEUE,
      args: [input],
    });
  }

  /** Runs the rollout of n1 to its end; a failure is an end too. */
  async rolled(): Promise<Awaited<ReturnType<World['start']>>> {
    const rollout = await this.start();
    await rollout.result().catch(() => undefined);
    return rollout;
  }

  lock(pool = 'workers') {
    return this.client.workflow.getHandle(lockId(pool));
  }

  lockStatus(pool = 'workers'): Promise<LockStatus> {
    return statusIn<LockStatus>(this.lock(pool));
  }

  /** Waits until the lock knows of no permit that is not used. */
  lockAtRest(pool?: string): Promise<LockStatus> {
    return until(
      () => this.lockStatus(pool),
      ({ permits, queue }) => permits.length + queue.length === 0,
    );
  }

  get temporal(): TemporalPort {
    return this.#deps.temporal;
  }

  get client() {
    return this.#env.client;
  }

  /** Keeps the history of a workflow to be replayed, when that is asked for. */
  async record(name: string, { workflowId }: { readonly workflowId: string }): Promise<void> {
    const dir = process.env['LOCKKEEPER_RECORD'];
    if (dir === undefined) return;
    const { address } = this.#env.connection.options;
    const which = ['--workflow-id', workflowId, '--address', address];
    const cli = process.env['LOCKKEEPER_TEMPORAL'] ?? '';
    const { stdout } = await run(cli, ['workflow', 'show', ...which, '--output', 'json'], {
      maxBuffer: 64 * 1024 * 1024,
    });
    // Stack traces say where this checkout is, which is nobody's business.
    await writeFile(join(dir, `${name}.json`), stdout.replaceAll(`${process.cwd()}/`, ''));
  }

  /** Takes a workflow back to its latest decision to do this; answers the run that goes on from there. */
  async reset(workflowId: string, decision: keyof Activities) {
    const { client } = this;
    const workflow = client.workflow.getHandle(workflowId);
    const { events } = await workflow.fetchHistory();
    const scheduled = (events ?? [])
      .map(({ activityTaskScheduledEventAttributes: activity }) => activity)
      .findLast((activity) => activity?.activityType?.name === decision);
    const { runId } = await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId: (await workflow.describe()).runId },
      workflowTaskFinishEventId: scheduled?.workflowTaskCompletedEventId ?? null,
      requestId: String(Date.now()),
      reason: 'a test',
    });
    return client.workflow.getHandle<typeof nodeRollout>(workflowId, runId);
  }

  /** Whatever is open, with the end of its history. */
  async #whatHangs(): Promise<string> {
    const words: string[] = [];
    for await (const { workflowId } of this.client.workflow.list({
      query: 'ExecutionStatus = "Running"',
    })) {
      const workflow = this.client.workflow.getHandle(workflowId);
      const { events = [] } = await workflow.fetchHistory();
      const { raw } = await workflow.describe();
      words.push(
        workflowId,
        ...(events ?? []).slice(-5).map((event) => JSON.stringify(event)),
        `pending: ${JSON.stringify([raw.pendingActivities, raw.pendingWorkflowTask])}`,
      );
    }
    return words.join('\n');
  }

  async end(workflowId: string): Promise<void> {
    await this.client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined);
  }

  #play(): Activities {
    return {
      planRollout: planned(),
      passGates: async () => ({ kind: 'open' }),
      awaitTurn: (asked) => awaitTurn(this.#deps, asked),
      leaveQueue: (asked) => leaveQueue(this.#deps, asked),
      admitNext: (asked) => this.#admitFirst(asked),
      excuseTroubles: async () => undefined,
      cordonNode: async () => ({ kind: 'cordoned', record: RECORD, atMs: 1 }),
      drainNode: async () => DRAINED,
      orderReboot: async () => ORDERED,
      awaitReturn: async () => RETURNED,
      restoreNode: async () => ({ kind: 'restored' }),
      undoNode: async () => ({ kind: 'undone' }),
      remind: async () => undefined,
      deliver: async () => undefined,
      scanFleet: async () => ({ nodes: 0, started: [], unmanaged: [], policy: '', atMs: 0 }),
    };
  }

  /** There is room for whoever comes first; while nobody waits there is nothing new. */
  async #admitFirst({ candidates: [first] }: PoolQuestion): Promise<PoolAnswer> {
    if (!first) throw stillWaits('nobody waits', '1h');
    return { ...NOTHING_NEW, admission: await this.admission(first.workflowId) };
  }

  /** The answer of a count that has found room for this rollout. */
  async admission(workflowId: string): Promise<NonNullable<PoolAnswer['admission']>> {
    const runId = await this.temporal.openRun(workflowId);
    if (runId === undefined) return { kind: 'gone', workflowId };
    return { kind: 'grant', workflowId, runId, countedAtMs: Date.now() };
  }

  #recorded(acts: Activities): Activities {
    const entries = Object.entries(acts).map(([name, act]) => [
      name,
      async (asked: never): Promise<unknown> => {
        // What is tried again is no other step.
        if (activityInfo().attempt === 1) this.calls.push(name);
        const answer = await (act as (asked: unknown) => Promise<unknown>)(asked);
        if (this.tellsLock)
          await this.#signalLock(name as keyof Activities, asked, answer as never);
        return answer;
      },
    ]);
    return Object.fromEntries(entries) as Activities;
  }

  /** As the real activities do. */
  async #signalLock(
    name: keyof Activities,
    asked: CordonQuestion & UndoRequest & RestoreRequest,
    answer: Cordoned | Undone | Restored | undefined,
  ): Promise<void> {
    const { temporal } = this;
    const { pool, node, grantId, tookMs } = asked;
    const kind = answer?.kind;
    if (name === 'cordonNode') {
      const word = kind === 'cordoned' ? 'permitUsed' : 'permitPassed';
      await temporal.signalLock(pool, word, { workflowId: thisRun().workflowId, grantId });
    }
    if (
      (name === 'undoNode' && kind !== 'too-late') ||
      (name === 'restoreNode' && kind !== 'not-back')
    ) {
      await temporal.signalLock(pool, 'rolloutEnded', {
        node,
        ...(tookMs !== undefined && { tookMs }),
      });
    }
  }
}

/** What a count answers that finds nothing to say of the permits. */
export const NOTHING_NEW = { used: [], ended: [], lapsed: [] } as const;

/** The servers of one test file, as `open` starts one: for all of its tests. */
export function aStage(open: () => Promise<TestWorkflowEnvironment>): {
  readonly env: TestWorkflowEnvironment;
} {
  let env: TestWorkflowEnvironment | undefined;
  beforeAll(async () => {
    env = await open();
  });
  afterAll(async () => {
    await env?.teardown();
  });
  return {
    get env() {
      if (!env) throw new Error('the server is not up yet');
      return env;
    },
  };
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

export const statusOf = (rollout: Asked): Promise<RolloutStatus> => statusIn(rollout);

/** Waits until the rollout stands there. */
export async function reached<At extends PhaseName>(
  rollout: Asked,
  at: At,
): Promise<RolloutStatus & { readonly phase: Phase & { readonly at: At } }> {
  const status = await until(
    () => statusOf(rollout),
    ({ phase }) => phase.at === at,
  );
  return status as never;
}

/** Waits until the rollout knows its place in the queue. */
export async function queued(
  rollout: Asked,
  holds: (place: QueuePlace) => boolean = () => true,
): Promise<QueuePlace> {
  const place = async (): Promise<QueuePlace | undefined> => {
    const { phase } = await statusOf(rollout);
    return phase.at === 'queued' ? phase.place : undefined;
  };
  return (await until(place, (known) => known !== undefined && holds(known))) as QueuePlace;
}

/** The words of the Web UI about a workflow that runs. */
export async function detailsOf(workflow: Asked): Promise<string> {
  const { currentDetails } = await answerTo(() =>
    workflow.query<{ currentDetails: string }>('__temporal_workflow_metadata'),
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
