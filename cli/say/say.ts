import { present } from '../../domain/present.ts';
import { withTemporal, type AccessOptions } from '../access.ts';
import { paint, type Style } from '../paint.ts';
import { singleQuoted } from '../../agent/command.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { send, type Heard, type Word } from './send.ts';
import { listenersOf, rolloutsOf, type Addressee, type Target } from './target.ts';

export interface SayOptions extends AccessOptions {
  readonly reason?: string;
  readonly by: string;
  readonly for?: string;
  readonly showCommands?: true;
  readonly json?: true;
}

/** What a command says. */
interface Saying {
  readonly name: Word['name'];
  readonly rolloutsOnly?: true;
  readonly more?: Word['input'];
}

/** Says it to everybody who is meant, and prints what has become of it; a CommandFailed where it came to nothing. */
export async function say(
  { name, rolloutsOnly, more }: Saying,
  target: Target,
  options: SayOptions,
  terminal: Terminal,
): Promise<void> {
  const { reason, by, for: lasting, showCommands, json } = options;
  const word: Word = { name, input: { ...present({ reason, for: lasting }), by, ...more } };
  const heard = await withTemporal(options, async (client) => {
    const addressees = await (rolloutsOnly ? rolloutsOf : listenersOf)(client, target);
    if (showCommands) {
      terminal.out(addressees.map((to) => `${asCommand(to, word)}\n`).join(''));
      return undefined;
    }
    const all: Heard[] = [];
    for (const to of addressees) all.push(tell(await send(client, to, word), terminal, json));
    return all;
  });
  if (!heard) return;
  if (json) terminal.out(`${JSON.stringify(heard, undefined, 2)}\n`);
  else if (heard.length === 0) terminal.out('no rollout is running: it is said to nobody\n');
  const wrong = heard.filter((one) => isWrong(one, target));
  if (wrong.length > 0)
    throw new CommandFailed(json ? [] : wrong.map(({ target: to, says }) => `${to}: ${says}`));
}

/** Of everybody at once some may be past it; the one that was named may not. */
const isWrong = ({ effect }: Heard, target: Target): boolean =>
  effect === 'refused' || effect === 'failed' || (effect === 'none' && target.kind === 'node');

const STYLES: Record<Heard['effect'], Style> = {
  done: 'good',
  later: 'warning',
  none: 'warning',
  refused: 'bad',
  failed: 'bad',
};

/** A line as soon as it is known, for there may be hundreds; what went wrong is told at the end, on stderr. */
function tell(heard: Heard, terminal: Terminal, json: true | undefined): Heard {
  const { target, effect, says } = heard;
  if (!json && effect !== 'refused' && effect !== 'failed') {
    terminal.out(`${paint(STYLES[effect], target)}: ${says}\n`);
  }
  return heard;
}

function asCommand({ workflowId, pool }: Addressee, { name, input }: Word): string {
  const sent = singleQuoted(JSON.stringify(input));
  if (pool === undefined) {
    return `temporal workflow update execute --workflow-id ${workflowId} --name ${name} --input ${sent}`;
  }
  const start = `--type poolLock --task-queue lockkeeper --id-conflict-policy UseExisting --workflow-id ${workflowId}`;
  const lock = singleQuoted(JSON.stringify({ pool }));
  return `temporal workflow execute-update-with-start ${start} --input ${lock} --update-name ${name} --update-input ${sent}`;
}
