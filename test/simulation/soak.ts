import type { SoakArgs } from './args.ts';
import { BREAKS } from './breaks.ts';
import { live, type History } from './history.ts';
import { search, type Finding, type Found } from './search.ts';

const MINUTE_MS = 60_000;
/** Told on a terminal, and where the output goes into a file. */
const TELL_EVERY_MS = { terminal: 500, file: 30_000 };
/** More than anybody waits for. */
const ENDLESS = 2 ** 31 - 1;
const MOST_LINES = 400;

/** Searches as the arguments say, tells how it goes, and answers the exit code. */
export async function soak(args: SoakArgs): Promise<number> {
  const stop = { asked: false };
  const onInterrupt = (): void => {
    stop.asked = true;
  };
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const progress = new Progress(args);
  const broken = BREAKS.find(({ name }) => name === args.break);
  const untilMs = Date.now() + (args.minutes ?? ENDLESS) * MINUTE_MS;
  const found = await search({
    seed: args.seed,
    runs: args.path === undefined ? (args.runs ?? ENDLESS) : 1,
    keepGoing: args.json,
    goOn: () => !stop.asked && Date.now() < untilMs,
    onHistory: (history) => progress.tell(history),
    ...(args.path === undefined ? {} : { path: args.path }),
    ...(broken ? { twist: broken.twist, only: broken.rule } : {}),
  });
  progress.end();
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onInterrupt);
  if (args.json)
    process.stdout.write(`${JSON.stringify({ seed: args.seed, ...progress.sum, ...found })}\n`);
  else await report(args, found, progress);
  if (found.findings.length > 0) return 1;
  return stop.asked ? 130 : 0;
}

async function report(args: SoakArgs, { findings }: Found, progress: Progress): Promise<void> {
  const [finding] = findings;
  if (finding) {
    await tellStory(args, finding);
    process.stdout.write(`\n${sayFinding(finding, args)}\n`);
  } else process.stdout.write(`no guarantee was broken: ${progress.words}\n`);
}

/** What went wrong, and how to see it again. */
function sayFinding(
  { rule, sentence, seed, path, plan }: Finding,
  args: Pick<SoakArgs, 'break'> = {},
): string {
  const broken = args.break === undefined ? '' : ` --break ${args.break}`;
  const size = `${plan.nodes.length} nodes, ${plan.events.length} events`;
  return (
    `${rule} is broken: ${sentence}\n` +
    `the smallest such history found: ${size}\n` +
    `once more: npm run soak -- --seed ${seed} --path ${path}${broken}`
  );
}

/** The end of the history, line by line; all of it where it was asked for by its path. */
async function tellStory(args: SoakArgs, { plan }: Finding): Promise<void> {
  const lines: string[] = [];
  const twist = BREAKS.find(({ name }) => name === args.break)?.twist;
  await live(plan, { trace: (line) => lines.push(line), ...(twist ? { twist } : {}) });
  const told = args.path === undefined ? lines.slice(-MOST_LINES) : lines;
  process.stdout.write(`${JSON.stringify(plan)}\n${told.join('\n')}\n`);
}

const count = (number: number): string => Math.round(number).toLocaleString('en');

/** Counts what was lived through, and shows it from time to time on stderr. */
class Progress {
  readonly sum = { lived: 0, hours: 0, rollouts: 0, reboots: 0 };
  readonly #args: SoakArgs;
  readonly #beganMs = Date.now();
  #toldMs = Date.now();

  constructor(args: SoakArgs) {
    this.#args = args;
  }

  get words(): string {
    const { lived, hours, rollouts, reboots } = this.sum;
    return (
      `${count(lived)} histories, ${count(hours)} hours, ${count(rollouts)} rollouts, ` +
      `${count(reboots)} reboots, seed ${this.#args.seed}`
    );
  }

  tell({ hours, rollouts, reboots }: History): void {
    this.sum.lived += 1;
    this.sum.hours += hours;
    this.sum.rollouts += rollouts;
    this.sum.reboots += reboots;
    const nowMs = Date.now();
    const { isTTY } = process.stderr;
    if (nowMs - this.#toldMs < (isTTY ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.file)) return;
    this.#toldMs = nowMs;
    const { minutes, runs } = this.#args;
    const leftMs = minutes === undefined ? undefined : this.#beganMs + minutes * MINUTE_MS - nowMs;
    const left = leftMs === undefined ? '' : `, ${Math.ceil(leftMs / MINUTE_MS)} min left`;
    const of = runs === undefined ? '' : ` of ${runs}`;
    const line = `soak: ${this.words}${of}${left}`;
    process.stderr.write(isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  }
}
