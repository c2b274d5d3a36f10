import { rename, rm, writeFile } from 'node:fs/promises';
import { messageOf } from '../../domain/message-of.ts';
import { CommandFailed } from '../terminal.ts';

/** Writes a file that is never seen half written, in place of the one that is there; a CommandFailed where that fails. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const half = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(half, text);
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw new CommandFailed([`${path} cannot be written: ${messageOf(error)}`]);
  }
}
