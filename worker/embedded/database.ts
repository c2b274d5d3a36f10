import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../domain/message-of.ts';
import { fingerprintOf, SCHEMAS, WANTED } from './schema.ts';

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
export function seeTo(path: string): Finding {
  try {
    const full = whyFull(dirname(path));
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

function whyFull(directory: string): string | undefined {
  accessSync(directory, constants.W_OK);
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= LEAST_FREE_BYTES) return undefined;
  return `${directory} has ${Math.floor(free / 1024 / 1024)} MB left, and the server needs ${LEAST_FREE_BYTES / 1024 / 1024}`;
}

function seeToFile(path: string): Finding {
  // Temporal's schema has texts in double quotes.
  const database = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
  try {
    const [row] = database.prepare('PRAGMA quick_check(1)').all();
    const check = String(row?.['quick_check']);
    if (check !== 'ok') return refused(`${path} is damaged: ${check}`);
    return fit(database, path);
  } finally {
    database.close();
  }
}

function fit(database: DatabaseSync, path: string): Finding {
  const fingerprint = fingerprintOf(database);
  if (fingerprint === undefined) return { mayStart: true, because: `${path} is still empty` };
  const from = SCHEMAS.findIndex((schema) => schema.fingerprint === fingerprint);
  const to = SCHEMAS.findIndex(({ version }) => version === WANTED);
  const found = SCHEMAS[from]?.version;
  if (found === undefined || from > to) {
    return refused(
      `${path} is of a schema that is not known here${found === undefined ? '' : ` (${found})`}, and this release of Temporal wants ${WANTED}: a newer release has made it, or somebody else`,
    );
  }
  if (from === to) return { mayStart: true, because: `${path} is of schema ${WANTED}` };
  migrate(database, SCHEMAS.slice(from + 1, to + 1));
  return { mayStart: true, because: `${path} has been brought from schema ${found} to ${WANTED}` };
}

function migrate(database: DatabaseSync, steps: readonly (typeof SCHEMAS)[number][]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { version, fingerprint, fromTheOneBefore } of steps) {
      database.exec(fromTheOneBefore ?? '');
      if (fingerprintOf(database) !== fingerprint) throw new Error(`it did not become ${version}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
