import { Argument, Command, Option } from 'commander';
import { isDuration, parseDuration } from '../../domain/durations.ts';
import { ACCESS_HELP, accessing } from '../access.ts';
import { EXIT, wrongOption, type Terminal } from '../terminal.ts';
import type { HistoryOptions } from './show.ts';

const EXAMPLES = `
Everything is read from Temporal, which keeps it as long as its namespace says: 30 days in the worker's pod. WAIT is the time at the
gates, in the queue and paused; DRAIN ends with the order to reboot, REBOOT when the node was handed back. Times are of UTC.

With a node: each of its rollouts line by line, with the gates and their values, what people said and what they were answered, and
boot ids. What is encrypted needs LOCKKEEPER_PAYLOAD_KEY_FILE; what cannot be read is said.

With --html: one page that needs nothing else, not even a network: a bar for each node, and how many were out of service. Windows and
budget are not in Temporal: they are drawn with --policy, whose zone the times are then of. The picture begins where --since says.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- history
  npm run -s lockkeeper -- history worker-7 --since 30d
  npm run -s lockkeeper -- history --pool workers --since 12h --html last-night.html --policy policy.yaml

With --json: {"atMs", "sinceMs", "rollouts": [{"node", "pool", "workflowId", "runId", "formerRunIds", "by", "reason", "beganMs",
"endedMs", "end": {"how", "type", "because"}, "spans": [{"phase", "fromMs", "toMs", "because"}], "outOfService": [{"fromMs", "toMs"}],
"podsEvicted", "podsEvictedAtLeast", "bootIdBefore", "bootIdAfter", "policies", "happened": [{"atMs", "what", "says", …}], "unread"}]};
times end in Ms and are milliseconds since 1970, and what is not there is not known or not so.

Exit codes:
  ${EXIT.ok}  shown, whatever has happened
  ${EXIT.failed}  Temporal cannot be reached or does not answer, or the page cannot be written
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper history`: what has happened, who wanted it, and why. */
export function historyCommand(terminal: Terminal): Command {
  const command = new Command('history')
    .description(
      'Shows what has happened: who asked for it and why, gates, drains, durations, boot ids.',
    )
    .addArgument(new Argument('[node]', 'only this node, and all that is known of it'))
    .option('--pool <name>', 'only this pool (default: all)')
    .addOption(
      new Option('--since <duration>', 'rollouts that ran within this time')
        .default(7 * 86_400_000, '7d')
        .argParser(readSince),
    )
    .option('--json', 'one JSON object on stdout')
    .option('--html <file>', 'writes a page with the timeline into this file')
    .option('--policy <file>', 'with --html: the policy file, for windows, budget and time zone');
  return accessing(command)
    .addHelpText('after', EXAMPLES)
    .action(async (node: string | undefined, options: HistoryOptions) => {
      if (options.policy !== undefined && options.html === undefined) {
        throw wrongOption('--policy', 'only together with --html');
      }
      // The client of Temporal is read only when it is needed.
      const { showHistory } = await import('./show.ts');
      await showHistory(node, options, terminal);
    });
}

function readSince(text: string): number {
  if (isDuration(text)) return parseDuration(text);
  throw wrongOption('--since', `write a duration like 12h or 7d, not "${text}"`);
}
