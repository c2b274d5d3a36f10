import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/**
 * The text of a file; rejects, with the words of Node or of its own, for what is none: a device never ends, and a pipe keeps
 * whoever opens it. Read every time, because mounted files are replaced while the worker runs.
 */
export async function readRegularFile(path: string, mostBytes: number): Promise<string> {
  // Looked at before it is opened: to open a device may do something by itself.
  if (!(await stat(path)).isFile()) throw new Error('it is no regular file');
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // What it says of its size may not be so, as in /proc.
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ end: mostBytes, autoClose: false })) {
      chunks.push(chunk as Buffer);
    }
    const bytes = Buffer.concat(chunks);
    if (bytes.length > mostBytes) throw new Error(`it is longer than ${sayBytes(mostBytes)}`);
    return new TextDecoder().decode(bytes);
  } finally {
    await file.close();
  }
}

/** A limit as people say it. */
export const sayBytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${bytes / 1_000} kB` : `${bytes / 1_000_000} MB`;
