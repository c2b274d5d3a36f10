import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ensureEveryTool } from '../lab/tools/ensure.ts';
import { readSummary, saySummary, type Summary } from './summary.ts';

/**
 * `npm test` and `npm run test:long`. With arguments it is Jest; without any it runs its suite in two lanes side by side,
 * because a lab mostly waits. Within a lane one file follows the other: the integration tests share a cluster, and skipped
 * time is a server's own.
 */
const SUITES = {
  quick: [
    ['labs', 'workflows'],
    ['unit', 'simulation', 'integration'],
  ],
  long: [['other-labs'], ['faults', 'slow-integration', 'long-simulation', 'images']],
} as const;

const JEST = fileURLToPath(import.meta.resolve('jest/bin/jest'));

function jest(args: readonly string[], stdio: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, ['--experimental-vm-modules', JEST, ...args], { stdio });
}

/** The exit code; a run that a signal has ended counts as failed. */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

interface Lane {
  readonly code: number;
  /** Absent when it broke down before it could say. */
  readonly summary: Summary | undefined;
}

async function runLane(child: ChildProcess): Promise<Lane> {
  let summary: Summary | undefined;
  for (const stream of [child.stdout, child.stderr] as Readable[]) {
    // Line by line, so that the two lanes do not cut each other's lines.
    createInterface({ input: stream }).on('line', (line) => {
      process.stdout.write(`${line}\n`);
      summary = readSummary(line) ?? summary;
    });
  }
  return { code: await ended(child), summary };
}

const isSuite = (word: string): word is keyof typeof SUITES => word in SUITES;

async function main(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  const children: ChildProcess[] = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted.abort();
      children.forEach((child) => child.kill(signal));
    });
  }
  const start = (words: readonly string[], stdio: 'inherit' | 'pipe'): ChildProcess => {
    const child = jest(words, stdio);
    children.push(child);
    return child;
  };
  const [suite = '', ...words] = args;
  if (!isSuite(suite)) throw new Error(`the suite is one of ${Object.keys(SUITES).join(', ')}`);
  if (words.length > 0) return await ended(start(words, 'inherit'));

  // Before anything is timed: what has to be built the first time takes both cores for minutes.
  await ensureEveryTool({ log: (line) => console.log(line), signal: interrupted.signal });
  const lanes = await Promise.all(
    SUITES[suite].map((projects) => runLane(start(['--selectProjects', ...projects], 'pipe'))),
  );
  const told = lanes.flatMap(({ summary }) => summary ?? []);
  process.stdout.write(`\nBoth lanes together:\n${saySummary(told)}\n`);
  if (told.length < lanes.length) process.stdout.write('a lane broke down before it was through\n');
  return told.length === lanes.length ? Math.max(...lanes.map(({ code }) => code)) : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
