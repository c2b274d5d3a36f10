import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
  type SignalDefinition,
} from '@temporalio/workflow';
import {
  emptyLock,
  enqueue,
  grant,
  holderOf,
  placeOf,
  release as giveBack,
  type LockState,
  type PermitRequest,
  type Waiter,
} from '../domain/lock-state.ts';
import type { LockStatus, Word } from '../domain/status.ts';
import { readWord } from '../domain/word.ts';
import { looking } from './effects.ts';
import { interruptible } from './interrupt.ts';
import * as messages from './messages.ts';

export interface LockInput {
  readonly pool: string;
  /** What the former run of this lock handed over. */
  readonly carried?: { readonly state: LockState; readonly paused?: Word };
}

/**
 * The lock of one pool: one serial authority that grants permits in the order they were asked for, after counting the live
 * cluster. It never ends; it continues as new when its history has grown, and takes everything along.
 */
export async function poolLock({ pool, carried }: LockInput): Promise<never> {
  const lock = openLock(carried?.state ?? emptyLock(pool), carried?.paused);
  for (;;) {
    await condition(() => lock.mayGrant() || workflowInfo().continueAsNewSuggested);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const { state, paused } = lock;
      await continueAsNew<typeof poolLock>({
        pool,
        carried: { state, ...(paused ? { paused } : {}) },
      });
    }
    await serveFirst(lock);
  }
}

interface Lock {
  state: LockState;
  paused: Word | undefined;
  /** Why the first in the queue has to wait. */
  because: string | undefined;
  /** Counts what makes a fresh look worth while. */
  news: number;
  mayGrant(): boolean;
}

function openLock(state: LockState, paused: Word | undefined): Lock {
  const lock: Lock = {
    state,
    paused,
    because: undefined,
    news: 0,
    mayGrant: () => lock.state.queue.length > 0 && !lock.paused,
  };
  const change = (next: LockState): void => {
    lock.state = next;
    lock.news += 1;
    show(lock);
  };
  setHandler(
    messages.requestPermit,
    async (request) => {
      change(enqueue(lock.state, request, Date.now()));
      const holder = holderOf(lock.state, request.workflowId);
      // Whether it hears or not, it keeps its permit: its node may be in the middle of a reboot.
      if (holder) await tell(holder, messages.permitGranted, { grantId: holder.grantId });
      else await tellPlace(lock, request);
    },
    { description: 'From a rollout: join the queue.' },
  );
  setHandler(messages.release, (given) => change(giveBack(lock.state, given ?? {})), {
    description: 'From a rollout, or from a person: {"node": …} gives its permit back.',
  });
  setHandler(
    messages.pause,
    async (sent) => {
      lock.paused = readWord(sent, Date.now());
      change(lock.state);
      await tellHead(lock);
    },
    { description: 'Grant nothing until resumed. Optional input: {"reason": …, "by": …}.' },
  );
  setHandler(
    messages.resume,
    () => {
      lock.paused = undefined;
      change(lock.state);
    },
    { description: 'Grant again.' },
  );
  setHandler(messages.recheck, () => change(lock.state), { description: 'Count again now.' });
  setHandler(messages.lockStatus, () => statusOf(lock), {
    description: 'Who has a permit, who waits, and why.',
  });
  show(lock);
  return lock;
}

/** Waits for room for the first in the queue and grants it, unless something changes meanwhile. */
async function serveFirst(lock: Lock): Promise<void> {
  const [first] = lock.state.queue;
  if (!first) return;
  const heard = lock.news;
  const found = await interruptible(
    () =>
      looking(`room for ${first.node}`).findRoom({
        pool: lock.state.pool,
        candidate: first.node,
        holders: lock.state.holders.map(({ node }) => node),
        ...(lock.because === undefined ? {} : { known: lock.because }),
      }),
    () => lock.news > heard,
  );
  // Whoever came or went meanwhile changes the count: look again.
  if (!found || lock.news > heard) return;
  lock.because = found.room ? undefined : found.because;
  show(lock);
  if (found.room) await grantTo(lock, first);
  await tellHead(lock);
}

/** A waiter that is gone is dropped: it never had the node. */
async function grantTo(lock: Lock, waiter: Waiter): Promise<void> {
  lock.state = grant(lock.state, waiter);
  const holder = holderOf(lock.state, waiter.workflowId);
  if (!holder) return;
  const { node, grantId, workflowId } = holder;
  log.info('permit granted', { pool: lock.state.pool, node, grantId });
  if (!(await tell(holder, messages.permitGranted, { grantId }))) {
    lock.state = giveBack(lock.state, { workflowId, grantId });
    log.warn('waiter is gone', { pool: lock.state.pool, node });
  }
  show(lock);
}

/** Those who come next are kept up to date; the others know whom they waited behind when they asked. */
const HEAD = 5;

async function tellHead(lock: Lock): Promise<void> {
  for (const waiter of lock.state.queue.slice(0, HEAD)) await tellPlace(lock, waiter);
}

/** Whoever can be served at once needs no place. */
async function tellPlace(lock: Lock, waiter: PermitRequest): Promise<void> {
  const { place, behind } = placeOf(lock.state, waiter.workflowId);
  const paused = lock.paused && `the lock is paused by ${lock.paused.by}: ${lock.paused.reason}`;
  const because = paused ?? (place === 1 ? lock.because : undefined);
  if (place === 0 || (behind.length === 0 && because === undefined)) return;
  const told = { place, behind, ...(because === undefined ? {} : { because }) };
  await tell(waiter, messages.queued, told);
}

async function tell<T>(
  to: { workflowId: string; runId: string },
  signal: SignalDefinition<[T?]>,
  what: T,
): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(to.workflowId, to.runId).signal(signal, what);
    return true;
  } catch {
    return false;
  }
}

function statusOf({ state, because, paused }: Lock): LockStatus {
  return {
    pool: state.pool,
    holders: state.holders.map(({ node, grantId, sinceMs }) => ({ node, grantId, sinceMs })),
    queue: state.queue.map(({ node, sinceMs }) => ({ node, sinceMs })),
    ...(because === undefined ? {} : { because }),
    ...(paused ? { paused } : {}),
  };
}

function show(lock: Lock): void {
  const { holders, queue, because, paused } = statusOf(lock);
  setCurrentDetails(
    [
      `**permits**: ${names(holders)}`,
      `**queue**: ${names(queue)}`,
      ...(because === undefined ? [] : [`- the first waits: ${because}`]),
      ...(paused ? [`- paused by ${paused.by}: ${paused.reason}`] : []),
    ].join('\n'),
  );
}

const names = (list: readonly { node: string }[]): string =>
  list.map(({ node }) => node).join(', ') || 'nobody';
