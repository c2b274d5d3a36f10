import { execFile, type ExecFileOptions } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Storage that works on every kernel and file system; slower than others. */
const ENV = { STORAGE_DRIVER: 'vfs', ...process.env };

/** Aborted by Ctrl-C: programs that run are ended, and no new one starts. */
export const interruption = new AbortController();

export interface ToolOptions extends Pick<ExecFileOptions, 'cwd' | 'killSignal'> {
  /** Beside the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program and answers with what it printed; its last words are in the error. Ends with the interruption. */
export async function tool(
  program: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  return runTool(program, args, { signal: interruption.signal, ...options });
}

/** The same for what cleans up: an interruption does not keep it from running. */
export async function toolAnyway(program: string, args: readonly string[]): Promise<string> {
  return runTool(program, args, {});
}

async function runTool(
  program: string,
  args: readonly string[],
  { input, env, ...options }: ToolOptions,
): Promise<string> {
  options.signal?.throwIfAborted();
  try {
    const limits = { maxBuffer: 256 * 1024 * 1024, encoding: 'utf8' } as const;
    const running = run(program, args, { env: { ...ENV, ...env }, ...options, ...limits });
    const { stdin } = running.child;
    // A program may end before it has read anything: what became of it is in its exit status.
    stdin?.on('error', () => undefined);
    if (input === undefined) stdin?.end();
    else stdin?.end(input);
    const { stdout } = await running;
    return stdout.trim();
  } catch (error) {
    options.signal?.throwIfAborted();
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const words = stderr.trim().split('\n').slice(-15).join('\n') || message;
    throw new Error(`${program} ${args[0]} failed:\n${words}`, { cause: error });
  }
}
