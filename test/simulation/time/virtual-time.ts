import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from './clock.ts';
import { thisHost } from './host.ts';
import type { Random } from './random.ts';

const real = {
  Date: globalThis.Date,
  random: Math.random,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  abortAfter: AbortSignal.timeout.bind(AbortSignal),
};

/** The handle of a virtual timer. */
class Timer {
  ended = false;
  unref(): this {
    return this;
  }
  ref(): this {
    return this;
  }
}

export interface VirtualTime {
  readonly clock: Clock;
  readonly random: Random;
  /** What a Date shows: the clock's time, except where somebody lives in the past. */
  readonly nowMs: () => number;
}

type Call = (...args: unknown[]) => unknown;

/** Runs with the clock, the timers and the chance of this process replaced: whatever code asks for them gets virtual ones. */
export async function inVirtualTime<T>(time: VirtualTime, run: () => Promise<T>): Promise<T> {
  install(time);
  try {
    return await run();
  } finally {
    Object.assign(globalThis, {
      Date: real.Date,
      setTimeout: real.setTimeout,
      clearTimeout: real.clearTimeout,
      setInterval: real.setInterval,
      clearInterval: real.clearInterval,
    });
    Math.random = real.random;
    AbortSignal.timeout = real.abortAfter;
  }
}

function install({ clock, random, nowMs }: VirtualTime): void {
  const after = (timer: Timer, durationMs: number, ring: () => void): void => {
    // As Node's own timers: what runs later runs in the context of whoever asked.
    const inContext = AsyncLocalStorage.bind(ring);
    const alarm = (): void => {
      if (!timer.ended) inContext();
    };
    const host = thisHost();
    if (host) host.after(durationMs, alarm);
    else clock.after(durationMs, alarm);
  };
  const setTimeout = (call: Call, durationMs = 0, ...args: unknown[]): Timer => {
    const timer = new Timer();
    after(timer, Math.max(1, durationMs), () => void call(...args));
    return timer;
  };
  const setInterval = (call: Call, durationMs = 0, ...args: unknown[]): Timer => {
    const timer = new Timer();
    const again = (): void =>
      after(timer, Math.max(1, durationMs), () => {
        again();
        call(...args);
      });
    again();
    return timer;
  };
  Object.assign(globalThis, {
    Date: virtualDate(nowMs),
    setTimeout,
    setInterval,
    clearTimeout: clear,
    clearInterval: clear,
  });
  Math.random = random.next;
  AbortSignal.timeout = (durationMs) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException('timed out', 'TimeoutError')), durationMs);
    return controller.signal;
  };
}

function clear(timer?: Timer): void {
  if (timer) timer.ended = true;
}

function virtualDate(nowMs: () => number): DateConstructor {
  return class extends real.Date {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(nowMs());
      else super(...(args as [number]));
    }
    static override now(): number {
      return nowMs();
    }
  } as DateConstructor;
}
