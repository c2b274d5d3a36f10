import type { QuietPool } from '../../domain/quiet.ts';
import type { Deps } from '../deps.ts';
import { notifiedIn, type Remembered } from './overdue.ts';

/**
 * Notifies people of the pools that are quiet at `atMs`: once, and again after as long as makes a pool quiet; `before` is what
 * the scan before this one remembered.
 */
export async function notifyQuiet(
  { notices, policy }: Pick<Deps, 'notices' | 'policy'>,
  quiet: readonly QuietPool[],
  { before, atMs }: { before: Remembered; atMs: number },
): Promise<Remembered> {
  // What is remembered of a node is not for here, however young a clock that was ahead makes it.
  const recent = [...new Set(before)].filter((id) => {
    const pool = policy.current().pools.find(({ name }) => id.startsWith(ofPool(name)));
    if (pool === undefined || pool.quietAfter === 'never') return false;
    return atMs - notifiedIn(id).atMs < pool.quietAfter;
  });
  const notified = [...recent];
  const event = 'quiet';
  for (const { pool, because, forMs, afterMs } of quiet) {
    // A pool that asks once and loses that node is as quiet as before, and people know it.
    if (recent.some((id) => id.startsWith(ofPool(pool)))) continue;
    if (!notices.wanted({ event, pool })) continue;
    const sinceMs = atMs - forMs;
    const id = `${ofPool(pool)}${event}/${sinceMs}`;
    // The same for a scan that is made twice, another one for each time that people are reminded.
    const times = Math.floor(forMs / afterMs);
    await notices.notify({ id: `${id}/${times}`, event, atMs, pool, because, sinceMs });
    notified.push(`${id}/${atMs}`);
  }
  return notified;
}

/** No node can be called so. */
const ofPool = (pool: string): string => `pool:${pool}/`;
