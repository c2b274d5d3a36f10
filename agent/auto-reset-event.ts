import type { Clock } from '../activities/clock.ts';

/** Wakes its one waiter early. When it is set while nobody waits, the next wait ends at once. */
export interface AutoResetEvent {
  set(): void;
  /** Resolves after `ms`, when it is set, or when `signal` fires; whichever is first. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function autoResetEvent(clock: Clock): AutoResetEvent {
  let isSet = false;
  let waiter: AbortController | undefined;
  return {
    set() {
      isSet = true;
      waiter?.abort();
    },
    async wait(ms, signal) {
      if (!isSet && !signal.aborted) {
        const own = new AbortController();
        const wake = () => own.abort();
        signal.addEventListener('abort', wake);
        waiter = own;
        await clock.pause(ms, own.signal);
        signal.removeEventListener('abort', wake);
        waiter = undefined;
      }
      isSet = false;
    },
  };
}
