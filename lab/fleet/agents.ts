import { setTimeout as pause } from 'node:timers/promises';
import type { Guard } from '../cluster/guard.ts';
import { manageProcess } from '../cluster/process.ts';
import type { ProgressSink } from '../tools/contract.ts';

/** The agent process of one node. As a kubelet would, it is started again when it ends by itself. */
export interface AgentProcess {
  readonly running: boolean;
  /** Its log, kept over restarts. */
  readonly logPath: string;
  /** Starts it, or starts it anew after `kill`. */
  start(): Promise<void>;
  /** SIGKILL; it stays dead until `start`. */
  kill(): Promise<void>;
  /** Ends it in its own way; it stays ended until `start`. */
  stop(): Promise<void>;
}

export interface AgentSpec {
  readonly node: string;
  readonly bundlePath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
  readonly guard: Guard;
  readonly log: ProgressSink;
}

const RESTART_AFTER_MS = 1_000;
/** Caps growth, as the agent's image does. */
const NODE_FLAGS = ['--max-old-space-size=32', '--max-semi-space-size=1'];

export function createAgent(spec: AgentSpec): AgentProcess {
  let wanted = new AbortController();
  wanted.abort();
  const agent = manageProcess(
    {
      name: `agent of ${spec.node}`,
      command: process.execPath,
      args: [...NODE_FLAGS, spec.bundlePath],
      env: spec.env,
      logPath: spec.logPath,
    },
    {
      guard: spec.guard,
      onDeath(line) {
        spec.log(line);
        const { signal } = wanted;
        pause(RESTART_AFTER_MS, undefined, { signal })
          .then(() => agent.start(signal))
          .catch((error: unknown) => {
            if (!signal.aborted) spec.log(`agent of ${spec.node}: ${String(error)}`);
          });
      },
    },
  );
  return {
    get running() {
      return agent.running;
    },
    logPath: spec.logPath,
    start() {
      wanted = new AbortController();
      return agent.start(wanted.signal);
    },
    async kill() {
      wanted.abort();
      await agent.kill();
    },
    async stop() {
      wanted.abort();
      await agent.stop(2_000);
    },
  };
}
