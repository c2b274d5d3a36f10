import { heartbeat } from '@temporalio/activity';

const HEARTBEAT_MS = 3_000;

/**
 * Runs an activity that has nothing to tell while it works, keeping the heartbeat for it: so that the server soon knows of a worker that
 * was lost in the middle, and an attempt that was given up hears of it.
 */
export async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(heartbeat, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
