import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { PoolAnswer, PoolQuestion } from '../../activities/admit-next.ts';
import { awaitTurn, leaveQueue } from '../../activities/await-turn.ts';
import type { CordonQuestion, Cordoned } from '../../activities/cordon.ts';
import type { Deps } from '../../activities/deps.ts';
import type { Activities } from '../../activities/index.ts';
import { thisRun } from '../../activities/ownership.ts';
import type { Restored, RestoreRequest, Undone, UndoRequest } from '../../activities/restore.ts';
import { temporalPort, type TemporalPort } from '../../activities/temporal.ts';
import { Stage } from '../../activities/testing/stage.ts';
import { TASK_QUEUE, lockId, rolloutId } from '../../domain/names.ts';
import type { RolloutInput } from '../../domain/rollout-input.ts';
import type { LockStatus } from '../../domain/status.ts';
import type { nodeRollout } from '../../workflows/index.ts';
import { statusIn, until } from '../ask.ts';
import { DRAINED, NOTHING_NEW, ORDERED, planned, RECORD, RETURNED, stillWaits } from './played.ts';

const run = promisify(execFile);

/** What the lock asks for itself, whenever it likes. */
const OF_THE_LOCK: ReadonlySet<string> = new Set(['admitNext', 'excuseTroubles', 'tellPool']);

/**
 * An undisturbed world for real workflows on a real Temporal: only what the activities see of the cluster is played, and so is
 * who is admitted next. `calls` tells who was asked what, in order.
 */
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
      excuseTroubles: async () => [],
      tellPool: async () => 0,
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
