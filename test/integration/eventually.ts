import { setTimeout as pause } from 'node:timers/promises';

/** Tries until it neither throws nor is false; then the last error is the one that counts. */
export async function eventually<T>(
  what: () => Promise<T> | T,
  withinMs = 60_000,
): Promise<Exclude<T, false>> {
  let error: unknown;
  for (const untilMs = Date.now() + withinMs; Date.now() < untilMs; await pause(20)) {
    try {
      const value = await what();
      if (value !== false) return value as Exclude<T, false>;
      error = new Error(`did not come true within ${withinMs / 1000} s: ${what.toString()}`);
    } catch (thrown) {
      error = thrown;
    }
  }
  throw error;
}
