import { CommanderError, type Command } from 'commander';

/** What a command line asks for. */
export type Parsed<Args> =
  | { readonly kind: 'run'; readonly args: Args }
  | { readonly kind: 'help'; readonly text: string }
  /** One line each: the option and its rule. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** Notes that an option is wrong. */
export type Tell = (option: string, rule: string) => void;

/** Reads a command line; `check` makes the arguments of the options as they were written, and tells of every wrong one. */
export function parseWith<Args>(
  command: Command,
  argv: readonly string[],
  check: (raw: never, tell: Tell) => Args,
): Parsed<Args> {
  let text = '';
  const heard = { writeOut: (more: string) => void (text += more), writeErr: () => undefined };
  try {
    command.configureOutput(heard).exitOverride().parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { kind: 'help', text };
    const words = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    return { kind: 'wrong', problems: [`${words} (see ${command.name()} --help)`] };
  }
  const problems: string[] = [];
  const args = check(command.opts(), (option, rule) => problems.push(`${option}: ${rule}`));
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'run', args };
}

/** A whole number within its limits, both included; undefined when it is none, and that has been told. */
export function readCount(
  tell: Tell,
  option: string,
  text: string,
  [from, to]: readonly [number, number],
): number | undefined {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  tell(option, `write a whole number from ${from} to ${to}, not "${text}"`);
  return undefined;
}

export interface Program<Args> {
  /** Answers with the exit code. */
  readonly run: (args: Args, signal: AbortSignal) => Promise<number>;
  /** What is said at the first Ctrl-C, which aborts the signal. */
  readonly ending: string;
  /** What it has started outlives it: the second Ctrl-C does not end it at once. */
  readonly mustFinish?: true;
}

/** Does what the command line asks for, and answers with the exit code: of the help 0, of a wrong one 2, of trouble 1, of Ctrl-C 130. */
export async function runProgram<Args>(
  parsed: Parsed<Args>,
  { run, ending, mustFinish }: Program<Args>,
): Promise<number> {
  if (parsed.kind === 'help') process.stdout.write(parsed.text);
  if (parsed.kind === 'wrong') process.stderr.write(`${parsed.problems.join('\n')}\n`);
  if (parsed.kind !== 'run') return parsed.kind === 'help' ? 0 : 2;
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The second one is impatience. Whatever still runs is ended by the guards, which see this process go.
      if (stop.signal.aborted && !mustFinish) process.exit(130);
      if (!stop.signal.aborted) process.stderr.write(`\n${ending}\n`);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  try {
    return await run(parsed.args, stop.signal);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return stop.signal.aborted ? 130 : 1;
  }
}
