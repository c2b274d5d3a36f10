import { ApplicationFailure, type Payload, type ProtoFailure } from '@temporalio/common';
import type { Alarm } from '../time/clock.ts';
import { Attempt, type Beaten } from './attempt.ts';
import { resolved, type Asked, type Ending } from './commands.ts';
import { toFailure } from './payloads.ts';
import type { Run } from './run.ts';
import type { WorkerProcess } from './workers.ts';

/** How an attempt says it ended. */
export type Verdict =
  | { readonly kind: 'completed'; readonly result: Payload }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'cancelled' };

const TIMEOUT_TYPE = { startToClose: 1, heartbeat: 4 } as const;
const RETRY_STATE = { inProgress: 1, nonRetryable: 2, cancelRequested: 7 } as const;

/** A worker that is lost with a local activity shows when its workflow task times out. */
const TASK_TIMEOUT_MS = 10_000;

/** An activity as the server keeps it: tried again until it completes, fails for good, or is cancelled. */
export class Activity {
  readonly asked: Asked;
  readonly run: Run;
  /** Attempts so far. */
  attempts = 0;
  cancelRequested = false;
  /** What the latest beat that told something has told: the next attempt may read it. */
  told: unknown;
  #current: Attempt | undefined;
  #closed = false;
  #lastBeatMs = 0;
  #next: Alarm | undefined;

  constructor(asked: Asked, run: Run) {
    this.asked = asked;
    this.run = run;
    this.#schedule(0);
  }

  isCurrent(attempt: Attempt): boolean {
    return !this.#closed && this.#current === attempt;
  }

  /** The workflow is not interested any more, or it is gone. */
  drop(): void {
    this.#closed = true;
    if (this.#next) this.#next.off = true;
  }

  /** Between two attempts it is cancelled at once; a running one hears of it by its next beat. */
  requestCancel(): void {
    if (this.#closed || this.cancelRequested) return;
    this.cancelRequested = true;
    if (!this.#current) this.#close(this.cancelled());
    else if (this.asked.local) this.#current.cancel('CANCELLED');
  }

  cancelled(): Ending {
    const cause = { message: 'Activity canceled', canceledFailureInfo: {} };
    return { cancelled: { failure: this.#wrapped(cause, RETRY_STATE.cancelRequested) } };
  }

  beaten(attempt: Attempt, told: unknown): Beaten {
    if (!this.isCurrent(attempt)) return 'unknown';
    if (told !== undefined) this.told = JSON.parse(JSON.stringify(told)) as unknown;
    this.#lastBeatMs = this.run.server.clock.nowMs;
    return this.cancelRequested ? 'cancel' : 'go-on';
  }

  ended(attempt: Attempt, verdict: Verdict): void {
    if (!this.isCurrent(attempt)) return;
    this.#current = undefined;
    switch (verdict.kind) {
      case 'completed':
        this.#close({ completed: { result: verdict.result } });
        break;
      case 'cancelled':
        this.#close(this.cancelled());
        break;
      case 'failed':
        this.#failed(verdict.error);
        break;
      default:
        verdict satisfies never;
    }
  }

  #schedule(delayMs: number): void {
    const { server } = this.run;
    this.#next = server.after(delayMs + server.latencyMs(), () => {
      if (this.#closed) return;
      server.workers.hand((worker) => this.#start(worker));
    });
  }

  #start(worker: WorkerProcess): void {
    if (this.#closed || this.#current) return;
    this.attempts += 1;
    const attempt = new Attempt(this, worker, this.run.server.weather);
    this.#current = attempt;
    this.#lastBeatMs = this.run.server.clock.nowMs;
    this.run.server.tell(() => `${this.#name} attempt ${this.attempts} on ${worker.name}`);
    this.#watch(attempt);
    attempt.start();
  }

  #watch(attempt: Attempt): void {
    const { startToCloseMs, heartbeatMs, local } = this.asked;
    const { server } = this.run;
    if (local) {
      server.after(TASK_TIMEOUT_MS, () => {
        if (this.isCurrent(attempt) && !attempt.worker.alive) this.#lostLocally();
      });
    }
    if (Number.isFinite(startToCloseMs)) {
      server.after(startToCloseMs, () => this.#timedOut(attempt, 'startToClose'));
    }
    if (heartbeatMs !== undefined) this.#watchBeats(attempt, heartbeatMs);
  }

  #watchBeats(attempt: Attempt, heartbeatMs: number): void {
    const { server } = this.run;
    const dueMs = this.#lastBeatMs + heartbeatMs - server.clock.nowMs;
    server.after(dueMs, () => {
      if (!this.isCurrent(attempt)) return;
      if (server.clock.nowMs - this.#lastBeatMs >= heartbeatMs) {
        this.#timedOut(attempt, 'heartbeat');
      } else this.#watchBeats(attempt, heartbeatMs);
    });
  }

  /** The task is done again from where the last one ended, so the activity is run again, as if for the first time. */
  #lostLocally(): void {
    this.#current = undefined;
    this.#schedule(0);
  }

  #timedOut(attempt: Attempt, how: keyof typeof TIMEOUT_TYPE): void {
    if (!this.isCurrent(attempt)) return;
    this.#current = undefined;
    this.run.server.tell(() => `${this.#name} attempt ${this.attempts} timed out (${how})`);
    const failure = {
      message: `activity ${how} timeout`,
      timeoutFailureInfo: { timeoutType: TIMEOUT_TYPE[how] },
    };
    if (this.#mayTryAgain()) this.#schedule(this.#pauseMs());
    else this.#fail(failure, RETRY_STATE.cancelRequested);
  }

  #failed(error: unknown): void {
    this.run.server.tell(() => `${this.#name} failed: ${sayError(error)}`);
    const known = error instanceof ApplicationFailure ? error : undefined;
    if (known?.nonRetryable) return this.#fail(toFailure(error), RETRY_STATE.nonRetryable);
    // The server tries nothing again whose cancellation has been asked for.
    if (!this.#mayTryAgain()) return this.#fail(toFailure(error), RETRY_STATE.cancelRequested);
    const given = known?.nextRetryDelay;
    this.#schedule(typeof given === 'number' ? given : this.#pauseMs());
  }

  #mayTryAgain(): boolean {
    return !this.cancelRequested;
  }

  #pauseMs(): number {
    const { firstMs, backoff, mostMs } = this.asked.retry;
    return Math.min(mostMs, firstMs * backoff ** Math.min(30, this.attempts - 1));
  }

  #fail(cause: ProtoFailure, retryState: number): void {
    this.#close({ failed: { failure: this.#wrapped(cause, retryState) } });
  }

  #close(ending: Ending): void {
    this.#closed = true;
    if (this.#next) this.#next.off = true;
    this.run.deliver(resolved(this.asked.seq, ending), { local: this.asked.local });
  }

  #wrapped(cause: ProtoFailure, retryState: number): ProtoFailure {
    return {
      message: 'Activity task failed',
      cause,
      activityFailureInfo: {
        activityId: this.asked.activityId,
        activityType: { name: this.asked.type },
        retryState,
      },
    };
  }

  get #name(): string {
    return `${this.run.workflowId} ${this.asked.type}`;
  }
}

const sayError = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
