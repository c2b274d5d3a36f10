import { performance } from 'node:perf_hooks';
import type { SoakArgs } from './args.ts';
import { BREAKS } from './breaks.ts';
import { live } from './history.ts';
import { Progress } from './progress.ts';
import { search, type Finding, type Found } from './search.ts';
import { stopping } from './stopping.ts';

const MINUTE_MS = 60_000;
/** More than anybody waits for. */
const ENDLESS = 2 ** 31 - 1;
const MOST_LINES = 400;

/** Searches as the arguments say, tells how it goes, and answers the exit code. */
export async function soak(args: SoakArgs): Promise<number> {
  const stop = stopping();
  const progress = new Progress(args);
  const found = await look(args, progress, () => stop.asked);
  progress.end();
  if (args.json)
    process.stdout.write(`${JSON.stringify({ seed: args.seed, ...progress.sum, ...found })}\n`);
  else await report(args, found, progress);
  stop.end();
  if (found.findings.length > 0) return 1;
  return stop.asked ? 130 : 0;
}

function look(args: SoakArgs, progress: Progress, stopped: () => boolean): Promise<Found> {
  const broken = BREAKS.find(({ name }) => name === args.break);
  const untilMs = performance.now() + (args.minutes ?? ENDLESS) * MINUTE_MS;
  return search({
    seed: args.seed,
    runs: args.path === undefined ? (args.runs ?? ENDLESS) : 1,
    keepGoing: args.json,
    shrinkMs: args.shrink * MINUTE_MS,
    stopped,
    goOn: () => performance.now() < untilMs,
    onBegin: (where) => progress.begin(where),
    onHistory: (history) => progress.tell(history),
    onFinding: (finding) => progress.tellFinding(sayFinding(finding, args)),
    onTry: (tries) => progress.tellTry(tries),
    ...(args.mostSteps === undefined ? {} : { mostSteps: args.mostSteps }),
    ...(args.path === undefined ? {} : { path: args.path }),
    ...(broken ? { twist: broken, only: broken.rule } : {}),
  });
}

async function report(args: SoakArgs, { findings }: Found, progress: Progress): Promise<void> {
  const [finding] = findings;
  if (finding) {
    await tellStory(args, finding);
    const { nodes, events } = finding.plan;
    process.stdout.write(
      `\n${sayFinding(finding, args)}\n` +
        `the smallest such history found has ${nodes.length} nodes and ${events.length} events\n`,
    );
  } else process.stdout.write(`no guarantee was broken: ${progress.words}\n`);
}

/** What went wrong, and how to see it again. */
function sayFinding({ rule, sentence, seed, path }: Finding, args: SoakArgs): string {
  const broken = args.break === undefined ? '' : ` --break ${args.break}`;
  const steps = args.mostSteps === undefined ? '' : ` --most-steps ${args.mostSteps}`;
  return (
    `${rule} is broken: ${sentence}\n` +
    `once more: npm run soak -- --seed ${seed} --path ${path}${broken}${steps}`
  );
}

/** The end of the history, line by line; all of it where it was asked for by its path. */
async function tellStory({ path, mostSteps, ...args }: SoakArgs, { plan }: Finding): Promise<void> {
  const lines: string[] = [];
  const twist = BREAKS.find(({ name }) => name === args.break);
  await live(plan, {
    trace: (line) => {
      lines.push(line);
      if (path === undefined && lines.length > 2 * MOST_LINES) lines.splice(0, MOST_LINES);
    },
    ...(twist ? { twist } : {}),
    ...(mostSteps === undefined ? {} : { mostSteps }),
  });
  const told = path === undefined ? lines.slice(-MOST_LINES) : lines;
  process.stdout.write(`${JSON.stringify(plan)}\n${told.join('\n')}\n`);
}
