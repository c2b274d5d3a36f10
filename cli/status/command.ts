import { Command } from 'commander';
import { ACCESS_HELP, accessing } from '../access.ts';
import { EXIT, type Terminal } from '../terminal.ts';
import type { StatusOptions } from './show.ts';

const EXAMPLES = `
Nothing is changed.

The policy is what each worker has said at its last scan, out of the last ten: after a change of the file it takes up to
scanEvery until it shows, and while workers are exchanged they may have different ones. Rollouts and locks answer
only while a worker runs.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- status
  npm run -s lockkeeper -- status workers --watch
  npm run -s lockkeeper -- status --json

With --json: {"atMs", "schedule", "policies", "pools", "rollouts", "scannedMs", "leftAlone"}; times end in Ms and are milliseconds since 1970.

Exit codes:
  ${EXIT.ok}  shown, whatever there is to be seen
  ${EXIT.failed}  Temporal cannot be reached or does not answer
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper status`: what runs, what waits and why, and which policy is in force. */
export function statusCommand(terminal: Terminal): Command {
  const command = new Command('status')
    .description('Shows what runs, what waits and why, and which policy is in force.')
    .argument('[pool]', 'only this pool, with its rollouts')
    .option('--watch', 'shows it again whenever it has changed, until Ctrl-C')
    .option('--json', 'one JSON object on stdout; with --watch one in each line')
    .addHelpText('after', EXAMPLES);
  return accessing(command).action(async (pool: string | undefined, options: StatusOptions) => {
    // The client of Temporal is read only when it is needed.
    const { showStatus } = await import('./show.ts');
    await showStatus(pool, options, terminal);
  });
}
