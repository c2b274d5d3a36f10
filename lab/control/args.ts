import { Command } from 'commander';
import { parseWith, type Parsed } from '../program.ts';
import type { Words } from './channel.ts';
import { readCommand, VERBS, type Verb } from './commands.ts';

export interface ControlArgs extends Words {
  readonly dir?: string;
}

const WHAT: Readonly<Record<Verb, readonly [argument: string, does: string]>> = {
  fault: ['<node=fault>', 'says how a machine reboots from its next reboot on'],
  'power-on': ['<node>', 'lets a machine that is away come back'],
  stop: ['<process>', 'stops the worker or temporal'],
  start: ['<process>', 'starts the worker or temporal again'],
};

export const isVerb = (word: string | undefined): word is Verb =>
  VERBS.some((verb) => verb === word);

/** Reads what a second terminal tells a lab. */
export function parseControlArgs(verb: Verb, rest: readonly string[]): Parsed<ControlArgs> {
  const [argument, does] = WHAT[verb];
  const command = new Command(`npm run lab -- ${verb}`)
    .description(`Of a lab that runs in another terminal: ${does}.`)
    .argument(argument)
    .option('--dir <path>', 'the directory of the lab, where it was started with one');
  return parseWith(command, rest, (options: { dir?: string }, tell): ControlArgs => {
    const [what = ''] = command.args;
    const read = readCommand(verb, what);
    if ('rule' in read) tell(verb, read.rule);
    return { verb, what, ...options };
  });
}
