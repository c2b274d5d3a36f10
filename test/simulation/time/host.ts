import { AsyncLocalStorage } from 'node:async_hooks';
import type { Alarm, Clock } from './clock.ts';

/**
 * A process whose code runs in virtual time: it can be killed or stand still at any moment. Code in the middle of an await
 * then never goes on, or later; that is how a killed and a frozen process look from outside.
 */
export class Host {
  readonly name: string;
  readonly clock: Clock;
  alive = true;
  /** Stands still until then. */
  frozenUntilMs = 0;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.clock = clock;
  }

  /** Runs code as this process. */
  run<T>(code: () => T): T {
    return here.run(this, code);
  }

  kill(): void {
    this.alive = false;
  }

  /** As the clock's `after`, except that a dead process hears nothing and a frozen one later. */
  after(durationMs: number, act: () => unknown): Alarm {
    return this.clock.after(durationMs, () => this.#ring(act));
  }

  #ring(act: () => unknown): unknown {
    if (!this.alive) return undefined;
    if (this.clock.nowMs < this.frozenUntilMs) {
      this.clock.at(this.frozenUntilMs, () => this.#ring(act));
      return undefined;
    }
    return act();
  }
}

const here = new AsyncLocalStorage<Host>();

/** The process whose code is running; undefined outside of all of them. */
export const thisHost = (): Host | undefined => here.getStore();
