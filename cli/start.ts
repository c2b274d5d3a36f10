import { Command } from 'commander';
import { SKIPPABLE } from '../domain/gates/names.ts';
import { ACCESS_HELP, accessing, type AccessOptions } from './access.ts';
import { whoSpeaks } from './person.ts';
import { EXIT, wrongOption, type Terminal } from './terminal.ts';

export interface StartOptions extends AccessOptions {
  readonly reason?: string;
  readonly by: string;
  readonly skip: readonly string[];
  readonly evenIfNotRequired?: true;
  readonly showCommands?: true;
  readonly json?: true;
}

const EXAMPLES = `
The rollout waits for its window, its gates and its turn like any other. A scan starts one by itself for every node that
wants a reboot.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- start worker-7
  npm run -s lockkeeper -- start worker-7 --even-if-not-required --reason "new firmware"
  npm run -s lockkeeper -- start worker-7 --skip alerts --reason "CHG0042" --show-commands

With --json: {"workflowId", "runId"}.

Exit codes:
  ${EXIT.ok}  it is started
  ${EXIT.failed}  there is one already, or Temporal cannot be reached
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper start NODE`: a rollout by hand. */
export function startCommand(terminal: Terminal): Command {
  const command = new Command('start')
    .description('Starts the rollout of one node.')
    .argument('<node>', 'the node, as kubectl get nodes shows it')
    .option('--reason <text>', 'why, for whoever asks later')
    .option('--by <name>', 'who wants it', whoSpeaks())
    .option('--skip <gate...>', `gates to go past: ${SKIPPABLE.join(', ')}`, [])
    .option('--even-if-not-required', 'also where the node wants no reboot')
    .option('--show-commands', 'print the same for the temporal CLI, and do nothing')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', EXAMPLES);
  return accessing(command).action(async (node: string, options: StartOptions) => {
    const wrong = options.skip.find((gate) => !SKIPPABLE.some((known) => known === gate));
    if (wrong !== undefined) {
      throw wrongOption('--skip', `write one of ${SKIPPABLE.join(', ')}, not "${wrong}"`);
    }
    const { startRollout } = await import('./start-rollout.ts');
    await startRollout(node, options, terminal);
  });
}
