import { getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';
import { inTurn, placeOf, type PermitRequest } from '../domain/lock-state.ts';
import { sayPause } from '../domain/status-text.ts';
import type { QueuePlace } from '../domain/status.ts';
import type { Lock } from './lock.ts';
import * as messages from './messages.ts';

/** Those who come next are kept up to date; the others know whom they waited behind when they asked. */
const HEAD = 5;

export async function tellHead(lock: Lock): Promise<void> {
  const head = inTurn(lock.state.queue, Date.now()).slice(0, HEAD);
  // Side by side: a Temporal that is slow must not keep the lock from its next look for five signals' time.
  await Promise.all(head.map((waiter) => tellPlace(lock, waiter)));
}

/** Tells a waiter its place, where that is news. Whoever can be served at once needs no place. */
export async function tellPlace(lock: Lock, waiter: PermitRequest): Promise<void> {
  const place = whatToTell(lock, waiter);
  if (!place) {
    lock.untold.set(waiter.runId, waiter);
    return;
  }
  lock.untold.delete(waiter.runId);
  const words = JSON.stringify(place);
  if (place.place === 0 || lock.told.get(waiter.runId) === words) return;
  lock.told.set(waiter.runId, words);
  await tell(waiter, messages.queued, place);
}

function whatToTell(lock: Lock, { workflowId }: PermitRequest): QueuePlace | undefined {
  const { place, behind } = placeOf(lock.state, workflowId, Date.now());
  const { paused } = lock;
  const because = paused ? `the lock is ${sayPause(paused)}` : place === 1 && lock.because;
  if (!because) return behind.length > 0 ? { place, behind } : undefined;
  return { place, behind, because };
}

/** Those who had nobody before them when they asked, and now have. */
export async function tellOvertaken(lock: Lock): Promise<void> {
  for (const waiter of lock.untold.values()) {
    const { place, behind } = placeOf(lock.state, waiter.workflowId, Date.now());
    if (place === 0) lock.untold.delete(waiter.runId);
    else if (behind.length > 0) await tellPlace(lock, waiter);
  }
}

/**
 * Whether the run is still there to hear it. One that was reset goes on as another run, which remembers that it has asked and
 * would wait for an answer: that one is made to ask anew.
 */
export async function tell<T>(
  to: { workflowId: string; runId: string },
  signal: SignalDefinition<[T?]>,
  what: T,
): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(to.workflowId, to.runId).signal(signal, what);
    return true;
  } catch {
    const successor = getExternalWorkflowHandle(to.workflowId);
    // Not waited for: a lock can continue as new only while nobody is being told anything.
    void successor.signal(messages.recheck).catch(() => undefined);
    return false;
  }
}
