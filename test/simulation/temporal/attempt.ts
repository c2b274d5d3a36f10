import { asyncLocalStorage, Context } from '@temporalio/activity';
import {
  ActivityCancellationDetails,
  ApplicationFailure,
  CancelledFailure,
  ensureApplicationFailure,
  noopMetricMeter,
  type Logger,
} from '@temporalio/common';
import { isAbortError } from '@temporalio/common/lib/type-helpers.js';
import { send, type Weather } from '../world/weather.ts';
import type { Activity, Verdict } from './activity.ts';
import { fromPayloads, payloads } from './payloads.ts';
import type { WorkerProcess } from './workers.ts';

const SILENT: Logger = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** As the worker is told in worker/main.ts. */
const MOST_THROTTLE_MS = 5_000;
/** The SDK's core gives an attempt up by itself so long after its time. */
const LOCAL_BUFFER_MS = 5_000;
/** Between two tries to tell the server how an attempt ended. */
const TELL_AGAIN_MS = 1_000;

type Reason = 'CANCELLED' | 'NOT_FOUND' | 'TIMED_OUT' | 'WORKER_SHUTDOWN';

/** What the server answers to a beat. */
export type Beaten = 'go-on' | 'cancel' | 'unknown';

/**
 * One attempt of an activity in one worker, as the SDK runs it: heartbeats are throttled and bring cancellation along; an
 * attempt that the server has given up goes on until it hears of that.
 */
export class Attempt {
  readonly activity: Activity;
  readonly worker: WorkerProcess;
  readonly number: number;
  readonly #weather: Weather;
  readonly #controller = new AbortController();
  readonly #details: { details?: ActivityCancellationDetails } = {};
  #reason: Reason | undefined;
  /** What the latest beat told that has not been sent yet. */
  #beat: { readonly told: unknown } | undefined;
  #beatUnderWay = false;
  #over = false;

  constructor(activity: Activity, worker: WorkerProcess, weather: Weather) {
    this.activity = activity;
    this.worker = worker;
    this.number = activity.attempts;
    this.#weather = weather;
  }

  start(): void {
    const { worker, activity } = this;
    worker.attempts.add(this);
    this.activity.run.server.workers.unfinished.add(this);
    if (Number.isFinite(activity.asked.startToCloseMs)) {
      const limitMs = activity.asked.startToCloseMs + (activity.asked.local ? 0 : LOCAL_BUFFER_MS);
      worker.after(limitMs, () => this.cancel('TIMED_OUT'));
    }
    worker.run(() => void asyncLocalStorage.run(this.#context(), () => this.#work()));
  }

  cancel(reason: Reason): void {
    if (this.#over || this.#reason) return;
    this.#reason = reason;
    this.#details.details = new ActivityCancellationDetails({
      cancelRequested: reason === 'CANCELLED',
      notFound: reason === 'NOT_FOUND',
      timedOut: reason === 'TIMED_OUT',
      workerShutdown: reason === 'WORKER_SHUTDOWN',
    });
    this.worker.run(() => this.#controller.abort(new CancelledFailure(reason)));
  }

  /** Lets go of everything, as at the end of a process; its code hears of it and gets nowhere. */
  abandon(): void {
    this.worker.kill();
    this.#controller.abort();
  }

  async #work(): Promise<void> {
    const { type, args } = this.activity.asked;
    const effect = this.worker.effects[type];
    let verdict: Verdict;
    try {
      if (!effect) throw new Error(`there is no activity ${type}`);
      const result = await effect(...(fromPayloads(args) as never[]));
      verdict = { kind: 'completed', result: payloads.toPayload(result) };
    } catch (error) {
      verdict = this.#failed(error);
    }
    this.#over = true;
    this.worker.attempts.delete(this);
    this.activity.run.server.workers.unfinished.delete(this);
    await this.#tell(verdict);
  }

  /** As the SDK's worker reports it; a worker that shuts down says so with a failure that is tried again elsewhere. */
  #failed(error: unknown): Verdict {
    const stopped = this.#reason && (error instanceof CancelledFailure || isAbortError(error));
    if (!stopped) return { kind: 'failed', error: ensureApplicationFailure(error) };
    if (this.#reason === 'CANCELLED') return { kind: 'cancelled' };
    const words = `the worker gave it up: ${this.#reason}`;
    return { kind: 'failed', error: ApplicationFailure.retryable(words, 'WorkerShutdown') };
  }

  async #tell(verdict: Verdict): Promise<void> {
    const { activity, worker } = this;
    if (activity.asked.local) return activity.ended(this, verdict);
    for (let againMs = TELL_AGAIN_MS; ; againMs = Math.min(2 * againMs, 30 * TELL_AGAIN_MS)) {
      try {
        await send(this.#weather, { service: 'temporal', host: worker }, () => {
          // What was not sent yet goes along.
          if (this.#beat) activity.beaten(this, this.#beat.told);
          activity.ended(this, verdict);
        });
        return;
      } catch {
        await new Promise((resolve) => {
          worker.after(againMs, () => resolve(undefined));
        });
      }
    }
  }

  readonly #heartbeat = (told?: unknown): void => {
    if (this.activity.asked.heartbeatMs === undefined || this.#over) return;
    this.#beat = { told };
    if (!this.#beatUnderWay) this.#sendBeat();
  };

  #sendBeat(): void {
    const { activity, worker } = this;
    const told = this.#beat?.told;
    this.#beat = undefined;
    this.#beatUnderWay = true;
    const everyMs = Math.min(0.8 * (activity.asked.heartbeatMs ?? 0), MOST_THROTTLE_MS);
    const to = { service: 'temporal', host: worker } as const;
    send(this.#weather, to, () => activity.beaten(this, told)).then(
      (answer) => {
        if (answer === 'cancel') this.cancel('CANCELLED');
        if (answer === 'unknown') this.cancel('NOT_FOUND');
        return undefined;
      },
      () => undefined,
    );
    worker.after(everyMs, () => {
      this.#beatUnderWay = false;
      if (this.#beat && !this.#over) this.#sendBeat();
    });
  }

  #context(): Context {
    const { asked, run } = this.activity;
    const cancelled = new Promise<never>((_, reject) => {
      this.#controller.signal.addEventListener('abort', () =>
        reject(this.#controller.signal.reason as Error),
      );
    });
    cancelled.catch(() => undefined);
    return new Context(
      {
        activityId: asked.activityId,
        activityType: asked.type,
        attempt: this.number,
        isLocal: asked.local,
        inWorkflow: true,
        workflowExecution: { workflowId: run.workflowId, runId: run.runId },
        workflowType: run.type,
        taskQueue: 'lockkeeper',
        namespace: 'default',
        heartbeatDetails: this.activity.told,
      } as never,
      cancelled,
      this.#controller.signal,
      this.#heartbeat,
      undefined,
      SILENT,
      noopMetricMeter,
      this.#details,
    );
  }
}
