import { log } from '@temporalio/activity';
import { room, type Room } from '../domain/budget.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { thisRun } from './ours.ts';

/** Joins the queue of the pool's lock, or confirms the place there. */
export async function requestPermit(
  deps: Deps,
  { pool, node, holding }: { pool: string; node: string; holding: boolean },
): Promise<void> {
  const { workflowId, runId } = thisRun();
  await deps.temporal.requestPermit(pool, { workflowId, runId, node, holding });
}

export interface RoomQuestion {
  readonly pool: string;
  readonly candidate: string;
  readonly holders: readonly string[];
  /** Why there was no room at the last look. */
  readonly known?: string;
}

/**
 * Counts the live cluster and answers once there is something new to say: room for the candidate, or another reason why
 * there is none. While nothing changes it is retried with the reason as its message. Unknown is never room.
 */
export async function findRoom(deps: Deps, asked: RoomQuestion): Promise<Room> {
  const found = await count(deps, asked);
  if (!found.room && found.because === asked.known) {
    throw waiting('no-room', found.because, deps.lookAgainMs);
  }
  if (!found.room) log.info('lock waits', { pool: asked.pool, because: found.because });
  return found;
}

async function count(deps: Deps, { pool: name, holders, candidate }: RoomQuestion): Promise<Room> {
  const pool = deps.policy.current().pools.find((known) => known.name === name);
  // Waited for rather than failed: the lock must outlive a policy that is being edited.
  if (!pool)
    return { room: false, budget: 0, out: [], because: `pool ${name} is not in the policy` };
  const nodes = await deps.nodes.list(pool.nodes);
  return room({ nodes, maxUnavailable: pool.maxUnavailable, holders, candidate });
}
