import type { WorkerStatus } from '@temporalio/worker';
import { whyNot } from '../domain/message-of.ts';

export interface LivenessPorts {
  readonly nowMs: () => number;
  /** Whether the nodes of the cluster have been seen lately. */
  readonly seesNodes: () => boolean;
  readonly log: {
    info(message: string, fields: object): void;
    warn(message: string, fields: object): void;
  };
}

/** The part of a worker that is looked at. */
export interface Working {
  readonly status: () => Pick<
    WorkerStatus,
    'runState' | 'workflowPollerState' | 'activityPollerState'
  >;
  /** Asks Temporal for something small, on the connection on which the worker polls. */
  readonly askTemporal: () => Promise<unknown>;
  /** The same on a connection made anew, with the configuration and the certificates of now. */
  readonly askAnew: () => Promise<unknown>;
}

const ASK_EVERY_MS = 10_000;
/** One answer may be late or lost without anybody being told. */
const NOT_READY_AFTER_MS = 35_000;
/** Long enough for a connection to come back by itself once there is a server again. */
const RESTART_AFTER_MS = 60_000;

/**
 * What the probes of the worker say. Ready: it polls, and both servers answer. Broken, so that only a restart helps: it has
 * failed, or its connection is dead while a new one would not be, as when a certificate was replaced. A Temporal that nobody
 * reaches breaks no worker: a new process would wait for it like the old one (decision 0019). A process whose event loop stands
 * still does not answer at all.
 */
export class Liveness {
  private readonly ports: LivenessPorts;
  private working: Working | undefined;
  private heardAtMs = 0;
  private because: string | undefined;
  /** Since when a new connection would do, where our own does not. */
  private reachedAnewAtMs: number | undefined;
  private asking = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(ports: LivenessPorts) {
    this.ports = ports;
  }

  /** From now on, until `stop`. */
  follow(working: Working): void {
    this.working = working;
    this.heardAtMs = this.ports.nowMs();
    this.timer = setInterval(() => void this.ask(), ASK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Asks Temporal once, and, where it does not answer, on a new connection. Never rejects. */
  async ask(): Promise<void> {
    if (this.working === undefined || this.asking) return;
    this.asking = true;
    const because = await whyNot(this.working.askTemporal);
    this.hear(because);
    const anew = because !== undefined && (await whyNot(this.working.askAnew)) === undefined;
    this.reachedAnewAtMs = anew ? (this.reachedAnewAtMs ?? this.ports.nowMs()) : undefined;
    this.asking = false;
  }

  private hear(because: string | undefined): void {
    const { log, nowMs } = this.ports;
    if (because === undefined) {
      if (this.because !== undefined) {
        log.info('Temporal is reached again', { afterMs: nowMs() - this.heardAtMs });
      }
      this.heardAtMs = nowMs();
    } else if (this.because === undefined) log.warn('Temporal does not answer', { because });
    this.because = because;
  }

  /** Why the worker cannot take work at the moment; undefined: it can. */
  notReady(): string | undefined {
    if (this.working?.status().runState !== 'RUNNING') return 'not polling Temporal yet';
    const silentMs = this.silentMs();
    if (silentMs > NOT_READY_AFTER_MS) return this.sayReach(silentMs);
    return this.ports.seesNodes() ? undefined : 'the nodes of the cluster cannot be seen';
  }

  /** Why only a restart helps; undefined: none is needed. */
  broken(): string | undefined {
    if (this.working === undefined) return undefined;
    const { runState, workflowPollerState, activityPollerState } = this.working.status();
    if ([runState, workflowPollerState, activityPollerState].includes('FAILED')) {
      return 'the worker has failed';
    }
    const { reachedAnewAtMs } = this;
    if (reachedAnewAtMs === undefined) return undefined;
    const deadMs = this.ports.nowMs() - reachedAnewAtMs;
    if (deadMs <= RESTART_AFTER_MS) return undefined;
    return `${this.sayReach(this.silentMs())}; a new connection is answered`;
  }

  private silentMs(): number {
    return this.ports.nowMs() - this.heardAtMs;
  }

  private sayReach(silentMs: number): string {
    const because = this.because === undefined ? '' : `: ${this.because}`;
    return `Temporal has not answered for ${Math.round(silentMs / 1_000)} s${because}`;
  }
}
