import { log } from '@temporalio/activity';
import type { PermitRequest, Trouble } from '../domain/lock-state.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import { whyLost } from '../domain/return.ts';
import { troubleLeft } from '../domain/turn.ts';
import type { Deps } from './deps.ts';
import { kindOf, waiting } from './failure.ts';
import { thisRun } from './ours.ts';
import { knownPool, movedFrom, withPolicyNow, type Moved } from './pool.ts';

export type PermitQuestion = Omit<PermitRequest, 'workflowId' | 'runId' | 'last'> & {
  readonly pool: string;
  /** It has asked before. */
  readonly again?: boolean;
};

/**
 * Joins the queue of the pool's lock, or confirms the place there. Asked again, it first looks whether the node is in that
 * pool still; if not it asks for nothing, and says where the node is now.
 */
export async function requestPermit(
  deps: Deps,
  { pool, again = false, ...asked }: PermitQuestion,
): Promise<Moved | undefined> {
  const { workflowId, runId } = thisRun();
  const moved = again ? await lookWhetherMoved(deps, pool, asked.node) : undefined;
  if (moved) return moved;
  const last = (await deps.temporal.workerNodes()).has(asked.node);
  await deps.temporal.requestPermit(pool, {
    workflowId,
    runId,
    ...asked,
    ...(last ? { last } : {}),
  });
  return undefined;
}

/** A node that cannot be read keeps its place: nothing is granted then, and it is looked at again before anything is done. */
async function lookWhetherMoved(
  deps: Deps,
  pool: string,
  name: string,
): Promise<Moved | undefined> {
  const node = await deps.nodes.read(name).catch(() => undefined);
  return node && movedFrom({ pool }, withPolicyNow(deps), node);
}

/**
 * How long something that a lost run or a lost lock has set off may still reach the API server: the longest wait for an
 * answer there, the beat after which a given-up attempt hears of it, and a margin. Until then what is observed is not final.
 */
export const SETTLED_AFTER_MS = 45_000;

/** What the nodes of a pool still show of what a lost lock knew. */
export interface Found {
  /** The rollouts that have a node out of service. */
  readonly holders: readonly PermitRequest[];
  /** Nodes that did not come out of their rollout as they should, or are not back in time. */
  readonly troubles: readonly Trouble[];
}

export interface HoldersQuestion {
  readonly pool: string;
  /** Why nobody could tell at the last look. */
  readonly known?: string;
}

/** `because`: nobody can tell yet. */
export type FoundHolders = Found | { readonly because: string };

const NOTHING: Found = { holders: [], troubles: [] };

/**
 * For a lock that starts without knowing anything: what the nodes of the pool show of what a lost one knew. Answers at once
 * when there has been no lock of the pool lately; otherwise only when whatever that one granted has settled, retried until then.
 * Why it takes so long is answered first, so that the lock can tell those who wait.
 */
export async function findHolders(deps: Deps, asked: HoldersQuestion): Promise<FoundHolders> {
  const { pool: name } = asked;
  const endedMs = await deps.temporal.formerLockEndedAt(name);
  if (endedMs === undefined) return NOTHING;
  const settledMs = endedMs + SETTLED_AFTER_MS;
  if (Date.now() < settledMs) {
    const because = `a former lock of pool ${name} was ended; what it granted settles until ${new Date(settledMs).toISOString()}`;
    if (asked.known !== because) return { because };
    throw waiting('no-room', because, settledMs - Date.now());
  }
  const pool = knownPool(deps, name);
  if (!pool) return NOTHING;
  const nodes = await listNodes(deps, asked, pool);
  return Array.isArray(nodes) ? await shownBy(nodes, deps, pool) : nodes;
}

async function shownBy(nodes: readonly NodeFacts[], deps: Deps, pool: PoolPolicy): Promise<Found> {
  const holders: PermitRequest[] = [];
  const troubles: Trouble[] = [];
  for (const node of nodes) {
    const holder = await holderOf(deps, node);
    if (holder) holders.push(holder);
    const trouble = (holder && lostOf(node, pool)) ?? troubleLeft(node);
    if (trouble) troubles.push(trouble);
  }
  const names = { holders: namesOf(holders), troubles: namesOf(troubles) };
  log.warn('a lock was lost', { pool: pool.name, ...names });
  return { holders, troubles };
}

const namesOf = (found: readonly { readonly node: string }[]): string[] =>
  found.map(({ node }) => node);

/** A rollout that has ended is picked up by the scan, and asks for itself. */
async function holderOf(deps: Deps, node: NodeFacts): Promise<PermitRequest | undefined> {
  if (!node.rollout?.ok) return undefined;
  const { workflowId, runId } = node.rollout.value;
  if (!(await deps.temporal.isRunning(workflowId))) return undefined;
  return { workflowId, runId, node: node.name, ...(node.zone ? { zone: node.zone } : {}) };
}

function lostOf(node: NodeFacts, { reboot: { returnWithin } }: PoolPolicy): Trouble | undefined {
  const nowMs = Date.now();
  const lost = node.rollout?.ok
    ? whyLost(node, node.rollout.value, { returnWithin, nowMs })
    : undefined;
  return lost === undefined
    ? undefined
    : { node: node.name, because: `it is lost: ${lost}`, sinceMs: nowMs };
}

/** The failure itself stands under Pending Activities; its words may differ each time, and are told once. */
async function listNodes(
  deps: Deps,
  { pool, known }: HoldersQuestion,
  { nodes }: PoolPolicy,
): Promise<NodeFacts[] | { readonly because: string }> {
  const because = `the nodes of pool ${pool} cannot be listed, so nobody knows which are out of service`;
  try {
    return await deps.nodes.list(nodes);
  } catch (error) {
    if (kindOf(error) === undefined || known === because) throw error;
    return { because };
  }
}
