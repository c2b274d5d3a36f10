import { Command } from 'commander';
import { readPersonsSignal, windowOf } from '../../domain/persons-signal.ts';
import { wrongOption, type Terminal } from '../terminal.ts';
import { help, speaking } from './commands.ts';
import type { SayOptions } from './say.ts';

const OPEN = `One more window for this pool, beside those of the policy, from now on; it ends by itself, and a later one takes its place.
A freeze of the policy is cut out of it unless --despite-freeze is given. The rollouts that wait look again at once. A
rollout begins only if it fits before the window closes. The lock of the pool keeps it: with a lock that is terminated it
is closed.`;

const CLOSE = `Closes what "window open" has opened; the windows of the policy stay as they are. A node in mid-drain is handed back, unless
the policy has it open.`;

/** `lockkeeper window open` and `close`: a window on demand. */
export function windowCommand(terminal: Terminal): Command {
  return new Command('window')
    .description('Opens a pool for some hours, or closes it again.')
    .addCommand(openCommand(terminal))
    .addCommand(closeCommand(terminal));
}

function openCommand(terminal: Terminal): Command {
  const command = new Command('open')
    .description('Opens a window for one pool.')
    .argument('<pool>', 'the pool')
    .requiredOption('--for <duration>', 'how long, such as 10h', readFor)
    .option('--despite-freeze', 'also where the policy has a freeze')
    .addHelpText('after', help(OPEN, ['window open workers --for 10h --reason CHG0042']));
  return speaking(command).action(
    async (pool: string, options: SayOptions & { readonly despiteFreeze?: true }) => {
      const { say } = await import('./say.ts');
      const more = options.despiteFreeze ? { despiteFreeze: true } : {};
      await say({ name: 'openWindow', more }, { kind: 'pool', pool }, options, terminal);
    },
  );
}

function closeCommand(terminal: Terminal): Command {
  const command = new Command('close')
    .description('Closes the window that was opened for one pool.')
    .argument('<pool>', 'the pool')
    .addHelpText('after', help(CLOSE, ['window close workers --reason "CHG0042 is done"']));
  return speaking(command).action(async (pool: string, options: SayOptions) => {
    const { say } = await import('./say.ts');
    await say({ name: 'closeWindow' }, { kind: 'pool', pool }, options, terminal);
  });
}

function readFor(text: string): string {
  const window = windowOf(readPersonsSignal({ for: text }, 0));
  if ('flaw' in window) throw wrongOption('--for', window.flaw.replace(/^for: /, ''));
  return text;
}
