import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../domain/message-of.ts';
import type { ProgressSink } from '../tools/contract.ts';
import type { ClusterProcess } from './contract.ts';

// They end themselves when the API server is away at the wrong moment, and count on a kubelet to start them again.
const CLIENTS: ReadonlySet<ClusterProcess> = new Set([
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
]);
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/**
 * Starts a client of the API server again after it ended by itself. Answers with the line to report when it could not,
 * and at once for a process that nobody else would start again.
 */
export function reviver(lab: {
  readonly start: (name: ClusterProcess) => Promise<void>;
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
}): (name: ClusterProcess, line: string) => Promise<string | undefined> {
  return async (name, line) => {
    if (!CLIENTS.has(name)) return line;
    lab.log(`${line}; starting it again`);
    let last = line;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await sleep(PAUSE_MS);
      // Stopped meanwhile, and nothing is lost.
      if (lab.signal.aborted) return undefined;
      try {
        await lab.start(name);
        return undefined;
      } catch (error) {
        last = messageOf(error);
      }
    }
    return last;
  };
}
