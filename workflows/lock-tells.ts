import { getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';
import { inTurn, placeOf, type PermitRequest } from '../domain/lock-state.ts';
import type { Lock } from './lock.ts';
import * as messages from './messages.ts';

/** Those who come next are kept up to date; the others know whom they waited behind when they asked. */
const HEAD = 5;

export async function tellHead(lock: Lock): Promise<void> {
  for (const waiter of inTurn(lock.state.queue, Date.now()).slice(0, HEAD)) {
    await tellPlace(lock, waiter);
  }
}

/** Tells a waiter its place, where that is news. Whoever can be served at once needs no place. */
export async function tellPlace(lock: Lock, waiter: PermitRequest): Promise<void> {
  const { place, behind } = placeOf(lock.state, waiter.workflowId, Date.now());
  const paused = lock.paused && `the lock is paused by ${lock.paused.by}: ${lock.paused.reason}`;
  const because = paused ?? (place === 1 ? lock.because : undefined);
  if (place === 0 || (behind.length === 0 && because === undefined)) return;
  const told = { place, behind, ...(because === undefined ? {} : { because }) };
  const words = JSON.stringify(told);
  if (lock.told.get(waiter.runId) === words) return;
  lock.told.set(waiter.runId, words);
  await tell(waiter, messages.queued, told);
}

/** Whether the run is still there to hear it. */
export async function tell<T>(
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
