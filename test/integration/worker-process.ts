import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
const PATIENCE_MS = 60_000;

/** One line of its log. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly because?: string;
  readonly [field: string]: unknown;
}

/** A worker as a process of its own, and everything it says. */
export class WorkerProcess {
  readonly lines: Line[] = [];
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  private heard = (): void => undefined;

  /** `env`: all it gets, besides PATH. */
  constructor(env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.child, 'exit').then(([code]) => code as number | null);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (text) => {
        this.lines.push(parse(text));
        this.heard();
      });
    }
  }

  /** Everything it has said that is worse than information. */
  get complaints(): readonly Line[] {
    return this.lines.filter(({ level }) => level !== 'INFO');
  }

  /** Who it is to Temporal, once it has started. */
  get identity(): unknown {
    return this.lines.find(({ message }) => message === 'worker started')?.['identity'];
  }

  /** The first line with this message, now or later; rejects with all that was said instead. */
  async says(message: string): Promise<Line> {
    const endMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.find((line) => line.message === message);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.heard = resolve;
      const timer = setTimeout(resolve, Math.max(0, endMs - Date.now()));
      await promise;
      clearTimeout(timer);
      if (Date.now() >= endMs) {
        throw new Error(`it never said "${message}", but ${JSON.stringify(this.lines)}`);
      }
    }
  }

  /** Its exit code, once it has ended by itself. */
  exitCode(): Promise<number | null> {
    return this.ended;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}

function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return { level: 'TEXT', message: text };
  }
}
