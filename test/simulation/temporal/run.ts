import type { Payload, ProtoFailure } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { Alarm } from '../time/clock.ts';
import { Activity } from './activity.ts';
import { askedBy, delivered, fired, inOrder, NOBODY_THERE, OpenCommands } from './commands.ts';
import { Instance, type Command, type Job, type Moment } from './instance.ts';
import type { Server } from './server.ts';

export type Status =
  'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'continued-as-new';

/** What one activation brought, for replaying it. */
interface Activation {
  readonly jobs: readonly Job[];
  readonly moment: Moment;
  /** It belongs to the one before: the SDK's core answers some commands by itself. */
  readonly followsUp?: true;
}

export interface RunInput {
  readonly type: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly firstRunId: string;
  /** The run that was reset, or this one. */
  readonly originRunId: string;
  readonly args: readonly Payload[];
  readonly lastResult?: Payload;
}

/** A workflow task waits no longer than this for a local activity before it takes in what has arrived. */
const TASK_HELD_MS = 8_000;

/** One run of a workflow, with everything the server keeps of it. */
export class Run {
  readonly server: Server;
  readonly input: RunInput;
  readonly startedAtMs: number;
  status: Status = 'running';
  closedAtMs = 0;
  failure: ProtoFailure | undefined;
  result: Payload | undefined;
  readonly searchAttributes = new Map<string, unknown>();
  readonly #instance: Instance;
  readonly #history: Activation[] = [];
  /** What each activation has asked for, where it is kept. */
  readonly #issued: string[] = [];
  readonly #open = new OpenCommands();
  readonly #activities = new Map<number, Activity>();
  readonly #timers = new Map<number, Alarm>();
  /** Under which its requests to signal others are known; a reset keeps those it remembers. */
  readonly #requestIds = new Map<number, string>();
  #lastSignal = 0;
  /** Requests to signal it that were heard: none is heard twice. */
  readonly #heardSignals = new Set<string>();
  #inbox: Job[] = [];
  /** What had arrived when it was closed, and its code had not taken in. */
  #unread: readonly Job[] = [];
  #events = 0;
  #taskSet = false;
  #localOpen = 0;
  #heldSinceMs = 0;

  constructor(server: Server, input: RunInput) {
    this.server = server;
    this.input = input;
    this.startedAtMs = server.clock.nowMs;
    this.#instance = this.#freshInstance();
    const { args, lastResult, type } = input;
    this.deliver({
      variant: 'initializeWorkflow',
      initializeWorkflow: {
        workflowType: type,
        arguments: [...args],
        headers: {},
        ...(lastResult ? { lastCompletionResult: { payloads: [lastResult] } } : {}),
      },
    });
  }

  get workflowId(): string {
    return this.input.workflowId;
  }

  get runId(): string {
    return this.input.runId;
  }

  get type(): string {
    return this.input.type;
  }

  get isOpen(): boolean {
    return this.status === 'running';
  }

  /** What the Web UI shows of it. */
  get details(): string {
    return this.#instance.details;
  }

  /** Whether its code has begun and has taken in everything that it was told. */
  get isSettled(): boolean {
    return this.#inbox.length === 0 && this.#history.length > 0;
  }

  /** About how long its history is. */
  get events(): number {
    return this.#events;
  }

  /** How many activations there have been; a reset goes back to the end of one of them. */
  get activations(): number {
    return this.#history.length;
  }

  /** Puts a job where the next workflow task finds it. */
  deliver(job: Job, { local = false } = {}): void {
    if (!this.isOpen) return;
    this.#inbox.push(job);
    if (local) this.#localOpen -= 1;
    this.#setTask();
  }

  /** False when this very request was heard before. */
  hear(job: Job, requestId: string | undefined): boolean {
    if (requestId !== undefined) {
      if (this.#heardSignals.has(requestId)) return false;
      this.#heardSignals.add(requestId);
    }
    this.deliver(job);
    return true;
  }

  query(name: string, args: readonly unknown[]): unknown {
    return this.#instance.query(name, args);
  }

  /** The answer to its query `status`; undefined while its code has not begun, and when it is over. */
  get answer(): unknown {
    return this.isOpen && this.#history.length > 0 ? this.query('status', []) : undefined;
  }

  /** Ends it from outside: its code does not run again. */
  close(status: Status): void {
    if (!this.isOpen) return;
    this.status = status;
    this.closedAtMs = this.server.clock.nowMs;
    for (const activity of this.#activities.values()) activity.drop();
    for (const timer of this.#timers.values()) timer.off = true;
    this.#unread = this.#inbox;
    this.#inbox = [];
    this.server.closed(this);
  }

  /**
   * Takes over the first activations of another run, as a reset does, and goes on from there: what was asked for and not
   * answered is asked for again, and the signals that came later are heard once more.
   */
  async replay(former: Run, least: number): Promise<void> {
    this.#inbox = [];
    let upTo = least;
    while (former.#history[upTo]?.followsUp) upTo += 1;
    for (const activation of former.#history.slice(0, upTo)) await this.#live(activation);
    const later = former.#history.slice(upTo).flatMap(({ jobs }) => jobs);
    for (const job of [...later, ...former.#unread]) {
      if (job.variant === 'signalWorkflow') this.deliver(job);
    }
    for (const [seq, id] of former.#requestIds) {
      if (seq <= this.#lastSignal) this.#requestIds.set(seq, id);
    }
    await this.#obey(this.#open.all, this.#moment());
    this.#setTask();
  }

  /** Runs its history once more with fresh code; the commands must be the same. Undefined when they are. */
  async divergence(): Promise<string | undefined> {
    const instance = this.#freshInstance();
    for (const [index, { jobs, moment }] of this.#history.entries()) {
      const first = this.#issued[index];
      const again = sayCommands(await instance.activate(jobs, moment));
      if (first !== undefined && first !== again) {
        return `activation ${index + 1} of ${this.workflowId}: first ${first}, then ${again}`;
      }
    }
    return undefined;
  }

  #freshInstance(): Instance {
    const { type, workflowId, runId, firstRunId, originRunId } = this.input;
    const ids = { firstExecutionRunId: firstRunId, originalExecutionRunId: originRunId };
    return new Instance(
      this.server.workflow(type),
      { workflowType: type, workflowId, runId, ...ids },
      this.startedAtMs,
    );
  }

  #setTask(): void {
    if (this.#taskSet || !this.isOpen) return;
    this.#taskSet = true;
    this.server.after(this.server.latencyMs(), () => {
      this.server.workers.hand(() => {
        // By then a worker may have been waited for long.
        this.server.clock.after(0, () => this.#task());
      });
    });
  }

  /** One workflow task: what has arrived is taken in at once, so nothing comes in between. */
  async #task(): Promise<void> {
    this.#taskSet = false;
    if (!this.isOpen || this.#inbox.length === 0) return;
    const jobs = this.#nextJobs();
    if (jobs.length === 0) return;
    this.#inbox = this.#inbox.filter((job) => !jobs.includes(job));
    const moment = this.#moment();
    await this.#obey(await this.#live({ jobs: inOrder(jobs), moment }), moment);
    if (this.#inbox.length > 0) this.#setTask();
  }

  /** While a local activity runs its workflow task is open, and the server keeps what arrives for the next one. */
  #nextJobs(): Job[] {
    const local = this.#inbox.filter((job) => this.#isLocal(job));
    if (local.length > 0) return local;
    const { clock } = this.server;
    if (this.#localOpen > 0) {
      const heldUntilMs = this.#heldSinceMs + TASK_HELD_MS;
      if (clock.nowMs < heldUntilMs) {
        clock.at(heldUntilMs, () => this.#setTask());
        return [];
      }
      this.#heldSinceMs = clock.nowMs;
    }
    return this.#inbox;
  }

  #isLocal({ resolveActivity }: Job): boolean {
    return this.#activities.get(resolveActivity?.seq ?? -1)?.asked.local === true;
  }

  #moment(): Moment {
    return {
      nowMs: this.server.clock.nowMs,
      historyLength: this.#events,
      continueAsNewSuggested: this.#events >= this.server.suggestContinueAsNewAt,
    };
  }

  /** Lets the code take the jobs in, and answers what it asks for. */
  async #live(activation: Activation): Promise<Command[]> {
    this.#history.push(activation);
    const { jobs, moment } = activation;
    for (const job of jobs) {
      this.#open.answered(job);
      if (job.resolveActivity) this.#activities.delete(job.resolveActivity.seq ?? 0);
    }
    const commands = await this.#instance.activate(jobs, moment).catch((error: unknown) => {
      this.server.taskFailed(this, error);
      return [];
    });
    for (const command of commands) {
      this.#open.asked(command);
      this.#lastSignal = command.signalExternalWorkflowExecution?.seq ?? this.#lastSignal;
    }
    if (this.server.keepsCommands) this.#issued.push(sayCommands(commands));
    this.#events += 3 + jobs.length + commands.length;
    return commands;
  }

  /** What the SDK's core answers by itself is taken in before anything else happens. */
  async #obey(commands: readonly Command[], moment: Moment): Promise<void> {
    const jobs = commands.flatMap((command) => this.#do(command) ?? []);
    if (jobs.length === 0 || !this.isOpen) return;
    await this.#obey(await this.#live({ jobs, moment, followsUp: true }), moment);
  }

  #do(command: Command): Job | undefined {
    for (const [field, act] of this.#effects) if (command[field]) return act(command);
    return undefined;
  }

  readonly #effects: readonly (readonly [keyof Command, (command: Command) => Job | undefined])[] =
    [
      ['scheduleActivity', ({ scheduleActivity }) => this.#schedule(scheduleActivity, false)],
      ['scheduleLocalActivity', (command) => this.#schedule(command.scheduleLocalActivity, true)],
      ['requestCancelActivity', (command) => this.#cancel(command.requestCancelActivity?.seq ?? 0)],
      ['startTimer', (command) => this.#startTimer(command)],
      ['cancelTimer', (command) => this.#stopTimer(command.cancelTimer?.seq ?? 0)],
      ['signalExternalWorkflowExecution', (command) => this.#signal(command)],
      ['upsertWorkflowSearchAttributes', (command) => this.#upsert(command)],
      ['completeWorkflowExecution', (command) => this.#complete(command)],
      ['failWorkflowExecution', (command) => this.#fail(command)],
      ['cancelWorkflowExecution', () => this.#end('cancelled')],
      ['continueAsNewWorkflowExecution', (command) => this.#continue(command)],
    ];

  #schedule(schedule: Command['scheduleActivity'], local: boolean): undefined {
    if (!schedule) return;
    const asked = askedBy(schedule, local);
    if (local) {
      this.#localOpen += 1;
      this.#heldSinceMs = this.server.clock.nowMs;
    }
    this.#activities.set(asked.seq, new Activity(asked, this));
  }

  /** With TRY_CANCEL the workflow hears of it at once, and of nothing that comes later. */
  #cancel(seq: number): Job | undefined {
    const activity = this.#activities.get(seq);
    activity?.requestCancel();
    if (!activity || activity.asked.waitsForCancellation) return undefined;
    activity.drop();
    this.#inbox = this.#inbox.filter(({ resolveActivity }) => resolveActivity?.seq !== seq);
    return { variant: 'resolveActivity', resolveActivity: { seq, result: activity.cancelled() } };
  }

  #startTimer({ startTimer }: Command): undefined {
    const seq = startTimer?.seq ?? 0;
    const durationMs = tsToMs(startTimer?.startToFireTimeout);
    const ring = (): void => {
      this.#timers.delete(seq);
      this.deliver(fired(seq));
    };
    this.#timers.set(seq, this.server.after(durationMs, ring));
  }

  #stopTimer(seq: number): undefined {
    const timer = this.#timers.get(seq);
    if (timer) timer.off = true;
    this.#timers.delete(seq);
    this.#inbox = this.#inbox.filter(({ fireTimer }) => fireTimer?.seq !== seq);
  }

  #signal({ signalExternalWorkflowExecution: asked }: Command): undefined {
    if (!asked) return;
    const seq = asked.seq ?? 0;
    const { workflowId, runId } = asked.workflowExecution ?? {};
    const to = { workflowId: workflowId ?? '', ...(runId ? { runId } : {}) };
    const requestId = this.#requestIds.get(seq) ?? `${this.runId}/${seq}`;
    this.#requestIds.set(seq, requestId);
    const told = { name: asked.signalName ?? '', input: asked.args ?? [], requestId };
    this.server.after(this.server.deliveryMs(), () => {
      const failure = this.server.signal(to, told) ? undefined : NOBODY_THERE;
      this.server.after(this.server.latencyMs(), () => this.deliver(delivered(seq, failure)));
    });
  }

  #upsert({ upsertWorkflowSearchAttributes: upsert }: Command): undefined {
    const fields = upsert?.searchAttributes?.indexedFields ?? {};
    for (const [key, { data }] of Object.entries(fields)) {
      this.searchAttributes.set(key, JSON.parse(new TextDecoder().decode(data ?? undefined)));
    }
  }

  #complete({ completeWorkflowExecution: completed }: Command): undefined {
    this.result = completed?.result ?? undefined;
    return this.#end('completed');
  }

  #fail({ failWorkflowExecution: failed }: Command): undefined {
    this.failure = failed?.failure ?? undefined;
    return this.#end('failed');
  }

  #continue({ continueAsNewWorkflowExecution: next }: Command): undefined {
    this.#end('continued-as-new');
    this.server.continued(this, next?.arguments ?? []);
  }

  #end(status: Status): undefined {
    this.close(status);
  }
}

/** Commands as far as they must be the same when the history is run again. */
function sayCommands(commands: readonly Command[]): string {
  return JSON.stringify(commands, (key, value: unknown) =>
    key === 'userMetadata' || key === 'stackTrace' ? undefined : value,
  );
}
