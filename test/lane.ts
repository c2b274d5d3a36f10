import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readSummary, type Summary } from './summary.ts';

/** A run of Jest beside others. */
export interface Lane {
  readonly child: ChildProcess;
  readonly end: Promise<LaneEnd>;
}

interface LaneEnd {
  readonly code: number;
  /** Absent when it broke down before it could say. */
  readonly summary: Summary | undefined;
}

const SAY_EXIT = fileURLToPath(new URL('./say-exit.ts', import.meta.url));
const EXIT = /^process (\d+) ends with exit code (\d+)$/;

/**
 * Starts `node` with these arguments and passes on what it prints, line by line, so that lanes do not cut each other's lines.
 * Its end is known from the exit code it says last, should the process stay `limitMs` after its summary: Node 24 can stand
 * still in its own shutdown, when all JavaScript is over (https://github.com/nodejs/node/issues/64274).
 */
export function startLane(
  args: readonly string[],
  {
    write,
    limitMs = 120_000,
  }: { readonly write: (text: string) => void; readonly limitMs?: number },
): Lane {
  const child = spawn(process.execPath, ['--import', SAY_EXIT, ...args], {
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  let summary: Summary | undefined;
  let said: number | undefined;
  let limit: NodeJS.Timeout | undefined;
  let givenUp = false;
  const giveUp = (): void => {
    const after = `${limitMs / 1_000} s after the tests of process ${child.pid}`;
    if (said === undefined) {
      write(`${after} it still has these processes, and counts as failed:\n${childrenOf(child)}\n`);
    } else {
      const what = child.exitCode === null ? 'its end' : 'who holds its output';
      write(`${after}, which has ended with ${said}, ${what} is not waited for any longer\n`);
    }
    givenUp = true;
    child.kill('SIGKILL');
    // Somebody it has left behind may hold their other ends.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const [, pid, code] = EXIT.exec(line) ?? [];
      // Whatever else runs in a lane may print such words of itself.
      if (Number(pid) === child.pid) said = Number(code);
      else write(`${line}\n`);
      const told = readSummary(line);
      if (told === undefined) return;
      summary = told;
      limit ??= setTimeout(giveUp, limitMs);
    });
  }
  const end = new Promise<LaneEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      // Who is ended by somebody else, or crashes, has failed, whatever it has said before.
      resolve({ code: code ?? (givenUp ? said : undefined) ?? 1, summary });
    });
  });
  return { child, end };
}

function childrenOf({ pid }: ChildProcess): string {
  const all = execFileSync('ps', ['-A', '-o', 'ppid=,pid=,stat=,args='], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => line.trimStart().startsWith(`${pid} `))
    .join('\n');
}
