import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../domain/message-of.ts';
import { fingerprintOf, SCHEMAS, WANTED, type Schema } from './schema.ts';

/** Whether the server may be started with this database, and what has been found or done, for people. */
export interface Finding {
  readonly mayStart: boolean;
  readonly because: string;
}

/** What the server needs to write anything at all; SQLite's log of changes alone grows to 4 MB. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;

/**
 * Looks at the database before the server opens it. One of an older schema that is known is brought to that of this release,
 * whole or not at all; whatever else does not fit is left as it is.
 */
export function seeTo(path: string, leastFreeBytes = LEAST_FREE_BYTES): Finding {
  try {
    const full = whyFull(dirname(path), leastFreeBytes);
    if (full !== undefined) return refused(full);
    if (!existsSync(path) || statSync(path).size === 0) {
      return { mayStart: true, because: `there is none at ${path} yet: the server makes one` };
    }
    accessSync(path, constants.R_OK | constants.W_OK);
    return seeToFile(path);
  } catch (error) {
    return refused(messageOf(error));
  }
}

const refused = (because: string): Finding => ({ mayStart: false, because });

function whyFull(directory: string, leastFreeBytes: number): string | undefined {
  accessSync(directory, constants.W_OK);
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= leastFreeBytes) return undefined;
  return `${directory} has ${Math.floor(free / 1024 / 1024)} MB left, and the server needs ${Math.ceil(leastFreeBytes / 1024 / 1024)}`;
}

function seeToFile(path: string): Finding {
  const { check, fingerprint } = look(path);
  if (check !== 'ok') return refused(`${path} is damaged: ${check}`);
  if (fingerprint === undefined) return { mayStart: true, because: `${path} is still empty` };
  const from = SCHEMAS.findIndex((schema) => schema.fingerprint === fingerprint);
  const to = SCHEMAS.findIndex(({ version }) => version === WANTED);
  const found = SCHEMAS[from]?.version;
  if (found === undefined || from > to) {
    return refused(
      `${path} is of a schema that is not known here, and this release of Temporal wants ${WANTED}: a newer release has made it, or somebody else`,
    );
  }
  if (from === to) return { mayStart: true, because: `${path} is of schema ${WANTED}` };
  migrate(path, SCHEMAS.slice(from + 1, to + 1));
  return { mayStart: true, because: `${path} has been brought from schema ${found} to ${WANTED}` };
}

/** Temporal's schema has texts in double quotes. */
const AS_TEMPORAL = { enableDoubleQuotedStringLiterals: true };

/** For reading only, so that what does not fit stays as it is to the byte. */
function look(path: string): { readonly check: string; readonly fingerprint: string | undefined } {
  const database = new DatabaseSync(path, { ...AS_TEMPORAL, readOnly: true });
  try {
    const [row] = database.prepare('PRAGMA quick_check(1)').all();
    return { check: String(row?.['quick_check']), fingerprint: fingerprintOf(database) };
  } finally {
    database.close();
  }
}

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
