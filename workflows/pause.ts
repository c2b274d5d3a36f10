import { condition } from '@temporalio/workflow';
import type { Pause, SignalRecord } from '../domain/status.ts';
import { summary } from '../domain/user-metadata.ts';

/** A pause without an end is reminded of this often. */
const REMIND_EVERY_MS = 12 * 60 * 60_000;

/** What can be paused. */
interface Pausable {
  paused: Pause | undefined;
  readonly aborted?: SignalRecord | undefined;
}

/**
 * Returns once nobody has paused it, or it was aborted, which ends a pause too; `in-time`: it came to its own end. `remind` is
 * called whenever the pause has lasted long.
 */
export async function pauseOver(
  pausable: Pausable,
  remind: (because: string) => Promise<void>,
): Promise<'in-time' | 'said'> {
  while (pausable.paused && !pausable.aborted) {
    const pause = pausable.paused;
    const changed = (): boolean => pausable.paused !== pause || pausable.aborted !== undefined;
    const words = `paused by ${pause.by}: ${pause.reason}`.slice(0, 200);
    const leftMs = Math.max(1, (pause.untilMs ?? Number.MAX_SAFE_INTEGER) - Date.now());
    const mostMs = Math.min(leftMs, REMIND_EVERY_MS);
    if (await condition(changed, mostMs, { summary: summary(words) })) continue;
    if (leftMs <= REMIND_EVERY_MS) {
      pausable.paused = undefined;
      return 'in-time';
    }
    await remind(`${words}, since ${new Date(pause.atMs).toISOString()}`);
  }
  return 'said';
}
