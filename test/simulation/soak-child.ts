import { fork, type ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Finding } from './search.ts';

const SOAK = fileURLToPath(new URL('soak-main.ts', import.meta.url));
/** Who was asked to stop and has not by then is ended. */
const GRACE_MS = 30_000;

export interface Told {
  readonly findings: readonly Finding[];
  readonly histories: number;
  /** Those that were lived to their end, as its progress shows them. */
  readonly lived: number;
  readonly reboots: number;
}

interface SoakChild {
  readonly process: ChildProcess;
  /** Settles when it has ended, whatever it ended of. */
  readonly told: Promise<Told>;
}

/**
 * `npm run soak -- --json`, in a process of its own, whose clock it replaces. It shows on stderr how it goes; it is stopped
 * after `withinMs` and then tells what it has found so far, and it stops by itself when this process is gone.
 */
export function startSoak(args: readonly string[], withinMs: number): SoakChild {
  const child = fork(SOAK, ['--json', ...args], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stderr?.on('data', (said: Buffer) => process.stderr.write(said));
  const stop = setTimeout(() => child.kill('SIGTERM'), withinMs);
  const end = setTimeout(() => child.kill('SIGKILL'), withinMs + GRACE_MS);
  const told = toldBy(child).finally(() => {
    clearTimeout(stop);
    clearTimeout(end);
  });
  return { process: child, told };
}

async function toldBy(child: ChildProcess): Promise<Told> {
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const output = await text(child.stdout as Readable);
  const how = await ended;
  if (output === '') throw new Error(`the simulation broke down (${how}): see what it said above`);
  return JSON.parse(output) as Told;
}

/** How long Jest has to wait at least for a child that is stopped after `withinMs`. */
export const jestWithinMs = (withinMs: number): number => withinMs + 2 * GRACE_MS;
