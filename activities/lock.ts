import { log } from '@temporalio/activity';
import type { PermitRequest } from '../domain/lock-state.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { thisRun } from './ours.ts';
import { knownPool } from './pool.ts';

export type PermitQuestion = Omit<PermitRequest, 'workflowId' | 'runId' | 'last'> & {
  readonly pool: string;
};

/** Joins the queue of the pool's lock, or confirms the place there. */
export async function requestPermit(deps: Deps, { pool, ...asked }: PermitQuestion): Promise<void> {
  const { workflowId, runId } = thisRun();
  const last = (await deps.temporal.workerNodes()).has(asked.node);
  await deps.temporal.requestPermit(pool, {
    workflowId,
    runId,
    ...asked,
    ...(last ? { last } : {}),
  });
}

/**
 * How long something that a lost run or a lost lock has set off may still reach the API server: the longest wait for an
 * answer there, the beat after which a given-up attempt hears of it, and a margin. Until then what is observed is not final.
 */
export const SETTLED_AFTER_MS = 45_000;

/**
 * For a lock that starts without knowing anything: the rollouts that have a node of the pool out of service. Answers at once
 * when there has been no lock of the pool lately; otherwise only when whatever that one granted has settled, retried until then.
 */
export async function findHolders(
  deps: Deps,
  { pool: name }: { pool: string },
): Promise<PermitRequest[]> {
  const endedMs = await deps.temporal.formerLockEndedAt(name);
  if (endedMs === undefined) return [];
  const settledMs = endedMs + SETTLED_AFTER_MS;
  if (Date.now() < settledMs) {
    const because = `a former lock of pool ${name} was ended; what it granted settles until ${new Date(settledMs).toISOString()}`;
    throw waiting('no-room', because, settledMs - Date.now());
  }
  const pool = knownPool(deps, name);
  if (!pool) return [];
  const nodes = await deps.nodes.list(pool.nodes);
  const found: PermitRequest[] = [];
  for (const node of nodes) {
    if (!node.rollout?.ok) continue;
    const { workflowId, runId } = node.rollout.value;
    // One that has ended is picked up by the scan, and asks for itself.
    if (!(await deps.temporal.isRunning(workflowId))) continue;
    found.push({ workflowId, runId, node: node.name, ...(node.zone ? { zone: node.zone } : {}) });
  }
  log.warn('a lock was lost', { pool: name, holders: found.map(({ node }) => node) });
  return found;
}
