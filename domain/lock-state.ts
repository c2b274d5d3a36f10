/** The lock of one pool as values: who waits, who has a permit. Plain JSON, so that continue-as-new carries it whole. */

export interface PermitRequest {
  readonly workflowId: string;
  readonly runId: string;
  readonly node: string;
  /** The node is out of service already, past the point of no return: it takes a permit without waiting. */
  readonly holding?: boolean;
}

export interface Waiter extends PermitRequest {
  readonly sinceMs: number;
}

export interface Holder extends Waiter {
  /** Fences the grant: a release names the permit it gives back. */
  readonly grantId: string;
}

export interface LockState {
  readonly pool: string;
  readonly holders: readonly Holder[];
  /** First come, first served. */
  readonly queue: readonly Waiter[];
  /** Grants so far; makes the next grant id. */
  readonly grants: number;
}

export function emptyLock(pool: string): LockState {
  return { pool, holders: [], queue: [], grants: 0 };
}

/** Adds a request. A repeated one keeps its place or its permit, and only its run is brought up to date. */
export function enqueue(state: LockState, request: PermitRequest, nowMs: number): LockState {
  const renew = <T extends Waiter>(known: T): T =>
    known.workflowId === request.workflowId ? { ...known, runId: request.runId } : known;
  if (holderOf(state, request.workflowId)) return { ...state, holders: state.holders.map(renew) };
  if (request.holding)
    return grant(dequeue(state, request.workflowId), { ...request, sinceMs: nowMs });
  if (state.queue.some(({ workflowId }) => workflowId === request.workflowId)) {
    return { ...state, queue: state.queue.map(renew) };
  }
  return { ...state, queue: [...state.queue, { ...request, sinceMs: nowMs }] };
}

/** Moves a waiter to the holders under a new grant id. */
export function grant(state: LockState, waiter: Waiter): LockState {
  const grants = state.grants + 1;
  const holder = { ...waiter, grantId: `${state.pool}-${grants}` };
  const rest = dequeue(state, waiter.workflowId);
  return { ...rest, grants, holders: [...rest.holders, holder] };
}

export interface Release {
  /** The rollout that gives its permit or its place back. */
  readonly workflowId?: string;
  /** The permit given back; a release of an older permit changes nothing. */
  readonly grantId?: string;
  /** A person names the node instead. */
  readonly node?: string;
}

/** Gives back a permit or, when no permit is named, also a place in the queue. What fits nothing changes nothing. */
export function release(state: LockState, given: Release): LockState {
  const fits = (entry: Waiter): boolean =>
    (given.workflowId !== undefined && entry.workflowId === given.workflowId) ||
    (given.node !== undefined && entry.node === given.node);
  const fitsGrant = (holder: Holder): boolean =>
    fits(holder) && (given.grantId === undefined || given.grantId === holder.grantId);
  // Late news of an older permit must not cost a rollout the place it has taken since.
  const givesUpPlace = (waiter: Waiter): boolean => given.grantId === undefined && fits(waiter);
  return {
    ...state,
    holders: state.holders.filter((holder) => !fitsGrant(holder)),
    queue: state.queue.filter((waiter) => !givesUpPlace(waiter)),
  };
}

export function holderOf(state: LockState, workflowId: string): Holder | undefined {
  return state.holders.find((holder) => holder.workflowId === workflowId);
}

/** Where a rollout stands in the queue, from 1, and whom it waits behind: the holders and those before it. */
export function placeOf(state: LockState, workflowId: string): { place: number; behind: string[] } {
  const index = state.queue.findIndex((waiter) => waiter.workflowId === workflowId);
  const before = [...state.holders, ...state.queue.slice(0, Math.max(0, index))];
  return { place: index + 1, behind: before.map(({ node }) => node) };
}

function dequeue(state: LockState, workflowId: string): LockState {
  return { ...state, queue: state.queue.filter((waiter) => waiter.workflowId !== workflowId) };
}
