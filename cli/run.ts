import { Command, CommanderError } from 'commander';
import { completionCommand } from './completion.ts';
import { codecServerCommand } from './codec-server.ts';
import { doctorCommand } from './doctor/command.ts';
import { historyCommand } from './history/command.ts';
import { planCommand } from './plan/command.ts';
import { policyCommand } from './policy.ts';
import { holdCommand, releaseHoldCommand } from './hold.ts';
import { startCommand } from './start.ts';
import { SAY_COMMANDS } from './say/commands.ts';
import { windowCommand } from './say/window.ts';
import { statusCommand } from './status/command.ts';
import { CommandFailed, EXIT, type Terminal } from './terminal.ts';
import { uninstallCommand } from './uninstall/command.ts';
import { waitCommand } from './wait/command.ts';
import { whyCommand } from './why/command.ts';
import { windowsCommand } from './windows.ts';

const HELP = `
Run a command with --help for its options and examples.

Exit codes:
  0  done
  1  something is wrong with what was looked at, and lines on stderr say what
  2  the command line is wrong
  3  some of what was asked about is not done, or will not be`;

/** Each makes one subcommand; a new one is added here. */
const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  statusCommand,
  historyCommand,
  whyCommand,
  startCommand,
  ...SAY_COMMANDS,
  windowCommand,
  holdCommand,
  releaseHoldCommand,
  waitCommand,
  doctorCommand,
  planCommand,
  windowsCommand,
  policyCommand,
  uninstallCommand,
  codecServerCommand,
  completionCommand,
];

/** Runs a command line and answers with the exit code. Never throws for what a person did. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await lockkeeper(terminal).parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommandFailed) {
      for (const line of error.lines) terminal.err(`${line}\n`);
      return error.exitCode;
    }
    // Commander has said what it has to say; help was asked for when its code is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

function lockkeeper(terminal: Terminal): Command {
  const root = new Command('lockkeeper')
    .description('Looks at what Lockkeeper does and will do, and checks its policy.')
    .addHelpText('after', HELP);
  for (const make of COMMANDS) root.addCommand(make(terminal));
  for (const command of withSubcommands(root)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(`${text.replace(/^error: /, '')}(see --help)\n`),
    });
  }
  return root;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
