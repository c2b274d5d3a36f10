import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureEveryTool } from '../lab/tools/ensure.ts';
import { startLane } from './lane.ts';
import { saySummary } from './summary.ts';

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

const jest = (words: readonly string[]): string[] => ['--experimental-vm-modules', JEST, ...words];

/** The exit code; a run that a signal has ended counts as failed. */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
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
  const [suite = '', ...words] = args;
  if (!isSuite(suite)) throw new Error(`the suite is one of ${Object.keys(SUITES).join(', ')}`);
  if (words.length > 0) {
    const child = spawn(process.execPath, jest(words), { stdio: 'inherit' });
    children.push(child);
    return await ended(child);
  }

  // Before anything is timed: what has to be built the first time takes both cores for minutes.
  await ensureEveryTool({ log: (line) => console.log(line), signal: interrupted.signal });
  const started = SUITES[suite].map((projects) =>
    startLane(jest(['--selectProjects', ...projects]), {
      write: (text) => process.stdout.write(text),
    }),
  );
  children.push(...started.map(({ child }) => child));
  const lanes = await Promise.all(started.map(({ end }) => end));
  const told = lanes.flatMap(({ summary }) => summary ?? []);
  process.stdout.write(`\nBoth lanes together:\n${saySummary(told)}\n`);
  if (told.length < lanes.length) process.stdout.write('a lane broke down before it was through\n');
  return told.length === lanes.length ? Math.max(...lanes.map(({ code }) => code)) : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
