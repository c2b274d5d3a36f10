/** Wakes one waiter when something has happened, at the latest after a while. */
export interface Bell {
  ring(): void;
  /** Returns at once when it rang since the last wait; rejects with the signal's reason when that aborts. */
  wait(atMostMs: number, signal: AbortSignal): Promise<void>;
}

export function makeBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(atMostMs, signal) {
      signal.throwIfAborted();
      if (!rung) {
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
      rung = false;
      signal.throwIfAborted();
    },
  };
}

/** Rejects with the signal's reason when that aborts. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return makeBell().wait(durationMs, signal);
}
