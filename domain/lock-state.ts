import { present } from './present.ts';

/**
 * The lock of one pool as values: who waits for a turn, and who has been given one that no Node shows yet. Who is out of
 * service stands on the Nodes alone. Plain JSON, so that continue-as-new carries it whole.
 */

export interface PermitRequest {
  readonly workflowId: string;
  readonly runId: string;
  readonly node: string;
  /** Topology zone of the node. */
  readonly zone?: string;
  /** From then on it goes before others. */
  readonly overdueAtMs?: number;
  /** A worker of ours runs on the node: it goes last. */
  readonly last?: boolean;
}

export interface Waiter extends PermitRequest {
  readonly sinceMs: number;
}

/** The lock's word that it is this node's turn: good for one cordon, until it is used, passed or void. */
export interface Permit extends PermitRequest {
  /** Fences the grant: a word about another grant changes nothing. */
  readonly grantId: string;
  readonly sinceMs: number;
  /** When the nodes were counted that it was granted on. */
  readonly countedAtMs: number;
  /** Since when no open run counts on it. */
  readonly endedMs?: number;
}

/** A rollout's word about its permit; without a grant it is about whatever the rollout has. */
export interface PermitRef {
  readonly workflowId: string;
  readonly grantId?: string;
}

/** A node that came out of a rollout, however that ended. */
export interface RolloutEnd {
  readonly node: string;
  readonly zone?: string;
  /** How long it was out of service, where the rollout went well and nobody paused it. */
  readonly tookMs?: number;
}

/** What the latest node left behind, for the pause and the zone of the next. */
export interface LastReturn {
  readonly atMs: number;
  readonly zone?: string;
}

export interface LockState {
  readonly pool: string;
  /** In the order of asking. */
  readonly queue: readonly Waiter[];
  /** Given, and not known to be used. */
  readonly permits: readonly Permit[];
  /** Grants so far; makes the next grant id. */
  readonly grants: number;
  readonly lastReturn?: LastReturn;
  /** How long the latest rollouts took that went well, the oldest first. */
  readonly lengths: readonly number[];
}

/** So many rollouts tell how long the next will take: enough for one in ten, and few enough to follow a change. */
const MOST_LENGTHS = 20;

export function emptyLock(pool: string): LockState {
  return { pool, queue: [], permits: [], grants: 0, lengths: [] };
}

/**
 * Adds a request. A repeated one keeps its place or its permit, and only what it says is brought up to date: a run that was
 * reset goes on as another.
 */
export function enqueue(state: LockState, request: PermitRequest, nowMs: number): LockState {
  const { workflowId, runId } = request;
  const renew = <T extends PermitRequest>(known: T, more: Partial<T>): T =>
    known.workflowId === workflowId ? { ...known, ...more } : known;
  if (permitOf(state, workflowId)) {
    const permits = state.permits.map((permit) => {
      const { endedMs: _, ...alive } = permit;
      return permit.workflowId === workflowId ? { ...alive, runId } : permit;
    });
    return { ...state, permits };
  }
  if (state.queue.some((waiter) => waiter.workflowId === workflowId)) {
    return { ...state, queue: state.queue.map((waiter) => renew(waiter, request)) };
  }
  return { ...state, queue: [...state.queue, { ...request, sinceMs: nowMs }] };
}

/** Moves a waiter from the queue to the permits. The time in the grant id tells it from those that a reset has taken back. */
export function grant(
  state: LockState,
  waiter: Waiter,
  { countedAtMs, nowMs }: { countedAtMs: number; nowMs: number },
): { state: LockState; permit: Permit } {
  const grants = state.grants + 1;
  const grantId = `${state.pool}-${nowMs.toString(36)}-${grants}`;
  const permit = { ...waiter, grantId, sinceMs: nowMs, countedAtMs };
  const queue = state.queue.filter(({ workflowId }) => workflowId !== waiter.workflowId);
  return { state: { ...state, grants, queue, permits: [...state.permits, permit] }, permit };
}

/** Takes permits away: used, void, or never heard of by their run. */
export function dropPermits(state: LockState, grantIds: readonly string[]): LockState {
  return { ...state, permits: state.permits.filter(({ grantId }) => !grantIds.includes(grantId)) };
}

/** A rollout has used its permit: its Node speaks for it. */
export function useUp(state: LockState, { workflowId, grantId }: PermitRef): LockState {
  const known = permitOf(state, workflowId);
  return known && known.grantId === grantId ? dropPermits(state, [grantId]) : state;
}

/** A rollout wants neither its permit nor its place; late news of an older permit costs it nothing that it has now. */
export function pass(state: LockState, { workflowId, grantId }: PermitRef): LockState {
  const stays = (permit: Permit): boolean =>
    permit.workflowId !== workflowId || (grantId !== undefined && permit.grantId !== grantId);
  const queue =
    grantId === undefined
      ? state.queue.filter((waiter) => waiter.workflowId !== workflowId)
      : state.queue;
  return { ...state, queue, permits: state.permits.filter(stays) };
}

/** Notes since when no run counts on these permits. */
export function markEnded(state: LockState, grantIds: readonly string[], nowMs: number): LockState {
  const permits = state.permits.map((permit) =>
    grantIds.includes(permit.grantId) ? { ...permit, endedMs: permit.endedMs ?? nowMs } : permit,
  );
  return { ...state, permits };
}

export function dropWaiter(state: LockState, workflowId: string): LockState {
  return { ...state, queue: state.queue.filter((waiter) => waiter.workflowId !== workflowId) };
}

/** Remembers what a node left behind that came out of its rollout. */
export function noteEnd(state: LockState, { zone, tookMs }: RolloutEnd, nowMs: number): LockState {
  const lengths = tookMs === undefined ? [] : [tookMs];
  return {
    ...state,
    lastReturn: { atMs: nowMs, ...present({ zone }) },
    lengths: [...state.lengths, ...lengths].slice(-MOST_LENGTHS),
  };
}

export function permitOf(state: LockState, workflowId: string): Permit | undefined {
  return state.permits.find((permit) => permit.workflowId === workflowId);
}

/** Those who wait, in the order in which they are served: overdue ones first, the hosts of our workers last. */
export function inOrder(queue: readonly Waiter[], nowMs: number): Waiter[] {
  const overdueSince = ({ overdueAtMs }: Waiter): number =>
    overdueAtMs !== undefined && overdueAtMs <= nowMs ? overdueAtMs : Number.MAX_SAFE_INTEGER;
  return queue.toSorted(
    (a, b) =>
      Number(a.last ?? false) - Number(b.last ?? false) || overdueSince(a) - overdueSince(b),
  );
}

/**
 * Enough to find out who is admitted next: the first in order, the first of each zone that is not among them, and the
 * troubled ones, who may go when nobody else may.
 */
export function candidatesOf(
  queue: readonly Waiter[],
  nowMs: number,
  { most = 10, troubled = [] }: { most?: number; troubled?: readonly string[] } = {},
): Waiter[] {
  const waiting = inOrder(queue, nowMs);
  const candidates = waiting.slice(0, most);
  for (const waiter of waiting.slice(most)) {
    const known = candidates.some(({ zone }) => zone === waiter.zone);
    if (!known || troubled.includes(waiter.node)) candidates.push(waiter);
  }
  return candidates;
}

/** A rollout's place in the queue, and why it is not its turn. */
export interface QueuePlace {
  readonly kind: 'waiting';
  /** From 1. */
  readonly place: number;
  /** How many wait in all. */
  readonly of: number;
  /** The nodes it waits behind: those with a permit, then those before it; only the first few. */
  readonly behind: readonly string[];
  /** Why the lock does not admit it, in a word and in words. */
  readonly why: WhyWaiting;
  readonly because: string;
}

/** `counting`: the lock is about to say more; `behind`: somebody else is admitted first. */
type WhyWaiting = 'counting' | 'behind' | 'wait' | 'halted' | 'paused';

/** What the lock answers a rollout that asks for its turn. */
export type AnswerOfTurn = { readonly kind: 'granted'; readonly grantId: string } | QueuePlace;

/** What the lock answers about a permit that it counts on. */
export interface PermitAnswer {
  /** When the nodes were counted that it was granted on. */
  readonly countedAtMs: number;
  /** The nodes that have other permits. */
  readonly others: readonly string[];
}

/** Longer lists nobody reads; the lock's own status has them whole. */
const MOST_BEHIND = 5;

/** Where a rollout stands, without why; undefined when the lock does not know it. */
export function turnOf(
  state: LockState,
  workflowId: string,
  nowMs: number,
): Exclude<AnswerOfTurn, QueuePlace> | Omit<QueuePlace, 'why' | 'because'> | undefined {
  const permit = permitOf(state, workflowId);
  if (permit) return { kind: 'granted', grantId: permit.grantId };
  const queue = inOrder(state.queue, nowMs);
  const index = queue.findIndex((waiter) => waiter.workflowId === workflowId);
  if (index < 0) return undefined;
  const before = [...state.permits, ...queue.slice(0, index)].slice(0, MOST_BEHIND);
  const behind = before.map(({ node }) => node);
  return { kind: 'waiting', place: index + 1, of: queue.length, behind };
}
