/** The lock of one pool as values: who waits, who has a permit, what went wrong. Plain JSON, so that continue-as-new carries it whole. */

export interface PermitRequest {
  readonly workflowId: string;
  readonly runId: string;
  readonly node: string;
  /** The node is out of service already, past the point of no return: it takes a permit without waiting. */
  readonly holding?: boolean;
  /** Topology zone of the node. */
  readonly zone?: string;
  /** From then on it goes before others. */
  readonly overdueAtMs?: number;
  /** A worker of ours runs on the node: it goes last. */
  readonly last?: boolean;
  /** It has left the queue since it was told its place there. */
  readonly anew?: boolean;
}

export interface Waiter extends PermitRequest {
  readonly sinceMs: number;
}

export interface Holder extends Waiter {
  /** Fences the grant: a release names the permit it gives back. */
  readonly grantId: string;
  /** Since when its run is known to have ended without giving the permit back. */
  readonly orphanedMs?: number;
  /** Found on the cluster by a lock that took the place of a lost one: its rollout knows another grant id. */
  readonly adopted?: boolean;
}

/** A node that did not come out of its rollout as it should. */
export interface Trouble {
  readonly node: string;
  readonly because: string;
  readonly sinceMs: number;
}

/** What the latest node given back left behind, for the pause and the zone of the next. */
export interface LastReturn {
  readonly atMs: number;
  readonly zone?: string;
}

export interface LockState {
  readonly pool: string;
  /** Tells the next grants from those of a lock that was lost, and of a time that a reset has taken back. */
  readonly key: string;
  readonly holders: readonly Holder[];
  /** In the order of asking. */
  readonly queue: readonly Waiter[];
  readonly troubles: readonly Trouble[];
  readonly lastReturn?: LastReturn;
  /** How long the latest rollouts took that went well, the oldest first; absent where an earlier release was at work. */
  readonly lengths?: readonly number[];
  /** Grants so far; makes the next grant id. */
  readonly grants: number;
}

/** The lock as it grants at this moment: no two grants have the same id, whatever was lost or reset in between. */
export function stamped(state: LockState, nowMs: number): LockState {
  return { ...state, key: nowMs.toString(36) };
}

export function emptyLock(pool: string, key: string): LockState {
  return { pool, key, holders: [], queue: [], troubles: [], grants: 0 };
}

/** Adds a request. A repeated one keeps its place or its permit, and only what it says is brought up to date. */
export function enqueue(state: LockState, request: PermitRequest, nowMs: number): LockState {
  const { workflowId, runId } = request;
  if (holderOf(state, workflowId)) return { ...state, holders: state.holders.map(renewed) };
  if (request.holding) return grant(dequeue(state, workflowId), { ...request, sinceMs: nowMs });
  if (!state.queue.some((waiter) => waiter.workflowId === workflowId)) {
    return { ...state, queue: [...state.queue, { ...request, sinceMs: nowMs }] };
  }
  const queue = state.queue.map((waiter) =>
    waiter.workflowId === workflowId ? { ...request, sinceMs: waiter.sinceMs } : waiter,
  );
  return { ...state, queue };

  function renewed(holder: Holder): Holder {
    if (holder.workflowId !== workflowId) return holder;
    const { orphanedMs: _, ...known } = holder;
    return { ...known, runId };
  }
}

/** Moves a waiter to the holders under a new grant id. */
export function grant(state: LockState, waiter: Waiter): LockState {
  const grants = state.grants + 1;
  const holder = { ...waiter, grantId: `${state.pool}-${state.key}-${grants}` };
  const rest = dequeue(state, waiter.workflowId);
  return { ...rest, grants, holders: [...rest.holders, holder] };
}

/**
 * Takes over a rollout that has its node out of service and whose permit a lost lock took along. One that asks in the
 * meantime has handed its node back, and waits for its turn like any other.
 */
export function adopt(state: LockState, request: PermitRequest, nowMs: number): LockState {
  const { workflowId } = request;
  const waits = state.queue.some((waiter) => waiter.workflowId === workflowId);
  if (waits || holderOf(state, workflowId)) return state;
  const granted = grant(state, { ...request, sinceMs: nowMs });
  const holders = granted.holders.map((holder) =>
    holder.workflowId === workflowId ? { ...holder, adopted: true } : holder,
  );
  return { ...granted, holders };
}

export interface Release {
  /** The rollout that gives its permit or its place back. */
  readonly workflowId?: string;
  /** The permit given back; a release of an older permit changes nothing. */
  readonly grantId?: string;
  /** A person names the node instead, whose permit is free then; a rollout that waits for one goes on waiting. */
  readonly node?: string;
  /** What went wrong with the node; the pool halts when it has had too much of that. */
  readonly trouble?: string;
  /** The node that the trouble is with: told also when the permit is not known any more. */
  readonly of?: string;
  /** The node went through its rollout: what was wrong with it before is over. */
  readonly fine?: boolean;
  /** How long it was out of service for that. */
  readonly tookMs?: number;
}

/** So many rollouts tell how long the next will take: enough for one in ten, and few enough to follow a change. */
const MOST_LENGTHS = 20;

/** Gives back a permit or, when a rollout names no permit, also its place in the queue. What fits nothing changes nothing. */
export function release(state: LockState, given: Release, nowMs: number): LockState {
  const fits = (entry: Waiter): boolean =>
    (given.workflowId !== undefined && entry.workflowId === given.workflowId) ||
    (given.node !== undefined && entry.node === given.node);
  const fitsGrant = (holder: Holder): boolean =>
    fits(holder) &&
    (given.grantId === undefined || holder.adopted === true || given.grantId === holder.grantId);
  // Late news of an older permit must not cost a rollout the place it has taken since; and who names a node frees permits only.
  const givesUpPlace = ({ workflowId }: Waiter): boolean =>
    given.grantId === undefined && workflowId === given.workflowId;
  const gone = state.holders.find(fitsGrant);
  const rest = {
    ...state,
    holders: state.holders.filter((holder) => !fitsGrant(holder)),
    queue: state.queue.filter((waiter) => !givesUpPlace(waiter)),
  };
  if (!gone)
    return given.of === undefined ? rest : judge(rest, { ...given, node: given.of }, nowMs);
  const judged = judge(rest, { node: gone.node, ...given }, nowMs);
  return { ...judged, lastReturn: { atMs: nowMs, ...(gone.zone ? { zone: gone.zone } : {}) } };
}

function judge(
  state: LockState,
  { node, trouble, fine, tookMs }: { node: string } & Pick<Release, 'trouble' | 'fine' | 'tookMs'>,
  nowMs: number,
): LockState {
  if (trouble !== undefined) return addTrouble(state, { node, because: trouble, sinceMs: nowMs });
  if (!fine) return state;
  const well = endTrouble(state, [node]);
  if (tookMs === undefined) return well;
  return { ...well, lengths: [...(well.lengths ?? []), tookMs].slice(-MOST_LENGTHS) };
}

/** Takes back a grant that its waiter never heard of: it never had the node. */
export function withdraw(state: LockState, grantId: string): LockState {
  return { ...state, holders: state.holders.filter((holder) => holder.grantId !== grantId) };
}

/** Notes what is wrong with a node; the latest word on a node replaces the one before. */
export function addTrouble(state: LockState, trouble: Trouble): LockState {
  const others = state.troubles.filter(({ node }) => node !== trouble.node);
  return { ...state, troubles: [...others, trouble] };
}

export function endTrouble(state: LockState, nodes: readonly string[]): LockState {
  return { ...state, troubles: state.troubles.filter(({ node }) => !nodes.includes(node)) };
}

/** Marks permits whose run has ended. Each is kept until its node is seen in service, or a person gives it back. */
export function orphan(state: LockState, runIds: readonly string[], nowMs: number): LockState {
  const holders = state.holders.map((holder) =>
    runIds.includes(holder.runId) && holder.orphanedMs === undefined
      ? { ...holder, orphanedMs: nowMs }
      : holder,
  );
  return { ...state, holders };
}

export function holderOf(state: LockState, workflowId: string): Holder | undefined {
  return state.holders.find((holder) => holder.workflowId === workflowId);
}

/** Those who wait, in the order in which they are served: overdue ones first, the hosts of our workers last. */
export function inTurn(queue: readonly Waiter[], nowMs: number): Waiter[] {
  const overdueSince = ({ overdueAtMs }: Waiter): number =>
    overdueAtMs !== undefined && overdueAtMs <= nowMs ? overdueAtMs : Number.MAX_SAFE_INTEGER;
  return queue.toSorted(
    (a, b) =>
      Number(a.last ?? false) - Number(b.last ?? false) || overdueSince(a) - overdueSince(b),
  );
}

/**
 * Enough to find out whose turn it is: the first in turn, the first of each zone that is not among them, and the troubled
 * ones, who may go when nobody else may.
 */
export function lineOf(
  queue: readonly Waiter[],
  nowMs: number,
  { most = 10, troubled = [] }: { most?: number; troubled?: readonly string[] } = {},
): Waiter[] {
  const waiting = inTurn(queue, nowMs);
  const line = waiting.slice(0, most);
  for (const waiter of waiting.slice(most)) {
    const known = line.some(({ zone }) => zone === waiter.zone);
    if (!known || troubled.includes(waiter.node)) line.push(waiter);
  }
  return line;
}

/** Where a rollout stands in the queue, from 1, and whom it waits behind: the holders and those before it. */
export function placeOf(
  state: LockState,
  workflowId: string,
  nowMs: number,
): { place: number; behind: string[] } {
  const queue = inTurn(state.queue, nowMs);
  const index = queue.findIndex((waiter) => waiter.workflowId === workflowId);
  const before = [...state.holders, ...queue.slice(0, Math.max(0, index))];
  return { place: index + 1, behind: before.map(({ node }) => node) };
}

function dequeue(state: LockState, workflowId: string): LockState {
  return { ...state, queue: state.queue.filter((waiter) => waiter.workflowId !== workflowId) };
}
