import { accessSync, constants, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../domain/message-of.ts';
import { fingerprintOf, isUnused, SCHEMAS, WANTED, type Schema } from './schema.ts';

/** Whether the server may be started with this database, and what has been found or done, for people. */
export interface Finding {
  readonly mayStart: boolean;
  readonly because: string;
}

/** What the server needs to write anything at all. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
/** What SQLite's log of changes alone grows to, which is a file of its own. */
const LOG_BYTES = 4 * 1024 * 1024;

/**
 * Looks at the database before the server opens it. One of an older schema that is known is brought to that of this release,
 * whole or not at all, and one that holds nothing is removed; whatever else does not fit is left as it is.
 */
export function seeTo(
  path: string,
  leastFreeBytes = LEAST_FREE_BYTES,
  freeOn = freeBytesOn,
): Finding {
  const directory = dirname(path);
  try {
    accessSync(directory, constants.W_OK);
    const exists = bytesOf(path) > 0;
    if (exists) accessSync(path, constants.R_OK | constants.W_OK);
    const { bytes, said } = roomFor(path, freeOn(directory));
    if (bytes < leastFreeBytes) {
      return refused(`${said}, and the server needs ${Math.ceil(leastFreeBytes / MB)}`);
    }
    if (exists) return seeToFile(path, said);
    return { mayStart: true, because: `there is none at ${path} yet: the server makes one` };
  } catch (error) {
    return refused(messageOf(error));
  }
}

const refused = (because: string): Finding => ({ mayStart: false, because });

function freeBytesOn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const MB = 1024 * 1024;
const inMb = (bytes: number): string => `${Math.floor(bytes / MB)} MB`;

/** How much can be written, where so much is left on the volume. */
function roomFor(path: string, left: number): { readonly bytes: number; readonly said: string } {
  const size = bytesOf(path);
  // Whatever is written goes into the log first, over what is in the one that is there.
  const canLog = left + bytesOf(`${path}-wal`) >= LOG_BYTES;
  // SQLite never makes its file smaller: it writes where something was deleted before the file grows.
  const inside = size > 0 && canLog ? freeBytesIn(path) : 0;
  const said = `${dirname(path)} has ${inMb(left)} left and ${inMb(inside)} within the ${inMb(size)} of the database`;
  return { bytes: left + inside, said };
}

function seeToFile(path: string, room: string): Finding {
  const { check, fingerprint, unused } = look(path);
  if (check !== 'ok') return refused(`${path} is damaged: ${check}`);
  if (unused) {
    // Killed while it made one, the server would not make the rest: it takes the first table that is there for all of them.
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
    return { mayStart: true, because: `${path} was never finished: the server makes another` };
  }
  const from = SCHEMAS.findIndex((schema) => schema.fingerprint === fingerprint);
  const to = SCHEMAS.findIndex(({ version }) => version === WANTED);
  const found = SCHEMAS[from]?.version;
  if (found === undefined || from > to) {
    return refused(
      `${path} is of a schema that is not known here, and this release of Temporal wants ${WANTED}: a newer release has made it, or somebody else`,
    );
  }
  if (from === to) return { mayStart: true, because: `${path} is of schema ${WANTED}; ${room}` };
  migrate(path, SCHEMAS.slice(from + 1, to + 1));
  const because = `${path} has been brought from schema ${found} to ${WANTED}; ${room}`;
  return { mayStart: true, because };
}

/** Temporal's schema has texts in double quotes. */
const AS_TEMPORAL = { enableDoubleQuotedStringLiterals: true };

/** For reading only, so that what does not fit stays as it is to the byte. */
function reading<T>(path: string, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { ...AS_TEMPORAL, readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];

const freeBytesIn = (path: string): number =>
  reading(
    path,
    (database) =>
      Number(pragma(database, 'freelist_count')) * Number(pragma(database, 'page_size')),
  );

const look = (path: string) =>
  reading(path, (database) => ({
    check: String(pragma(database, 'quick_check(1)')),
    fingerprint: fingerprintOf(database),
    unused: isUnused(database),
  }));

function migrate(path: string, steps: readonly Schema[]): void {
  const database = new DatabaseSync(path, AS_TEMPORAL);
  try {
    database.exec('BEGIN IMMEDIATE');
    for (const { version, fingerprint, fromTheOneBefore } of steps) {
      database.exec(fromTheOneBefore ?? '');
      if (fingerprintOf(database) !== fingerprint) throw new Error(`it did not become ${version}`);
    }
    database.exec('COMMIT');
  } finally {
    // What has not been committed is undone by it.
    database.close();
  }
}
