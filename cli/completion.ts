import { Argument, Command } from 'commander';
import { EXIT, type Terminal } from './terminal.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const EXAMPLES = `
Completes commands and options; names of nodes and pools it does not ask for.

Examples:
  source <(lockkeeper completion bash)
  lockkeeper completion zsh > "\${fpath[1]}/_lockkeeper"
  lockkeeper completion fish > ~/.config/fish/completions/lockkeeper.fish

Exit codes:
  ${EXIT.ok}  printed
  ${EXIT.usage}  there is no such shell`;

/** `lockkeeper completion SHELL`: a script for that shell, made of the commands as they are. */
export function completionCommand(terminal: Terminal): Command {
  const command: Command = new Command('completion')
    .description('Prints a script by which a shell completes commands and options.')
    .addArgument(new Argument('<shell>', 'whose').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => {
      const root = command.parent;
      if (root) terminal.out(SCRIPTS[shell](entriesOf(root)));
    });
  return command;
}

/** What may stand after the words before it. */
interface Entry {
  /** The commands so far, such as "policy check"; empty at the beginning. */
  readonly after: string;
  readonly word: string;
  readonly says: string;
}

function entriesOf(command: Command, after = ''): Entry[] {
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, description: says }) => ({ after, word: long ?? '', says }));
  const help = { after, word: '--help', says: 'display help for command' };
  return [
    ...command.commands.flatMap((sub) => [
      { after, word: sub.name(), says: sub.description() },
      ...entriesOf(sub, `${after} ${sub.name()}`.trim()),
    ]),
    ...options,
    help,
  ];
}

const SCRIPTS: Readonly<Record<Shell, (entries: readonly Entry[]) => string>> = {
  bash: (entries) => `# bash completion of lockkeeper
_lockkeeper() {
  local word="\${COMP_WORDS[COMP_CWORD]}" after="" words="" each
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${after:+$after }$each" in
      ${commandsIn(entries).map(quoted).join('|')}) after="\${after:+$after }$each" ;;
    esac
  done
  case "$after" in
${grouped(entries)
  .map(([after, words]) => `    ${quoted(after)}) words="${words.join(' ')}" ;;`)
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _lockkeeper lockkeeper
`,
  zsh: (entries) => `#compdef lockkeeper
_lockkeeper() {
  local after="" each
  local -a found
  for each in "\${(@)words[2,CURRENT-1]}"; do
    case "\${after:+$after }$each" in
      (${commandsIn(entries).map(quoted).join('|')}) after="\${after:+$after }$each" ;;
    esac
  done
  case "$after" in
${[...new Set(entries.map(({ after }) => after))]
  .map((after) => {
    const found = entries.filter((entry) => entry.after === after);
    const words = found.map(({ word, says }) => quoted(`${word}:${says}`)).join(' ');
    return `    (${quoted(after)}) found=(${words}) ;;`;
  })
  .join('\n')}
  esac
  _describe 'lockkeeper' found || _default
}
if [ "\${funcstack[1]}" = _lockkeeper ]; then _lockkeeper "$@"; else compdef _lockkeeper lockkeeper; fi
`,
  fish: (entries) => `# fish completion of lockkeeper
function __lockkeeper_after
  set -l after
  for each in (commandline -opc)[2..-1]
    if contains -- (string join ' ' $after $each) ${commandsIn(entries).map(quoted).join(' ')}
      set -a after $each
    end
  end
  set -l now (string join ' ' $after)
  test "$now" = "$argv[1]"
end
${entries.map(fishLine).join('\n')}
`,
};

function fishLine({ after, word, says }: Entry): string {
  const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
  return `complete -c lockkeeper -n ${quoted(`__lockkeeper_after ${quoted(after)}`)} ${what} -d ${quoted(says)}`;
}

/** Every command as its words. */
const commandsIn = (entries: readonly Entry[]): string[] =>
  entries
    .filter(({ word }) => !word.startsWith('-'))
    .map(({ after, word }) => `${after} ${word}`.trim());

function grouped(entries: readonly Entry[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const { after, word } of entries) groups.set(after, [...(groups.get(after) ?? []), word]);
  return [...groups];
}

/** In single quotes of a shell; what stands there once more is of fish, which takes double ones as well. */
const quoted = (text: string): string =>
  text.includes("'") ? `"${text.replaceAll(/["$\\\\`]/g, String.raw`\\$&`)}"` : `'${text}'`;
