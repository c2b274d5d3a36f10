import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureMachineTools, ensureTestTools, type EnsureOptions } from '../lab/tools/ensure.ts';
import { whyNoMachines } from '../lab/vm/possible.ts';
import { startLane } from './lane.ts';
import { saySummary } from './summary.ts';

/**
 * `npm test`, `npm run test:long` and `npm run test:vm`. With arguments it is Jest; without any it runs its suite, in two lanes side
 * by side where it can, because a lab mostly waits. Within a lane one file follows the other: the integration tests share a cluster,
 * and skipped time is a server's own. A machine that is emulated needs both cores.
 */
const SUITES = {
  quick: [
    ['labs', 'workflows'],
    ['unit', 'simulation', 'integration'],
  ],
  long: [['other-labs'], ['faults', 'slow-integration', 'long-simulation', 'images']],
  'one-machine': [['one-machine']],
  vm: [['one-machine', 'machines']],
} as const;

/** The suites whose tests are left out where no machine can be started. */
const MACHINES: ReadonlySet<string> = new Set(['one-machine', 'vm']);

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

/**
 * Before anything is timed: what has to be built the first time takes both cores for minutes. Answers with why no machine is
 * tried, by a suite of machines.
 */
async function prepare(
  suite: keyof typeof SUITES,
  options: EnsureOptions,
): Promise<string | undefined> {
  await ensureTestTools(options);
  if (!MACHINES.has(suite)) return undefined;
  const why = await whyNoMachines();
  if (why === undefined) await ensureMachineTools(options);
  // Whatever ends a lane, its machines leave no gigabytes behind.
  const scratch = mkdtempSync(join(tmpdir(), 'lockkeeper-vm-'));
  process.env['TMPDIR'] = scratch;
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 20 }));
  return why;
}

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

  const untried = await prepare(suite, {
    log: (line) => console.log(line),
    signal: interrupted.signal,
  });
  const started = SUITES[suite].map((projects) =>
    startLane(jest(['--selectProjects', ...projects]), {
      write: (text) => process.stdout.write(text),
    }),
  );
  children.push(...started.map(({ child }) => child));
  const lanes = await Promise.all(started.map(({ end }) => end));
  const told = lanes.flatMap(({ summary }) => summary ?? []);
  process.stdout.write(`\nAll lanes together:\n${saySummary(told)}\n`);
  if (untried !== undefined) process.stdout.write(`NO REAL MACHINE WAS TRIED: ${untried}\n`);
  if (told.length < lanes.length) process.stdout.write('a lane broke down before it was through\n');
  return told.length === lanes.length ? Math.max(...lanes.map(({ code }) => code)) : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
