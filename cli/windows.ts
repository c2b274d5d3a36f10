import { Command } from 'commander';
import { EXIT, wrongOption, type Terminal } from './terminal.ts';
import type { WindowsOptions } from './windows-print.ts';

const MOST = 1_000;

const EXAMPLES = `
An opening that is under way comes first. Windows that overlap are one opening, and freezes are cut out. "is open" has
been so for more than a month, "never" closes no earlier than in a year; both are null with --json. Times are of the pool's
zone, with --json of UTC.

Examples:
  npm run -s lockkeeper -- windows --policy policy.yaml
  npm run -s lockkeeper -- windows --policy policy.yaml --pool workers --from 2027-03-01 --count 3
  npm run -s lockkeeper -- windows --policy policy.yaml --json

With --json: [{"opens": "2026-12-08T21:00:00.000Z", "closes": "2026-12-09T01:00:00.000Z", "from": "pools[0].windows[1]"}];
with several pools each has its "pool" too.

Exit codes:
  ${EXIT.ok}  printed, even when there is none
  ${EXIT.failed}  the policy is refused, or a calendar cannot be read; stderr has file, line, path and rule
  ${EXIT.usage}  an option is wrong`;

/** `lockkeeper windows`: when the pools of a policy are open next. */
export function windowsCommand(terminal: Terminal): Command {
  return new Command('windows')
    .description('Prints when the pools of a policy are open next.')
    .requiredOption('--policy <file>', 'the policy file')
    .option('--pool <name>', 'only this pool (default: all)')
    .option('--from <time>', 'from this day or time on, such as 2027-03-01T08:00 (default: now)')
    .option('--count <number>', 'how many openings of each pool', readCount, 10)
    .option('--json', 'one JSON array on stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (options: WindowsOptions) => {
      // The calendar libraries are read only when they are needed.
      const { printWindows } = await import('./windows-print.ts');
      await printWindows(options, terminal);
    });
}

function readCount(text: string): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST) return count;
  throw wrongOption('--count', `write a whole number from 1 to ${MOST}, not "${text}"`);
}
