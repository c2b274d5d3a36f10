import { Command } from 'commander';
import { parseWith, readCount, type Parsed } from '../program.ts';

const EXAMPLES = `
Prints a table with the budgets and writes it to lab/bench/results/agent.md.

Examples:
  npm run bench
  npm run bench -- --minutes 2 --compare='--max-old-space-size=32 --jitless'

Exit codes:
  0    measured, and within every budget
  1    a budget is exceeded, or something went wrong and a line on stderr says what
  2    an option is wrong
  130  stopped by Ctrl-C`;

export interface BenchArgs {
  readonly minutes: number;
  readonly agents: number;
  /** Flags of Node for the second group; absent: there is none. */
  readonly compare?: readonly string[];
}

interface Raw {
  readonly minutes: string;
  readonly agents: string;
  readonly compare?: string;
}

const command = (): Command =>
  new Command('npm run bench --')
    .description(
      "Measures the idle agent: the bundle of its image, started with the flags and variables of the DaemonSet, against the lab's real API server.",
    )
    .option(
      '--minutes <count>',
      'how long it is looked at; in ten, each watch is opened once anew',
      '10',
    )
    .option('--agents <count>', 'how many at once, each on a node of its own', '4')
    .option(
      '--compare <flags>',
      'as many agents again, in the same run, with these flags of Node in place of those of the DaemonSet',
    )
    .addHelpText('after', EXAMPLES);

/** Reads the command line. */
export function parseBenchArgs(argv: readonly string[]): Parsed<BenchArgs> {
  return parseWith(command(), argv, ({ minutes, agents, compare }: Raw, tell) => ({
    minutes: readCount(tell, '--minutes', minutes, [1, 999]) ?? 0,
    agents: readCount(tell, '--agents', agents, [1, 999]) ?? 0,
    ...(compare !== undefined && { compare: compare.split(/\s+/).filter(Boolean) }),
  }));
}
