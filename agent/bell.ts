import type { Clock } from '../activities/clock.ts';

/** Wakes one sleeper early. A ring while nobody sleeps ends the next sleep at once. */
export interface Bell {
  ring(): void;
  /** Resolves after `ms`, at a ring, or when `signal` fires; whichever is first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = false;
  let sleeper: AbortController | undefined;
  return {
    ring() {
      rung = true;
      sleeper?.abort();
    },
    async sleep(ms, signal) {
      if (!rung && !signal.aborted) {
        const own = new AbortController();
        const wake = () => own.abort();
        signal.addEventListener('abort', wake);
        sleeper = own;
        await clock.pause(ms, own.signal);
        signal.removeEventListener('abort', wake);
        sleeper = undefined;
      }
      rung = false;
    },
  };
}
