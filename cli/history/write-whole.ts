import { rename, rm, writeFile } from 'node:fs/promises';
import { CommandFailed } from '../terminal.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  EISDIR: 'it is a directory, and has to be a file',
  EACCES: 'nothing may be written there',
};

/** Writes a file that is never seen half written, in place of the one that is there; a CommandFailed where that fails. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const half = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(half, text);
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    const { code = '', message = '' } = error as Partial<NodeJS.ErrnoException>;
    throw new CommandFailed([`${path} cannot be written: ${WORDS[code] ?? message}`]);
  }
}
