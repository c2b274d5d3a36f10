import { readFileSync } from 'node:fs';
import { text as allOf } from 'node:stream/consumers';
import { CommandFailed } from './terminal.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory, and has to be a file',
  EACCES: 'it may not be read',
};

/** The text of a file; a CommandFailed that says why when there is none. */
export function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '', message = '' } = error as Partial<NodeJS.ErrnoException>;
    throw new CommandFailed([`${path}: ${WORDS[code] ?? message}`]);
  }
}

/** All of stdin; a CommandFailed when that is nothing. */
export async function stdinText(): Promise<string> {
  const text = await allOf(process.stdin);
  if (text.trim() === '') throw new CommandFailed(['stdin is empty: nothing was piped into it']);
  return text;
}
