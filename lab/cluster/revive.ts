import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../domain/message-of.ts';
import type { ProgressSink } from '../tools/contract.ts';
import type { ClusterProcess } from './contract.ts';

// Clients of the API server end themselves when it is away at the wrong moment, and count on a kubelet to start them again.
// Temporal keeps all it knows in a file, so that people may kill it and see what goes on without it.
const STARTED_AGAIN: ReadonlySet<ClusterProcess> = new Set([
  'temporal',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
]);
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/**
 * Starts a process again after it ended without being told to. Answers with the line to report when it could not,
 * and at once for a process that nobody else would start again.
 */
export function reviver(lab: {
  readonly start: (name: ClusterProcess) => Promise<void>;
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
}): (name: ClusterProcess, line: string) => Promise<string | undefined> {
  return async (name, line) => {
    if (!STARTED_AGAIN.has(name)) return line;
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
