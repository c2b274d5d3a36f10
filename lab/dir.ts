import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How the directories of labs begin that were given none. */
export const OWN_DIR = 'lockkeeper-lab-';

/** A lab's own directory: the one demanded, which has to be new or empty, else a new one among the temporary files. */
export async function openDir(demanded: string | undefined): Promise<string> {
  if (demanded === undefined) return mkdtemp(join(tmpdir(), OWN_DIR));
  const dir = resolve(demanded);
  // There are an administrator's token and the control channel in it.
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new Error(`--dir: ${dir} cannot be made: ${String(error)}`, { cause: error });
  });
  if ((await readdir(dir)).length === 0) return dir;
  throw new Error(`--dir: ${dir} is not empty; choose a new directory`);
}

export async function removeDir(dir: string): Promise<void> {
  // A process that was killed a moment ago may still write its last line.
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Whether any process of the lab has come so far as to say something. */
export async function hasLogs(dir: string): Promise<boolean> {
  const files = await readdir(join(dir, 'logs')).catch(() => []);
  return files.length > 0;
}
