import { parseArgs } from 'node:util';
import { present } from '../../domain/present.ts';

const HELP = `npm run bench [-- agent] [OPTIONS]

Measures the idle agent: the bundle of its image, started with the flags and variables of the DaemonSet, against the lab's
real API server. Prints a table with the budgets and writes it to lab/bench/results/agent.md.

  --minutes N     how long it is looked at; default 10, in which each watch is opened once anew
  --agents N      how many at once, each on a node of its own; default 4
  --compare=FLAGS as many agents again, in the same run, with these flags of Node in place of those of the DaemonSet

Examples:
  npm run bench
  npm run bench -- agent --minutes 2 --compare='--max-old-space-size=32 --jitless'

Exit codes:
  0    measured, and within every budget
  1    a budget is exceeded, or something went wrong and a line on stderr says what
  2    an option is wrong
  130  stopped by Ctrl-C
`;

export interface AgentBenchArgs {
  readonly minutes: number;
  readonly agents: number;
  /** Flags of Node for the second group; absent: there is none. */
  readonly compare?: readonly string[];
}

export type BenchArgs =
  | { readonly kind: 'run'; readonly args: AgentBenchArgs }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly problem: string };

const OPTIONS = {
  minutes: { type: 'string', default: '10' },
  agents: { type: 'string', default: '4' },
  compare: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line. */
export function parseBenchArgs(argv: readonly string[]): BenchArgs {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: OPTIONS,
      allowPositionals: true,
    });
    if (values.help) return { kind: 'help', text: HELP };
    const [name = 'agent', another] = positionals;
    if (name !== 'agent' || another !== undefined) {
      throw new Error(`there is no bench ${positionals.join(' ')}`);
    }
    const args = {
      minutes: wholeNumber('--minutes', values.minutes),
      agents: wholeNumber('--agents', values.agents),
      ...present({ compare: values.compare?.split(/\s+/).filter((flag) => flag !== '') }),
    };
    return { kind: 'run', args };
  } catch (error) {
    return { kind: 'wrong', problem: (error as Error).message };
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`${name}: write a number from 1 to 999`);
  return Number(text);
}
