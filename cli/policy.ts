import { Command } from 'commander';
import { fromKuredCommand } from './from-kured/command.ts';
import type { Terminal } from './terminal.ts';

/** Each makes one subcommand; a new one is added here. */
const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  (terminal) => fromKuredCommand(terminal),
];

/** `lockkeeper policy`: what can be done with a policy file. */
export function policyCommand(terminal: Terminal): Command {
  const group = new Command('policy').description('Makes policies.');
  for (const make of COMMANDS) group.addCommand(make(terminal));
  return group;
}
