import { setTimeout as pause } from 'node:timers/promises';
import type { Guard } from '../cluster/guard.ts';
import { manageProcess, type ProcessSpec } from '../cluster/process.ts';
import type { ProgressSink } from '../tools/contract.ts';

/** A process that is started again when it ends by itself, as a kubelet does with a container. */
export interface KeptProcess {
  readonly running: boolean;
  /** Starts it, or starts it anew after `kill` or `stop`; resolves when it is ready. */
  start(): Promise<void>;
  /** SIGKILL; it stays dead until `start`. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL to who does not obey; it stays ended until `start`. */
  stop(): Promise<void>;
  /** Freezes it (SIGSTOP): its connections stay open and it does nothing. */
  freeze(): void;
  thaw(): void;
}

export interface KeptContext {
  readonly guard: Guard;
  readonly log: ProgressSink;
  /** Nothing is started any more once it is aborted. */
  readonly lifetime: AbortSignal;
}

const RESTART_AFTER_MS = 1_000;
const PATIENCE_MS = 3_000;

export function keepProcess(spec: ProcessSpec, context: KeptContext): KeptProcess {
  const { guard, log, lifetime } = context;
  let wanted = new AbortController();
  const start = () => inner.start(AbortSignal.any([wanted.signal, lifetime]));
  const restart = async () => {
    const { signal } = wanted;
    try {
      await pause(RESTART_AFTER_MS, undefined, { signal: AbortSignal.any([signal, lifetime]) });
      await start();
    } catch (error) {
      if (!signal.aborted && !lifetime.aborted) log(String(error));
    }
  };
  const inner = manageProcess(spec, {
    guard,
    onDeath(line) {
      log(line);
      void restart();
    },
  });
  return {
    get running() {
      return inner.running;
    },
    start() {
      wanted = new AbortController();
      return start();
    },
    async kill() {
      wanted.abort();
      await inner.kill();
    },
    async stop() {
      wanted.abort();
      await inner.stop(PATIENCE_MS);
    },
    freeze: () => inner.freeze(),
    thaw: () => inner.thaw(),
  };
}
