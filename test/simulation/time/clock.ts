import { settle } from './settle.ts';

/** Something that will happen; `off` takes it back. */
export interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => unknown;
  off: boolean;
}

/** Time that passes only when nothing is left to do at the present moment. */
export class Clock {
  nowMs: number;
  /** Alarms that have rung: what the course so far has cost. */
  rung = 0;
  #order = 0;
  readonly #heap: Alarm[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Alarms of the same moment ring in the order in which they were set. */
  at(atMs: number, act: () => unknown): Alarm {
    this.#order += 1;
    const alarm = { atMs: Math.max(atMs, this.nowMs), order: this.#order, act, off: false };
    this.#push(alarm);
    return alarm;
  }

  after(durationMs: number, act: () => unknown): Alarm {
    // Clocks show whole milliseconds.
    return this.at(this.nowMs + Math.max(0, Math.ceil(durationMs)), act);
  }

  /** Lets time pass until `done` or until the deadline; one thing happens at a time. */
  async runUntil(done: () => boolean, deadlineMs: number): Promise<void> {
    await settle();
    while (!done()) {
      const next = this.#heap[0];
      if (!next || next.atMs > deadlineMs) {
        this.nowMs = Math.max(this.nowMs, deadlineMs);
        return;
      }
      this.#pop();
      if (next.off) continue;
      this.nowMs = next.atMs;
      this.rung += 1;
      await next.act();
      await settle();
    }
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(alarm);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || isBefore(above, alarm)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && isBefore(right, left)) child += 1;
      const below = heap[child];
      if (!below || isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Alarm, other: Alarm): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
