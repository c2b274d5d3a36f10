import { condition, log } from '@temporalio/workflow';
import { sayOpened } from '../domain/opened-window.ts';
import { quick } from './activities.ts';
import type { Lock } from './lock.ts';

/** A window that a person has opened ends by itself. */
export async function endWindows(lock: Lock): Promise<never> {
  for (;;) {
    await condition(() => lock.window !== undefined);
    const { window } = lock;
    if (!window) continue;
    const leftMs = Math.max(1, window.untilMs - Date.now());
    const summary = sayOpened(window).slice(0, 200);
    if (await condition(() => lock.window !== window, leftMs, { summary })) continue;
    log.info('window is over', { pool: lock.state.pool, window: summary });
    lock.window = undefined;
    lock.show();
  }
}

/** Who waits for a window looks rarely: it is told when one is opened or closed. */
export async function tellOfWindows(lock: Lock): Promise<never> {
  for (;;) {
    await condition(() => lock.untold !== undefined);
    const { untold, state } = lock;
    if (!untold) continue;
    const tell = quick(`tell the rollouts of ${state.pool} of its window`);
    await tell.tellPool({ pool: state.pool, ...untold });
    // Another word has come meanwhile: they are told once more.
    if (lock.untold === untold) lock.untold = undefined;
  }
}
