import { heartbeat, log } from '@temporalio/activity';
import { ANNOTATION } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { rolloutId } from '../domain/names.ts';
import { poolOf } from '../domain/policy.ts';
import type { Deps } from './deps.ts';

export interface Scan {
  readonly nodes: number;
  readonly started: readonly string[];
  /** Nodes that want a reboot and are in no pool, or in two: left alone. */
  readonly unmanaged: readonly string[];
}

/** A rollout that failed or that a person aborted is not started again before this; a hold lasts longer. */
const REST_MS = 10 * 60_000;

/**
 * Starts a rollout for every node that wants a reboot and for every node that a lost rollout has left behind, unless one is
 * running.
 */
export async function scanFleet(deps: Deps): Promise<Scan> {
  const nodes = await deps.nodes.list();
  const busy = await deps.temporal.runningRollouts();
  const resting = await deps.temporal.endedEarlySince(Date.now() - REST_MS);
  const started: string[] = [];
  const unmanaged: string[] = [];
  for (const node of nodes) {
    heartbeat();
    await liftQuarantine(deps, node);
    const reason = reasonToRoll(node);
    const id = rolloutId(node.name);
    // A node that was left in the middle is not left there to rest.
    const rests = resting.has(id) && !node.rollout;
    if (reason === undefined || busy.has(id) || rests) continue;
    const choice = poolOf(deps.policy.current(), node.labels);
    if (choice.kind === 'none' && !node.rollout) {
      unmanaged.push(node.name);
      log.warn('node is left alone', { node: node.name, because: choice.because });
      continue;
    }
    const input = { node: node.name, reason, requestedBy: 'fleet-scan' };
    if (await deps.temporal.startRollout(input)) {
      started.push(node.name);
      log.info('rollout started', { node: node.name, reason });
    }
  }
  return { nodes: nodes.length, started, unmanaged };
}

function reasonToRoll(node: NodeFacts): string | undefined {
  if (node.rollout) return 'a former rollout has left it behind';
  if (node.report?.wants !== 'required') return undefined;
  return node.report.message.slice(0, 200) || 'reboot required';
}

/** The sentinel has been gone since: the next time it appears is a new reason. */
async function liftQuarantine(deps: Deps, node: NodeFacts): Promise<void> {
  if (!node.quarantine || node.report?.wants !== 'not-required') return;
  await deps.nodes.update(node.name, {
    resourceVersion: node.resourceVersion,
    annotations: { [ANNOTATION.quarantine]: null },
  });
}
