import { Command } from 'commander';
import { isDuration, parseDuration } from '../domain/durations.ts';
import { readMoment } from '../domain/window/local-time.ts';
import { EXIT, wrongOption, type Terminal } from './terminal.ts';
import { whoSpeaks } from './person.ts';

export interface HoldOptions {
  readonly reason: string;
  readonly by: string;
  readonly until?: number;
  readonly showCommands?: true;
}

const EXITS = `
The cluster is reached as kubectl does it. The hold is the annotation lockkeeper.io/hold; who may write annotations of nodes may
hold them.

Exit codes:
  ${EXIT.ok}  it is so
  ${EXIT.failed}  there is no such node, or the cluster refused
  ${EXIT.usage}  the command line is wrong`;

const EXAMPLES = `
No rollout of the node begins; one that is in mid-drain hands it back. A reboot that the agent has accepted goes on.

Examples:
  npm run -s lockkeeper -- hold worker-7 --reason "its disk is replaced"
  npm run -s lockkeeper -- hold worker-7 --reason "its disk is replaced" --until 2027-01-31T08:00:00Z
  npm run -s lockkeeper -- hold worker-7 --reason "an experiment" --until 4h
${EXITS}`;

/** `lockkeeper hold NODE`: no reboot of this node. */
export function holdCommand(terminal: Terminal): Command {
  return new Command('hold')
    .description('Keeps a node from being rebooted.')
    .argument('<node>', 'the node')
    .requiredOption('--reason <text>', 'why, for whoever asks later')
    .option('--by <name>', 'who says so', whoSpeaks())
    .option('--until <time>', 'when it ends: 4h, or 2027-01-31T08:00:00Z', (text) =>
      readUntil(text, terminal.nowMs()),
    )
    .option('--show-commands', 'print the same for kubectl, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (node: string, options: HoldOptions) => {
      const { hold } = await import('./hold-node.ts');
      await hold(node, options, terminal);
    });
}

/** `lockkeeper release-hold NODE`: takes it back. */
export function releaseHoldCommand(terminal: Terminal): Command {
  return new Command('release-hold')
    .description('Lets a node be rebooted again.')
    .argument('<node>', 'the node')
    .option('--show-commands', 'print the same for kubectl, and do nothing')
    .addHelpText('after', `\nExample:\n  npm run -s lockkeeper -- release-hold worker-7\n${EXITS}`)
    .action(async (node: string, options: Pick<HoldOptions, 'showCommands'>) => {
      const { releaseHold } = await import('./hold-node.ts');
      await releaseHold(node, options, terminal);
    });
}

function readUntil(text: string, nowMs: number): number {
  if (isDuration(text)) return nowMs + parseDuration(text);
  const moment = readMoment(text);
  if (moment?.kind !== 'instant') {
    throw wrongOption(
      '--until',
      `write a duration like 4h, or a time with its zone like 2027-01-31T08:00:00Z, not "${text}"`,
    );
  }
  if (moment.ms <= nowMs) throw wrongOption('--until', `${text} is over already`);
  return moment.ms;
}
