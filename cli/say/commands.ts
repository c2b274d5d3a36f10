import { Command } from 'commander';
import { isDuration } from '../../domain/durations.ts';
import { SKIPPABLE } from '../../domain/gates/names.ts';
import { ACCESS_HELP, accessing } from '../access.ts';
import { EXIT, wrongOption, type Terminal } from '../terminal.ts';
import { whoSpeaks } from '../person.ts';
import type { SayOptions } from './say.ts';
import { readTarget, TARGET_HELP } from './target.ts';

const EXITS = `
With --json: [{"target", "effect", "says"}]; the effect is done, later (heard, and it comes at the next safe point), none (it
changes nothing, as it came too late), refused or failed.

Exit codes:
  ${EXIT.ok}  it is so, or comes at the next safe point
  ${EXIT.failed}  it changes nothing for the one node or pool that was named, was refused, or could not be said
  ${EXIT.usage}  the command line is wrong`;

/** The end of a command's help. */
export const help = (what: string, examples: readonly string[]): string =>
  [
    `\n${what}`,
    ACCESS_HELP,
    '\nExamples:',
    ...examples.map((line) => `  npm run -s lockkeeper -- ${line}`),
    EXITS,
  ].join('\n');

/** `lockkeeper pause`, `resume`, `abort`, `retry` and `skip`: each says one thing, and what has become of it. */
export const SAY_COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  pauseCommand,
  resumeCommand,
  abortCommand,
  retryCommand,
  skipCommand,
];

function pauseCommand(terminal: Terminal): Command {
  const what = `A rollout stops at the next safe point: nothing more is evicted, and what is cordoned stays so. The lock of a pool
admits nobody; rollouts that are under way go on. With all, both: every lock and every rollout that runs.`;
  const command = new Command('pause')
    .description('Stops a rollout where that is safe, or lets a pool admit nobody.')
    .option('--for <duration>', 'until then it lasts, such as 2h (default: until resumed)', readFor)
    .addHelpText(
      'after',
      help(what, [
        'pause worker-7 --reason "disk is replaced" --for 2h',
        'pause all --reason incident',
      ]),
    );
  return saying(command, terminal, 'pause');
}

function resumeCommand(terminal: Terminal): Command {
  const what = `Ends a pause. That of a pool also ends a halt: the troubles of its nodes up to now are excused.`;
  const command = new Command('resume')
    .description('Goes on after a pause, or after a halt of a pool.')
    .addHelpText(
      'after',
      help(what, ['resume worker-7', 'resume pool/workers --reason "the switch is mended"']),
    );
  return saying(command, terminal, 'resume');
}

function abortCommand(terminal: Terminal): Command {
  const what = `Hands the node back as it was found. Once the agent has accepted the reboot it is too late, which is said: the node is
brought back. With pool/NAME every rollout of the pool that runs. A node that still wants its reboot gets another rollout
later; to keep it from that: lockkeeper hold.`;
  const command = new Command('abort')
    .description('Ends a rollout and hands its node back.')
    .addHelpText(
      'after',
      help(what, ['abort worker-7 --reason "wrong node"', 'abort pool/workers']),
    );
  return saying(command, terminal, 'abort', { rolloutsOnly: true });
}

function retryCommand(terminal: Terminal): Command {
  const what = 'Evaluates the gates again at once, and cuts short the rest after failed tries.';
  const command = new Command('retry')
    .description('Lets a rollout that waits look again at once.')
    .addHelpText('after', help(what, ['retry worker-7']));
  return saying(command, terminal, 'retry', { rolloutsOnly: true });
}

function skipCommand(terminal: Terminal): Command {
  const what = `For this rollout only, and on record with who said so and why. Gates: ${SKIPPABLE.join(', ')}.`;
  const command = new Command('skip')
    .description('Lets one rollout go on although a gate is closed.')
    .argument('<node>', 'its node')
    .argument('<gate>', 'the gate', readGate)
    .addHelpText('after', help(what, ['skip worker-7 alerts --reason "known, and harmless"']));
  return speaking(command).action(async (node: string, gate: string, options: SayOptions) => {
    const { say } = await import('./say.ts');
    await say({ name: 'skipGate', more: { gate } }, readTarget(node), options, terminal);
  });
}

interface Saying {
  /** Locks have no such word. */
  readonly rolloutsOnly?: true;
}

function saying(
  command: Command,
  terminal: Terminal,
  name: 'pause' | 'resume' | 'abort' | 'retry',
  { rolloutsOnly }: Saying = {},
): Command {
  command.argument('<target>', TARGET_HELP, readTarget);
  return speaking(command).action(
    async (target: ReturnType<typeof readTarget>, options: SayOptions) => {
      const { say } = await import('./say.ts');
      await say({ name, ...(rolloutsOnly && { rolloutsOnly }) }, target, options, terminal);
    },
  );
}

/** What every command that says something may be given. */
export const speaking = (command: Command): Command =>
  accessing(
    command
      .option('--reason <text>', 'why, for whoever asks later')
      .option('--by <name>', 'who says so', whoSpeaks())
      .option('--show-commands', 'print the same for the temporal CLI, and do nothing')
      .option('--json', 'one JSON array on stdout'),
  );

function readFor(text: string): string {
  if (isDuration(text)) return text;
  throw wrongOption('--for', `write a duration like 30m or 2h, not "${text}"`);
}

function readGate(text: string): string {
  if (SKIPPABLE.some((gate) => gate === text)) return text;
  throw wrongOption('GATE', `write one of ${SKIPPABLE.join(', ')}, not "${text}"`);
}
