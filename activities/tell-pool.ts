import { cancellationSignal, log } from '@temporalio/activity';
import { nodeOf } from '../domain/names.ts';
import { poolOf } from '../domain/policy.ts';
import type { WindowWord } from '../domain/status.ts';
import { pause } from './auto-reset-event.ts';
import type { Deps } from './deps.ts';
import { TOLD_AFTER_MS } from './gates/gate-facts.ts';
import { recheckEach } from './recheck-each.ts';

/**
 * Lets the rollouts of a pool look again, after a person has opened or closed its window; repeating it only makes them look
 * once more. Answers how many were told.
 */
export async function tellPool(
  deps: Deps,
  { pool, by, reason }: { readonly pool: string } & WindowWord,
): Promise<number> {
  const signal = cancellationSignal();
  // A look is answered by what the lock has said to another just before, perhaps before this.
  await pause(TOLD_AFTER_MS, signal);
  const running = [...(await deps.temporal.runningRollouts())];
  const left = running.filter((workflowId) => mayBeIn(deps, pool, workflowId));
  const rollouts = left.length;
  await recheckEach(deps.temporal, left, signal);
  log.info('rollouts look again for their window', { pool, by, reason, rollouts });
  return rollouts;
}

/** One of which nothing is known is told as well. */
function mayBeIn({ fleet, policy }: Deps, pool: string, workflowId: string): boolean {
  const node = fleet.node(nodeOf(workflowId));
  if (!node) return true;
  const choice = poolOf(policy.current(), node.labels);
  return choice.kind !== 'pool' || choice.pool.name === pool;
}
