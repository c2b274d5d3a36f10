/** Wakes its one waiter when something has happened, at the latest after a while. */
export interface AutoResetEvent {
  set(): void;
  /** Returns at once when it was set since the last wait; rejects with the signal's reason when that aborts. */
  wait(atMostMs: number, signal: AbortSignal): Promise<void>;
}

export function autoResetEvent(): AutoResetEvent {
  let isSet = false;
  let wake: (() => void) | undefined;
  return {
    set() {
      isSet = true;
      wake?.();
    },
    async wait(atMostMs, signal) {
      signal.throwIfAborted();
      if (!isSet) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, Math.max(0, atMostMs));
          function done(): void {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resolve();
          }
          wake = done;
          signal.addEventListener('abort', done, { once: true });
        });
      }
      isSet = false;
      signal.throwIfAborted();
    },
  };
}

/** Rejects with the signal's reason when that aborts. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return autoResetEvent().wait(durationMs, signal);
}
