import type { WorkerStatus } from '@temporalio/worker';

export interface PulsePorts {
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
}

const BEAT_MS = 10_000;
/** One answer may be late or lost without anybody being told. */
const NOT_READY_AFTER_MS = 35_000;
/** Long enough for Temporal's own upgrades and failovers, in which a restart helps nobody. */
const RESTART_AFTER_MS = 600_000;

/**
 * What the probes of the worker say. Ready: it polls, and both servers answer. Broken, so that only a restart helps: it has
 * failed, or its connection has been dead for ten minutes; a new process connects anew, with the certificates of then, and
 * waits for a Temporal that is down without being broken. A process whose event loop stands still does not answer at all.
 */
export class Pulse {
  private readonly ports: PulsePorts;
  private working: Working | undefined;
  private heardAtMs = 0;
  private because: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(ports: PulsePorts) {
    this.ports = ports;
  }

  /** From now on, until `stop`. */
  follow(working: Working): void {
    this.working = working;
    this.heardAtMs = this.ports.nowMs();
    this.timer = setInterval(() => void this.beat(), BEAT_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Asks Temporal once. Never rejects. */
  async beat(): Promise<void> {
    const { log, nowMs } = this.ports;
    try {
      await this.working?.askTemporal();
      if (this.because !== undefined) {
        log.info('Temporal is reached again', { afterMs: nowMs() - this.heardAtMs });
      }
      this.because = undefined;
      this.heardAtMs = nowMs();
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      if (this.because === undefined) log.warn('Temporal does not answer', { because });
      this.because = because;
    }
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
    const silentMs = this.silentMs();
    return silentMs > RESTART_AFTER_MS ? this.sayReach(silentMs) : undefined;
  }

  private silentMs(): number {
    return this.ports.nowMs() - this.heardAtMs;
  }

  private sayReach(silentMs: number): string {
    const because = this.because === undefined ? '' : `: ${this.because}`;
    return `Temporal has not answered for ${Math.round(silentMs / 1_000)} s${because}`;
  }
}
