import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_EVERY_MS = 5_000;
const STALE_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 500;

export interface LockOptions {
  readonly path: string;
  /** Called once, with the process id of the holder, when somebody else holds it. */
  readonly onWait: (holder: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` while nobody else on this machine does under the same path. A holder that is gone, or that has not touched
 * its lock for 30 s (its process id may belong to somebody else by now), is replaced.
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${randomUUID()}`;
  await acquire(options, mine);
  const touching = setInterval(() => {
    // A lock that was taken away is not ours to touch or to complain about: the work ends with an atomic rename.
    utimes(options.path, new Date(), new Date()).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if ((await holderOf(options.path)) === mine) await rm(options.path, { force: true });
  }
}

async function acquire({ path, onWait, signal }: LockOptions, mine: string): Promise<void> {
  for (let waited = false; ; await sleep(LOOK_EVERY_MS, undefined, { signal })) {
    if (await createNew(path, mine)) return;
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (await isStale(path, holder)) {
      if (await replace(path, mine)) return;
      continue;
    }
    if (!waited) onWait(holder.split(' ')[0] ?? holder);
    waited = true;
  }
}

async function createNew(path: string, mine: string): Promise<boolean> {
  try {
    await writeFile(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Of several who replace a stale lock at the same moment the last one wins, and all others see it. */
async function replace(path: string, mine: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, mine);
  await rename(draft, path);
  await sleep(100);
  return (await holderOf(path)) === mine;
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const touched = await stat(path).catch(() => undefined);
  if (touched === undefined) return false;
  if (Date.now() - touched.mtimeMs > STALE_AFTER_MS) return true;
  const pid = Number(holder.split(' ')[0]);
  // Just created and not yet written.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  return !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function holderOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
