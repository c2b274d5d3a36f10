import type { Clock } from '../time/clock.ts';
import { Host } from '../time/host.ts';
import type { Random } from '../time/random.ts';
import type { Weather } from '../world/weather.ts';
import type { Attempt } from './attempt.ts';

/** The activities of a worker, by their names. */
export type Effects = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** How long activities may go on after a worker was told to stop, as in worker/main.ts. */
const GRACE_MS = 5_000;

/** One worker process. */
export class WorkerProcess extends Host {
  /** The node it runs on, as its identity says. */
  readonly node: string | undefined;
  readonly attempts = new Set<Attempt>();
  stopping = false;
  effects: Effects = {};

  constructor(name: string, clock: Clock, node: string | undefined) {
    super(name, clock);
    this.node = node;
  }

  override kill(): void {
    super.kill();
    this.attempts.clear();
  }

  /** As by SIGTERM: nothing new is begun, and what is left after a while is handed over. */
  stop(): void {
    this.stopping = true;
    this.after(GRACE_MS, () => {
      for (const attempt of this.attempts) attempt.cancel('WORKER_SHUTDOWN');
    });
    this.after(4 * GRACE_MS, () => this.kill());
  }
}

/** All workers that poll; tasks wait until one of them is up and can reach Temporal. */
export class Workers {
  readonly all: WorkerProcess[] = [];
  /** Also those of workers that are dead: Node keeps their abort signals, and all that hangs on them, until they fire. */
  readonly unfinished = new Set<Attempt>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #weather: Weather;
  #waiting: ((worker: WorkerProcess) => void)[] = [];
  #looksAgainAtMs = 0;

  constructor(clock: Clock, random: Random, weather: Weather) {
    this.#clock = clock;
    this.#random = random;
    this.#weather = weather;
  }

  add(worker: WorkerProcess): void {
    const left = this.all.filter(({ alive }) => alive);
    this.all.splice(0, this.all.length, ...left, worker);
    this.#serve();
  }

  /** Hands a task to some worker that can take it, now or once there is one. */
  hand(task: (worker: WorkerProcess) => void): void {
    const worker = this.#free();
    if (worker) task(worker);
    else {
      this.#waiting.push(task);
      this.#pollAgain();
    }
  }

  #free(): WorkerProcess | undefined {
    const { nowMs } = this.#clock;
    return this.#random.pick(
      this.all.filter(
        (worker) =>
          worker.alive &&
          !worker.stopping &&
          worker.frozenUntilMs <= nowMs &&
          this.#weather.cutOffUntilMs('temporal', worker) <= nowMs,
      ),
    );
  }

  #serve(): void {
    const tasks = this.#waiting;
    this.#waiting = [];
    for (const task of tasks) this.hand(task);
  }

  /** Nobody is free: frost and cuts end by themselves, and dead workers come back by `add`. */
  #pollAgain(): void {
    const { nowMs } = this.#clock;
    if (this.#looksAgainAtMs > nowMs) return;
    const ends = this.all
      .filter(({ alive, stopping }) => alive && !stopping)
      .map((worker) =>
        Math.max(worker.frozenUntilMs, this.#weather.cutOffUntilMs('temporal', worker)),
      );
    if (ends.length === 0) return;
    this.#looksAgainAtMs = Math.max(nowMs + 1, Math.min(...ends));
    this.#clock.at(this.#looksAgainAtMs, () => this.#serve());
  }
}
