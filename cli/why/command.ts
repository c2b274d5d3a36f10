import { Command } from 'commander';
import { ACCESS_HELP, accessing, type AccessOptions } from '../access.ts';
import { EXIT, type Terminal } from '../terminal.ts';

export interface WhyOptions extends AccessOptions {
  readonly json?: true;
  readonly showCommands?: true;
}

const EXAMPLES = `
Every gate with its reason, since when it is closed, when it is looked at again and who can lift it; the place in the queue;
what the node itself says, where the cluster can be reached as kubectl does it; how the latest rollouts ended.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- why worker-7
  npm run -s lockkeeper -- why worker-7 --json

With --json: {"atMs", "node", "rollout", "reasons", "gates", "leftAlone", "scannedMs", "former", "onNode"}; times end in Ms and are
milliseconds since 1970.

Exit codes:
  ${EXIT.ok}  shown, whatever there is to be seen
  ${EXIT.failed}  Temporal cannot be reached or does not answer
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper why NODE`: why it is not rebooting, or is. */
export function whyCommand(terminal: Terminal): Command {
  const command = new Command('why')
    .description('Says why a node is not rebooting, or is.')
    .argument('<node>', 'the node')
    .option('--json', 'one JSON object on stdout')
    .option(
      '--show-commands',
      'print where the same stands for temporal and kubectl, and do nothing',
    )
    .addHelpText('after', EXAMPLES);
  return accessing(command).action(async (node: string, options: WhyOptions) => {
    const { showWhy } = await import('./show.ts');
    await showWhy(node, options, terminal);
  });
}
