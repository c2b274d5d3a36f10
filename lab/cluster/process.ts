import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../../domain/present.ts';
import type { Guard } from './guard.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Appended to, so that a restart keeps the story of the first run. */
  readonly logPath: string;
  /** True when the process answers; asked every 50 ms. Leave out for a process that need not be waited for. */
  readonly isReady?: (signal: AbortSignal) => Promise<boolean>;
}

/** One child in a process group of its own. All methods may be called at any time and more than once. */
export interface ManagedProcess {
  readonly name: string;
  readonly running: boolean;
  /** That of its group as well; undefined when it does not run. */
  readonly pid: number | undefined;
  /** Starts it, unless it runs already, and resolves when it is ready; rejects with one line and its last words. */
  start(signal: AbortSignal): Promise<void>;
  /** SIGTERM, then SIGKILL after `patienceMs` (default 5 s); resolves when it has ended. */
  stop(patienceMs?: number): Promise<void>;
  /** SIGKILL to its whole group; resolves when it has ended. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface ProcessContext {
  readonly guard: Guard;
  /** Called with one line for a person when the process ends that nobody asked to end. */
  readonly onDeath: (line: string) => void;
}

const READY_WITHIN_MS = 90_000;
const PROBE_EVERY_MS = 50;

interface Run {
  readonly child: ChildProcess;
  readonly group: number;
  readonly ended: Promise<string>;
  /** Only the end of one that is `up` is news: whoever starts or ends it hears of it there. */
  state: 'starting' | 'up' | 'ending';
}

export function manageProcess(spec: ProcessSpec, context: ProcessContext): ManagedProcess {
  let run: Run | undefined;

  let launching: Promise<Run> | undefined;

  const launch = async (): Promise<Run> => {
    const current = await spawnRun(spec, context.guard);
    run = current;
    void mourn(current);
    return current;
  };

  const launchOnce = (): Promise<Run> => {
    launching ??= launch().finally(() => (launching = undefined));
    return launching;
  };

  const mourn = async (current: Run): Promise<void> => {
    const how = await current.ended;
    if (run === current) run = undefined;
    if (current.state === 'up') context.onDeath(await obituary(spec, how));
  };

  const end = async (signal: NodeJS.Signals, patienceMs: number): Promise<void> => {
    const current = run;
    if (current === undefined) return;
    current.state = 'ending';
    signalGroup(current.group, signal);
    // A frozen process sees SIGTERM only once it goes on.
    signalGroup(current.group, 'SIGCONT');
    const impatience = new AbortController();
    await Promise.race([
      current.ended,
      sleep(patienceMs, undefined, { signal: impatience.signal }).catch(() => undefined),
    ]);
    impatience.abort();
    signalGroup(current.group, 'SIGKILL');
    await current.ended;
  };

  return {
    name: spec.name,
    get running() {
      return run !== undefined;
    },
    get pid() {
      return run?.group;
    },
    async start(signal) {
      signal.throwIfAborted();
      const current = run ?? (await launchOnce());
      try {
        await untilReady(spec, current, signal);
        if (current.state === 'starting') current.state = 'up';
      } catch (error) {
        // Whoever gave up on it may have looked for it before it was there.
        if (signal.aborted) await end('SIGKILL', 0);
        throw error;
      }
    },
    stop: (patienceMs = 5_000) => end('SIGTERM', patienceMs),
    kill: () => end('SIGKILL', 5_000),
    freeze: () => run && signalGroup(run.group, 'SIGSTOP'),
    thaw: () => run && signalGroup(run.group, 'SIGCONT'),
  };
}

async function spawnRun(spec: ProcessSpec, guard: Guard): Promise<Run> {
  const log = openSync(spec.logPath, 'a');
  try {
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ['ignore', log, log],
      ...present({ cwd: spec.cwd, env: spec.env }),
    });
    const started = new Promise<number>((resolve, reject) => {
      child.once('spawn', () => resolve(child.pid ?? 0));
      child.once('error', (error) =>
        reject(new Error(`${spec.name} could not be started: ${error.message}`, { cause: error })),
      );
    });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
    const group = await started;
    guard.watch(group);
    child.once('exit', () => guard.release(group));
    return { child, group, ended, state: 'starting' };
  } finally {
    closeSync(log);
  }
}

async function untilReady(spec: ProcessSpec, run: Run, signal: AbortSignal): Promise<void> {
  if (spec.isReady === undefined) return;
  const attempt = new AbortController();
  const limit = AbortSignal.any([signal, attempt.signal, AbortSignal.timeout(READY_WITHIN_MS)]);
  let how: string | undefined;
  const noteEnd = async (): Promise<void> => {
    how = await run.ended;
    attempt.abort();
  };
  void noteEnd();
  while (!limit.aborted) {
    // While a process starts, refusing a connection is its way of saying "not yet".
    if (await spec.isReady(limit).catch(() => false)) return;
    await sleep(PROBE_EVERY_MS, undefined, { signal: limit }).catch(() => undefined);
  }
  signal.throwIfAborted();
  const ending = how === undefined ? `not ready within ${READY_WITHIN_MS / 1_000} s` : how;
  throw new Error(await obituary(spec, ending));
}

/** One line with the last words of a process; klog, zap and plain logs all put one event on one line. */
async function obituary(spec: ProcessSpec, how: string): Promise<string> {
  const log = await readFile(spec.logPath, 'utf8').catch(() => '');
  const words = log.trimEnd().split('\n').slice(-5).join(' | ');
  const said = words === '' ? 'it said nothing' : `it last said: ${words}`;
  return `${spec.name} ended (${how}); ${said} (log: ${spec.logPath})`;
}

/** Signals every process of a group; one that has ended is left alone. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // The group has ended between the look and the signal (macOS says EPERM for a zombie): that is what was wanted.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
