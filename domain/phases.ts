import type { Phase } from './status.ts';

/** Where a rollout stands. These words are used in workflow history, logs, events, metrics and the table of the CLI. */
export type PhaseName = Phase['at'];

const SENTENCES: Record<PhaseName, (node: string) => string> = {
  starting: (node) => `looking at ${node}`,
  waiting: (node) => `${node} waits for its gates`,
  queued: (node) => `${node} waits for the lock of its pool`,
  cordoning: (node) => `cordoning ${node}`,
  draining: (node) => `draining ${node}`,
  paused: (node) => `${node} is paused`,
  ordering: (node) => `proving ${node} empty and ordering its reboot`,
  rebooting: (node) => `${node} reboots`,
  lost: (node) => `${node} has not come back in time`,
  restoring: (node) => `${node} is back and is handed back`,
  undoing: (node) => `${node} is handed back without a reboot`,
  done: (node) => `${node} is done`,
  failed: (node) => `${node} failed`,
  aborted: (node) => `${node} was aborted and handed back`,
};

/** One sentence for people: what is happening to the node. */
export function sayPhase(phase: PhaseName, node: string): string {
  return SENTENCES[phase](node);
}

/** Phases that are over in a moment. */
export const PASSING: ReadonlySet<Phase['at']> = new Set<Phase['at']>([
  'starting',
  'cordoning',
  'ordering',
  'restoring',
]);
