import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { present } from '../../domain/present.ts';
import type { Guard } from '../cluster/guard.ts';
import { signalGroup } from '../cluster/process.ts';

export interface ChildRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Every line of both outputs, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
  readonly guard: Guard;
}

const LAST_WORDS = 3;

/** Runs a program to its end and resolves with its output; rejects with its last words. Aborting ends it and its children. */
export async function runChild(run: ChildRun): Promise<string> {
  run.signal.throwIfAborted();
  const child = spawn(run.command, run.args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...present({ cwd: run.cwd }),
    env: run.env ?? process.env,
  });
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      run.onLine?.(line);
    });
  }
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`${run.command} is not installed`) : error),
    );
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const group = child.pid;
  const end = (): void => {
    if (group !== undefined) signalGroup(group, 'SIGKILL');
  };
  if (group !== undefined) run.guard.watch(group);
  run.signal.addEventListener('abort', end, { once: true });
  try {
    const how = await ended;
    run.signal.throwIfAborted();
    if (how === 0) return lines.join('\n');
    const words = lines.slice(-LAST_WORDS).join(' | ');
    throw new Error(`${run.command} ${run.args[0] ?? ''} ended with ${how}: ${words}`);
  } finally {
    run.signal.removeEventListener('abort', end);
    if (group !== undefined) run.guard.release(group);
  }
}
