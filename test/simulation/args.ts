import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { BREAKS } from './breaks.ts';

export interface SoakArgs {
  /** Absent: until `runs` are done. */
  readonly minutes?: number;
  readonly runs?: number;
  readonly seed: number;
  /** Only the history that a former search has found, told step by step. */
  readonly path?: string;
  readonly break?: string;
  /** In minutes, for each finding. */
  readonly shrink: number;
  readonly mostSteps?: number;
  readonly json: boolean;
}

export type Parsed =
  | { readonly kind: 'run'; readonly args: SoakArgs }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly problem: string };

const MOST_SEED = 2 ** 31 - 1;
const DEFAULT_MINUTES = 5;
const DEFAULT_SHRINK = 5;

const EXAMPLES = `
Lives random histories of whole fleets in virtual time: the real workflows and activities on a simulated cluster and a
simulated Temporal, with crashes, lost messages, people and changing policies. Each is judged by the guarantees G1 to G8 and by its cost.

Examples:
  npm run soak -- --minutes 60           an hour of new histories
  npm run soak -- --seed 7 --runs 500    the same 500 histories every time
  npm run soak -- --seed 7 --path 33:0   once more what a search has found, step by step
  npm run soak -- --break sees-no-pods   what it looks like when a guarantee is broken

LOCKKEEPER_SEED stands for --seed, LOCKKEEPER_PATH for --path.
What can be broken: ${BREAKS.map(({ name }) => name).join(', ')}.

Exit codes:
  0  no guarantee was broken
  1  one was, and what is printed says which and how to see it again
  2  an option is wrong
  130  stopped by Ctrl-C, pressed again: at once; no guarantee was broken until then`;

/** Reads the command line; what is not given is taken from the environment or chosen. */
export function parseSoakArgs(argv: readonly string[], env: NodeJS.ProcessEnv): Parsed {
  const heard: string[] = [];
  const command = soakCommand((text) => heard.push(text));
  try {
    command.parse([...fromEnv(env), ...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { kind: 'help', text: heard.join('') };
    return { kind: 'wrong', problem: error.message.replace(/^error: /, '') };
  }
  const options = command.opts<Partial<SoakArgs>>();
  const { seed = Math.floor(Math.random() * MOST_SEED), minutes, runs, path } = options;
  const limits = runs === undefined && path === undefined ? { minutes: DEFAULT_MINUTES } : {};
  return {
    kind: 'run',
    args: {
      json: false,
      shrink: DEFAULT_SHRINK,
      ...options,
      seed,
      ...(minutes === undefined ? limits : { minutes }),
    },
  };
}

function soakCommand(tell: (text: string) => void): Command {
  return new Command('soak')
    .exitOverride()
    .configureOutput({ writeOut: tell, writeErr: () => undefined })
    .allowExcessArguments(false)
    .option('--minutes <n>', `stop after so long (default: ${DEFAULT_MINUTES})`, positive)
    .option('--runs <n>', 'stop after so many histories', whole)
    .option('--seed <n>', 'which histories (default: others every time)', whole)
    .option('--path <path>', 'only the one that a search has found, step by step', pathText)
    .option('--break <name>', 'put something broken in place', breakName)
    .option(
      '--shrink <n>',
      `look so many minutes for a smaller history (default: ${DEFAULT_SHRINK})`,
      positive,
    )
    .option('--most-steps <n>', 'take a history of more steps for one that never ends', whole)
    .option('--json', 'one JSON object on stdout instead of words')
    .addHelpText('after', EXAMPLES);
}

/** As if it stood in front of what was written out, which then counts more; an empty variable is none. */
function fromEnv({ LOCKKEEPER_SEED = '', LOCKKEEPER_PATH = '' }: NodeJS.ProcessEnv): string[] {
  return [
    ...(LOCKKEEPER_SEED ? [`--seed=${LOCKKEEPER_SEED}`] : []),
    ...(LOCKKEEPER_PATH ? [`--path=${LOCKKEEPER_PATH}`] : []),
  ];
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= MOST_SEED) return value;
  throw new InvalidArgumentError(`write a whole number from 0 to ${MOST_SEED}`);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('write a number of minutes, such as 10');
}

function pathText(text: string): string {
  if (/^\d+(:\d+)*$/.test(text)) return text;
  throw new InvalidArgumentError('write it as it was printed, such as 33:0:1');
}

function breakName(text: string): string {
  if (BREAKS.some(({ name }) => name === text)) return text;
  throw new InvalidArgumentError(`it is one of ${BREAKS.map(({ name }) => name).join(', ')}`);
}
