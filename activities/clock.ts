/** Time as a process sees it: its own clock, and a pause that ends early, without error, when `signal` fires. */
export interface Clock {
  now(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  pause(ms, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  },
};

const BACK_OFF = { firstMs: 1_000, mostMs: 30_000 } as const;

/**
 * Pause before the next try, 1 s to 30 s, doubling, with jitter over its upper half: a thousand agents
 * that lost the same API server do not come back in the same instant.
 */
export function backOffMs(failures: number, random: number): number {
  const ceiling = Math.min(BACK_OFF.mostMs, BACK_OFF.firstMs * 2 ** Math.max(0, failures - 1));
  return Math.max(BACK_OFF.firstMs, ceiling * (0.5 + random / 2));
}
