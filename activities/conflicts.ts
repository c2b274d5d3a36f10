import { cancellationSignal } from '@temporalio/activity';
import { pause } from './auto-reset-event.ts';
import { failure } from './failure.ts';

/** A node that somebody writes all the time is not fought over. */
const MOST_CONFLICTS = 10;
const PAUSE_MS = 100;

/**
 * Tries a conditional update until it is no conflict, with a growing pause after each. Fails as `node-busy` after ten of them:
 * then it is tried again later, and the message says why. `doing` is what cannot be done, such as "n1 cannot be cordoned".
 */
export async function pastConflicts<T>(
  doing: string,
  attempt: () => Promise<T | 'conflict'>,
): Promise<T> {
  for (let conflicts = 1; ; conflicts += 1) {
    const done = await attempt();
    if (done !== 'conflict') return done;
    if (conflicts === MOST_CONFLICTS) {
      const because = `somebody changes the node all the time (${MOST_CONFLICTS} conflicts)`;
      throw failure('node-busy', `${doing}: ${because}`);
    }
    await pause(PAUSE_MS * conflicts, cancellationSignal());
  }
}
