import { log } from '@temporalio/activity';
import { afterWish } from '../domain/attempts.ts';
import { ANNOTATION, writeAttempts } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { poolOf } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { NO_LIFECYCLE } from './kube/nodes.ts';
import { untaint } from './labels-and-taint.ts';

/** Takes off a node what of ours means nothing any more; `isBusy`: a rollout of it is running. */
export async function tend(deps: Deps, node: NodeFacts, isBusy: boolean): Promise<void> {
  await forget(deps, node);
  await tidy(deps, node, isBusy);
}

/**
 * Takes away what a rollout has left behind that was ended from outside: the lifecycle conditions between its last two
 * writes, its taint in the queue. The taint also where the pool wants another meanwhile, or none.
 */
async function tidy(deps: Deps, node: NodeFacts, isBusy: boolean): Promise<void> {
  const { name, hasLifecycle, rollout, ourTaint } = node;
  if (hasLifecycle && !rollout && !isBusy) await deps.nodes.setLifecycle(name, NO_LIFECYCLE, '');
  if (ourTaint === undefined) return;
  const choice = poolOf(deps.policy.current(), node.labels);
  if (isBusy && choice.kind === 'pool' && choice.pool.taint === ourTaint) return;
  if ((await untaint(deps, node)) !== 'updated') return;
  log.info('taint of a wait that is over taken off', { node: name, taint: ourTaint });
}

/**
 * The sentinel has been gone since: the next time it appears is a new reason, and what was wrong with the node before must not
 * halt its pool then. One that is NotReady may still be in trouble.
 */
async function forget(deps: Deps, node: NodeFacts): Promise<void> {
  if (node.report?.wants !== 'not-required' || node.rollout || !node.ready) return;
  const left = node.attempts && afterWish(node.attempts, Date.now());
  const annotations = {
    ...(node.quarantine ? { [ANNOTATION.quarantine]: null } : {}),
    ...(node.excusedAtMs === undefined ? {} : { [ANNOTATION.excused]: null }),
    ...(left && { [ANNOTATION.attempts]: writeAttempts(left) }),
  };
  if (Object.keys(annotations).length === 0) return;
  await deps.nodes.update(node.name, { resourceVersion: node.resourceVersion, annotations });
}
