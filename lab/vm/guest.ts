import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, converse, type JsonSocket } from './json-socket.ts';

/** The agent of a machine that boots says nothing; it is asked again after this. */
const GREETS_WITHIN_MS = 5_000;
/** Its machine has gone down in between, or never will it answer. */
const ANSWERS_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 200;

interface Exited {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly 'out-data'?: string;
  readonly 'err-data'?: string;
}

/** What one does on a machine as root, by QEMU's guest agent: it needs neither a network nor a password. */
export class Guest {
  readonly #path: string;
  readonly #lifetime: AbortSignal;
  /** It hears one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  /** `path` is the socket that QEMU has the agent's port on; nobody waits for it once `lifetime` is aborted. */
  constructor(path: string, lifetime: AbortSignal) {
    this.#path = path;
    this.#lifetime = lifetime;
  }

  /**
   * Runs a script of `sh` and answers with what it prints. Waits for a machine that boots; rejects with the words of a script
   * that fails, and when `signal` is aborted.
   */
  run(script: string, signal: AbortSignal): Promise<string> {
    const either = AbortSignal.any([signal, this.#lifetime]);
    const mine = this.#last.then(() => this.#run(script, either));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #run(script: string, signal: AbortSignal): Promise<string> {
    const words = { path: '/bin/sh', arg: ['-c', script], 'capture-output': true };
    const started = await this.#whenThere(signal, (socket) => ask(socket, 'guest-exec', words));
    return this.#outcome(script, (started as { readonly pid: number }).pid, signal);
  }

  async #outcome(script: string, pid: number, signal: AbortSignal): Promise<string> {
    for (; ; await pause(LOOK_EVERY_MS, undefined, { signal })) {
      const look = await this.#whenThere(
        signal,
        async (socket) => (await ask(socket, 'guest-exec-status', { pid })) as Exited,
      );
      if (!look.exited) continue;
      if (look.exitcode === 0) return textOf(look['out-data']).trim();
      const words = textOf(look['err-data']).trim() || textOf(look['out-data']).trim();
      throw new Error(`on the machine, "${script}" ended with ${look.exitcode}: ${words}`);
    }
  }

  /** Speaks with the agent once it answers to a number that only this conversation knows. */
  async #whenThere<T>(signal: AbortSignal, work: (socket: JsonSocket) => Promise<T>): Promise<T> {
    for (;;) {
      const silence = new AbortController();
      const late = (ms: number): NodeJS.Timeout =>
        setTimeout(() => silence.abort(new Error('the agent of the machine says nothing')), ms);
      let timer = late(GREETS_WITHIN_MS);
      let there = false;
      try {
        return await converse(
          this.#path,
          AbortSignal.any([signal, silence.signal]),
          async (socket) => {
            await greet(socket);
            clearTimeout(timer);
            timer = late(ANSWERS_WITHIN_MS);
            there = true;
            return work(socket);
          },
        );
      } catch (error) {
        signal.throwIfAborted();
        if (there) throw error;
        await pause(LOOK_EVERY_MS, undefined, { signal });
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

/** Whatever was said to somebody before is passed over. */
async function greet(socket: JsonSocket): Promise<void> {
  const id = randomInt(1, 2 ** 31);
  socket.say({ execute: 'guest-sync', arguments: { id } });
  while ((await socket.answer()).return !== id);
}

const textOf = (base64 = ''): string => Buffer.from(base64, 'base64').toString('utf8');
