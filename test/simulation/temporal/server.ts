import type { Payload, Workflow } from '@temporalio/common';
import type { Alarm, Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Weather } from '../world/weather.ts';
import { signalled } from './commands.ts';
import { toPayloads } from './payloads.ts';
import { Run, type RunInput, type Status } from './run.ts';
import type { Workers } from './workers.ts';

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly weather: Weather;
  readonly workers: Workers;
  readonly workflows: Readonly<Record<string, Workflow>>;
  /** From so many events on a run is told to continue as new. */
  readonly suggestContinueAsNewAt: number;
  /** Keeps what each activation asked for, to compare it with a replay. */
  readonly keepsCommands: boolean;
  /** Signals between workflows are sometimes this late. */
  readonly lateSignals: { readonly chance: number; readonly mostMs: number };
  readonly tell: (words: () => string) => void;
  /** A workflow task has failed: the workflow stands still until its code is mended. */
  readonly taskFailed: (run: Run, error: unknown) => void;
  readonly ended: (run: Run) => void;
}

interface Target {
  readonly workflowId: string;
  readonly runId?: string | undefined;
}

interface Told {
  readonly name: string;
  readonly input: readonly Payload[];
  readonly requestId?: string;
}

/** Visibility lags behind what has happened. */
const VISIBLE_WITHIN_MS = 1_500;
/** A query that no worker answers fails after this. */
const QUERY_MS = 10_000;

/** A Temporal server as far as Lockkeeper can tell it from a real one. */
export class Server {
  readonly clock: Clock;
  readonly workers: Workers;
  readonly weather: Weather;
  readonly suggestContinueAsNewAt: number;
  readonly keepsCommands: boolean;
  readonly tell: ServerParts['tell'];
  readonly runs: Run[] = [];
  /** Told of every signal that reaches somebody. */
  onSignal: (to: Target, told: Told) => void = () => undefined;
  readonly #parts: ServerParts;
  readonly #current = new Map<string, Run>();
  readonly #visibleAtMs = new Map<Run, { opened: number; closed: number }>();
  /** It is down until then. */
  #downUntilMs = 0;
  #ids = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.workers = parts.workers;
    this.weather = parts.weather;
    this.tell = parts.tell;
    this.suggestContinueAsNewAt = parts.suggestContinueAsNewAt;
    this.keepsCommands = parts.keepsCommands;
  }

  workflow(type: string): Workflow {
    const found = this.#parts.workflows[type];
    if (!found) throw new Error(`there is no workflow ${type}`);
    return found;
  }

  latencyMs(): number {
    return this.#parts.random.between(1, 15);
  }

  /** How long a signal from one workflow to another is on its way. */
  deliveryMs(): number {
    const { random, lateSignals } = this.#parts;
    if (!random.chance(lateSignals.chance)) return this.latencyMs();
    return random.between(100, lateSignals.mostMs);
  }

  /** As the clock's `after`, except that nothing happens while the server is down. */
  after(durationMs: number, act: () => unknown): Alarm {
    // The alarm that is handed out stays the one that can be taken back.
    const alarm = this.clock.after(durationMs, () => {
      const ring = (): unknown => {
        if (alarm.off) return undefined;
        if (this.clock.nowMs >= this.#downUntilMs) return act();
        this.clock.at(this.#downUntilMs + this.latencyMs(), ring);
        return undefined;
      };
      return ring();
    });
    return alarm;
  }

  goDown(forMs: number): void {
    this.#downUntilMs = Math.max(this.#downUntilMs, this.clock.nowMs + forMs);
    this.weather.brew({ service: 'temporal', kind: 'refused', chance: 1, forMs });
  }

  get isDown(): boolean {
    return this.clock.nowMs < this.#downUntilMs;
  }

  /** Undefined: one of this id is open already. */
  start(
    type: string,
    workflowId: string,
    args: readonly unknown[],
    lastResult?: Payload,
  ): Run | undefined {
    if (this.open(workflowId)) return undefined;
    const runId = this.#newRunId();
    const ids = { workflowId, runId, firstRunId: runId, originRunId: runId };
    const input = { type, ...ids, args: toPayloads(...args) };
    return this.#begin({ ...input, ...(lastResult ? { lastResult } : {}) });
  }

  /** The open run of this id, if there is one. */
  open(workflowId: string): Run | undefined {
    const run = this.#current.get(workflowId);
    return run?.isOpen ? run : undefined;
  }

  /** The latest run of this id. */
  latest(workflowId: string): Run | undefined {
    return this.#current.get(workflowId);
  }

  /** False when there is no such run open. */
  signal({ workflowId, runId }: Target, { name, input, requestId }: Told): boolean {
    const run = this.open(workflowId);
    if (!run || (runId !== undefined && run.runId !== runId)) return false;
    this.tell(() => `signal ${name} to ${workflowId}: ${JSON.stringify(input)}`);
    if (run.hear(signalled(name, input), requestId)) {
      this.onSignal({ workflowId, runId }, { name, input });
    }
    return true;
  }

  cancel(workflowId: string): boolean {
    const run = this.open(workflowId);
    if (!run) return false;
    this.tell(() => `cancel ${workflowId}`);
    run.deliver({ variant: 'cancelWorkflow', cancelWorkflow: {} });
    return true;
  }

  terminate(workflowId: string): boolean {
    const run = this.open(workflowId);
    if (!run) return false;
    this.tell(() => `terminate ${workflowId}`);
    run.close('terminated');
    return true;
  }

  /** Goes back to some moment of the run: another run takes its place and remembers what was until then. */
  async reset(workflowId: string, fraction: number): Promise<void> {
    const run = this.open(workflowId);
    if (!run || run.activations === 0) return;
    const upTo = Math.max(1, Math.ceil(run.activations * fraction));
    this.tell(() => `reset ${workflowId} to ${upTo} of ${run.activations} activations`);
    run.close('terminated');
    const next = this.#begin({ ...run.input, runId: this.#newRunId() });
    await next.replay(run, upTo);
  }

  /** Needs a worker that answers; rejects when none does for a while. */
  query(workflowId: string, name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const limit = this.clock.after(QUERY_MS, () => {
        isOver = true;
        reject(new Error('query: no worker answered'));
      });
      let againMs = 5;
      const ask = (): void => {
        if (isOver) return;
        const run = this.open(workflowId);
        if (!run) return reject(new Error(`query: ${workflowId} is not running`));
        // A query sees everything that happened before it.
        if (!run.isSettled) {
          // A run that nobody works on is asked less and less often, or waiting for it would be all that is lived.
          againMs = Math.min(2 * againMs, 500);
          return void this.after(againMs, ask);
        }
        limit.off = true;
        try {
          resolve(run.query(name, args));
        } catch (error) {
          reject(error);
        }
      };
      this.after(this.latencyMs(), () => this.workers.hand(ask));
    });
  }

  /** Runs as the visibility store shows them by now. */
  visible(type: string): { run: Run; status: Status }[] {
    const { nowMs } = this.clock;
    return this.runs
      .filter((run) => run.type === type)
      .flatMap((run) => {
        const times = this.#visibleAtMs.get(run);
        if (!times || times.opened > nowMs) return [];
        return [{ run, status: run.isOpen || times.closed > nowMs ? 'running' : run.status }];
      });
  }

  taskFailed(run: Run, error: unknown): void {
    this.#parts.taskFailed(run, error);
  }

  closed(run: Run): void {
    const times = this.#visibleAtMs.get(run);
    if (times) times.closed = Math.max(times.opened, this.#visibleFromMs());
    this.tell(() => `${run.workflowId} is ${run.status}`);
    this.#parts.ended(run);
  }

  continued(run: Run, args: readonly Payload[]): void {
    const runId = this.#newRunId();
    this.#begin({ ...run.input, args, runId, originRunId: runId });
  }

  #begin(input: RunInput): Run {
    this.tell(() => `start ${input.workflowId} run ${input.runId}`);
    const run = new Run(this, input);
    this.runs.push(run);
    this.#current.set(input.workflowId, run);
    this.#visibleAtMs.set(run, { opened: this.#visibleFromMs(), closed: Number.MAX_SAFE_INTEGER });
    return run;
  }

  #visibleFromMs(): number {
    return this.clock.nowMs + this.#parts.random.between(0, VISIBLE_WITHIN_MS);
  }

  #newRunId(): string {
    this.#ids += 1;
    return `${this.#ids.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
  }
}
