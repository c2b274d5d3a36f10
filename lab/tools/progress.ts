import type { ProgressSink } from './contract.ts';

const LINE_EVERY_MS = 10_000;

/** What one tool is at; a line appears when that begins, at least every 10 s while it goes on, and when it is done. */
export interface Progress {
  /** Says what happens now. */
  say(text: string): void;
  /** Runs slow work that is described by `now`, asked anew for each line, with the time passed. */
  during<T>(now: () => string, work: () => Promise<T>): Promise<T>;
}

export function progressOf(label: string, log: ProgressSink): Progress {
  const say = (text: string): void => log(`${label}: ${text}`);
  return {
    say,
    async during(now, work) {
      const from = performance.now();
      say(now());
      const ticker = setInterval(() => say(`${now()} (${passed(from)})`), LINE_EVERY_MS);
      try {
        return await work();
      } finally {
        clearInterval(ticker);
      }
    },
  };
}

/** Time since `from` (of `performance.now`) in words: `8 s`, `2 min 05 s`. */
export function passed(from: number): string {
  const total = Math.round((performance.now() - from) / 1_000);
  if (total < 60) return `${total} s`;
  return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`;
}
