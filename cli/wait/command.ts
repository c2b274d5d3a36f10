import { Command, Option } from 'commander';
import { isDuration, parseDuration } from '../../domain/durations.ts';
import { ACCESS_HELP, accessing, type AccessOptions } from '../access.ts';
import { EXIT, wrongOption, type Terminal } from '../terminal.ts';

export interface WaitOptions extends AccessOptions {
  readonly pool?: string;
  readonly untilWindowCloses?: true;
  /** In milliseconds. */
  readonly timeout?: number;
  readonly every: number;
  readonly json?: true;
}

const EXAMPLES = `
Prints a line for each change, so that the log of a job is the log of the maintenance. Ends when no rollout runs and a scan
made meanwhile has found nobody else who wants a reboot; when a pool is halted and nothing of it is under way; with
--until-window-closes when all who are left wait for another window; or with --timeout. Nothing is changed, and Ctrl-C only
ends the waiting.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- wait --pool workers --until-window-closes
  npm run -s lockkeeper -- wait --timeout 9h --json

With --json: a line {"at", "kind", "says"} for each; the kind is news, or of the last line all-done, not-all or halted.

Exit codes:
  ${EXIT.ok}  all are done
  ${EXIT.failed}  Temporal cannot be reached
  ${EXIT.usage}  an option is wrong
  ${EXIT.notAll}  not all are done; the last line has their names
  ${EXIT.halted}  a pool is halted; the last line says why
  ${EXIT.interrupted}  ended by Ctrl-C`;

/** `lockkeeper wait`: until the nodes are rebooted. */
export function waitCommand(terminal: Terminal): Command {
  const command = new Command('wait')
    .description('Waits until all nodes that want it are rebooted, and tells what happens.')
    .option('--pool <name>', 'only this pool (default: all)')
    .option('--until-window-closes', 'ends when those who are left wait for another window')
    .option('--timeout <duration>', 'ends after so long, such as 9h', readDuration('--timeout'))
    .addOption(
      new Option('--every <duration>', 'how often to look')
        .default(5_000, '5s')
        .argParser(readDuration('--every')),
    )
    .option('--json', 'a JSON object for each line on stdout')
    .addHelpText('after', EXAMPLES);
  return accessing(command).action(async (options: WaitOptions) => {
    const { waitForIt } = await import('./run.ts');
    await waitForIt(options, terminal);
  });
}

const readDuration =
  (option: string) =>
  (text: string): number => {
    if (isDuration(text) && parseDuration(text) > 0) return parseDuration(text);
    throw wrongOption(option, `write a duration like 30s or 9h, not "${text}"`);
  };
