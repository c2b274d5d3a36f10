import { performance } from 'node:perf_hooks';
import type { SoakArgs } from './args.ts';
import type { History } from './history.ts';
import type { Where } from './search.ts';

const MINUTE_MS = 60_000;
/** Told on a terminal, and where the output goes into a file. */
const TELL_EVERY_MS = { terminal: 500, file: 30_000 };

const count = (number: number): string => Math.round(number).toLocaleString('en');

/** Counts what was lived through, and shows it from time to time on stderr. */
export class Progress {
  readonly sum = { lived: 0, hours: 0, rollouts: 0, reboots: 0 };
  readonly #args: SoakArgs;
  readonly #beganMs = performance.now();
  /** The first history is told of at once: whoever waits sees that something happens. */
  #toldMs = Number.NEGATIVE_INFINITY;

  #at: Where | undefined;

  constructor(args: SoakArgs) {
    this.#args = args;
    process.on('exit', this.#brokeDown);
  }

  /** Where the code of the simulation has failed, or waits for what never comes. */
  readonly #brokeDown = (): void => {
    if (this.#at === undefined) return;
    const { seed, path } = this.#at;
    process.stderr.write(`soak: ended in the middle of --seed ${seed} --path ${path}\n`);
  };

  get words(): string {
    const { lived, hours, rollouts, reboots } = this.sum;
    return (
      `${count(lived)} histories, ${count(hours)} hours, ${count(rollouts)} rollouts, ` +
      `${count(reboots)} reboots, seed ${this.#args.seed}`
    );
  }

  begin(where: Where): void {
    this.#at = where;
  }

  tell({ hours, rollouts, reboots }: History): void {
    this.sum.lived += 1;
    this.sum.hours += hours;
    this.sum.rollouts += rollouts;
    this.sum.reboots += reboots;
    const { minutes, runs } = this.#args;
    const goneMs = performance.now() - this.#beganMs;
    const left =
      minutes === undefined
        ? ''
        : `, ${Math.max(0, Math.ceil(minutes - goneMs / MINUTE_MS))} min left`;
    this.#say(() => `${this.words}${runs === undefined ? '' : ` of ${runs}`}${left}`);
  }

  /** At once, so that it is known whatever happens to this process from now on. */
  tellFinding(words: string): void {
    this.#clear();
    process.stderr.write(`${words}\n`);
  }

  tellTry(tries: number): void {
    this.#say(() => `looking for a smaller such history, try ${tries}`);
  }

  #say(words: () => string): void {
    const nowMs = performance.now();
    const { isTTY } = process.stderr;
    if (nowMs - this.#toldMs < (isTTY ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.file)) return;
    this.#toldMs = nowMs;
    process.stderr.write(isTTY ? `\r\u001b[2Ksoak: ${words()}` : `soak: ${words()}\n`);
  }

  end(): void {
    process.off('exit', this.#brokeDown);
    this.#clear();
  }

  #clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  }
}
