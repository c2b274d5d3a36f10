import { StringDecoder } from 'node:string_decoder';
import { NEVER_BY_ITSELF } from './soft-reboot.ts';

/** How a command ended. `lastLine` is the last line it printed on either stream, empty when it printed none. */
export type CommandEnd =
  | { readonly kind: 'exit'; readonly code: number; readonly lastLine: string }
  | { readonly kind: 'killed'; readonly by: string; readonly lastLine: string }
  | { readonly kind: 'timeout'; readonly afterMs: number; readonly lastLine: string }
  | { readonly kind: 'cannot-start'; readonly because: string };

/** Enters the mount namespace of the host's process 1, as kured does. */
export const ENTER_HOST = ['/usr/bin/nsenter', '-m/proc/1/ns/mnt', '--'] as const;

/** Runs a command, without a shell, and ends it with all its children at the deadline. Never rejects. */
export async function runCommand(
  words: readonly string[],
  deadlineMs: number,
): Promise<CommandEnd> {
  // Loaded when first needed: most agents run no command and are spared the memory.
  const { spawn } = await import('node:child_process');
  const [file = '', ...args] = words;
  return new Promise((resolve) => {
    // A process group of its own, so that the deadline reaches the children too.
    const child = spawn(file, args, {
      detached: true,
      env: { ...process.env, ...NEVER_BY_ITSELF },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lastLine = lastLineOf(child.stdout, child.stderr);
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, deadlineMs);
    const end = (how: CommandEnd) => {
      clearTimeout(deadline);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(how);
    };
    child.on('error', (error) => end({ kind: 'cannot-start', because: error.message }));
    // Not 'close': a grandchild that keeps the pipe open must not hold us.
    child.on('exit', (code, by) => {
      afterPolling(() => {
        if (late) end({ kind: 'timeout', afterMs: deadlineMs, lastLine: lastLine() });
        else if (code === null) end({ kind: 'killed', by: by ?? 'a signal', lastLine: lastLine() });
        else end({ kind: 'exit', code, lastLine: lastLine() });
      });
    });
  });
}

/**
 * What a child printed last may still be in its pipe when its end is told: a signal of another child's end, in the same turn of the
 * event loop, tells of it too. Between two immediates the loop has looked at every pipe.
 */
function afterPolling(act: () => void): void {
  setImmediate(() => setImmediate(act));
}

/** What a command ended with, as words for a person. */
export function describeEnd(end: CommandEnd): string {
  switch (end.kind) {
    case 'exit':
      return withLine(`exit code ${end.code}`, end.lastLine);
    case 'killed':
      return withLine(`ended by ${end.by}`, end.lastLine);
    case 'timeout':
      return withLine(`no end after ${end.afterMs / 1000} s, killed`, end.lastLine);
    case 'cannot-start':
      return `cannot be started: ${end.because}`;
    default:
      return end satisfies never;
  }
}

/** Splits a command line into words as a shell does, without expanding anything; undefined when a quote is left open. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  // A word is a run of plain text, escaped characters and quoted parts.
  const part = /\s*((?:[^\s"'\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)/y;
  let at = 0;
  while (line.slice(at).trim() !== '') {
    part.lastIndex = at;
    const word = part.exec(line)?.[1];
    if (word === undefined) return undefined;
    at = part.lastIndex;
    words.push(unquote(word));
  }
  return words;
}

/** What a shell, too, leaves in double quotes as it is. All of this is in a form that Helm understands as well. */
const QUOTED = String.raw`([^"\\$\x60]|\\[\s\S])*`;
const BLANK = String.raw`[^\S\n\r]`;
const partWithout = (marks: string) =>
  String.raw`([^\s"'\\${marks}]|\\[^\n\r]|'[^']*'|"${QUOTED}")`;
const MARKS = String.raw`|&;<>()$*?\x60`;
/** A home directory is meant only where a word begins with the sign. */
const WORD = `${partWithout(`${MARKS}~`)}${partWithout(MARKS)}*`;
const PLAIN = String.raw`\s*(${WORD}(${BLANK}+${WORD})*)?`;

/** Command lines that say without a shell what they seem to say. */
export const NEEDS_NO_SHELL = new RegExp(String.raw`^${PLAIN}\s*$`);
const FIRST_MARK = new RegExp(
  String.raw`^${PLAIN}${BLANK}*("${QUOTED}(?=[$\x60]))?([${MARKS}]+|(?<!\S)~|\\?[\n\r])`,
);

/** The first of what only a shell would obey: a program would get it as a word, or two lines as one. */
export function shellOperator(line: string): string | undefined {
  if (NEEDS_NO_SHELL.test(line)) return undefined;
  const mark = FIRST_MARK.exec(line)?.at(-1);
  return mark?.trim() === '' || mark?.startsWith('\\') ? 'a line break' : mark;
}

/** The same words in single quotes where double ones are all that is wrong with the line; else undefined. */
export function inSingleQuotes(line: string): string | undefined {
  const quoted = line.replaceAll(/\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g, (found) =>
    found.startsWith('"') ? singleQuoted(unquote(found)) : found,
  );
  return NEEDS_NO_SHELL.test(quoted) ? quoted.trim() : undefined;
}

/** The same line, obeyed by a shell. */
export function inShell(line: string): string {
  return `sh -c ${singleQuoted(line.trim())}`;
}

/** A text as one word of a POSIX shell. */
export const singleQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '',
  );
}

function withLine(words: string, lastLine: string): string {
  return lastLine === '' ? words : `${words}: ${lastLine}`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it ended in the same moment, which is what we want.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Keeps only the end of what is printed, however much it is. */
function lastLineOf(...streams: readonly NodeJS.ReadableStream[]): () => string {
  let tail = '';
  for (const stream of streams) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => {
      tail = (tail + decoder.write(chunk)).slice(-2_000);
    });
  }
  return () => tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
