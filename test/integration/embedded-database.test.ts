import { createHash } from 'node:crypto';
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import {
  embeddedDatabase,
  embeddedTemporal,
  type EmbeddedTemporal,
} from '../../lab/cluster/embedded.ts';
import { startGuard } from '../../lab/cluster/guard.ts';
import type { ManagedProcess } from '../../lab/cluster/process.ts';
import { seeTo } from '../../worker/embedded/database.ts';
import { ensureNamespace } from '../../worker/namespace.ts';
import { leaveUnfinished, serveEmbedded, statementsOf } from '../embedded-server.ts';

/** The database of the real server that the chart brings along, and what is done with it before that is started again. */

const { signal } = new AbortController();
const guard = startGuard();
let embedded: EmbeddedTemporal;
/** A directory whose server was killed in the middle of its work. */
let made: string;
let dir: string;
let server: ManagedProcess | undefined;

beforeAll(async () => {
  embedded = await embeddedTemporal({ log: (line) => console.error(line), signal });
  made = await mkdtemp(join(tmpdir(), 'lockkeeper-database-'));
  const address = await serve(made);
  await namespaceMade(address, 'before');
  await server?.kill();
}, 1_800_000);
afterAll(async () => {
  guard.close();
  await rm(made, { recursive: true, force: true });
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-database-'));
  cpSync(made, dir, { recursive: true });
});
afterEach(async () => {
  await server?.kill();
  await rm(dir, { recursive: true, force: true });
});

/** With what is in the directory; answers where it listens. */
async function serve(where: string): Promise<string> {
  const started = await serveEmbedded(embedded, { dir: where, guard });
  ({ server } = started);
  return started.address;
}

async function namespaceMade(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address });
  try {
    return await ensureNamespace(connection, namespace);
  } finally {
    await connection.close();
  }
}

/** What is in the file and in its log of changes; an empty log, and the index of one, are made by readers, too. */
function bytesOf(path: string): string[] {
  const hash = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(dirname(path), file)))
      .digest('hex');
  return readdirSync(dirname(path))
    .filter((file) => !file.endsWith('-shm') && statSync(join(dirname(path), file)).size > 0)
    .map((file) => `${file} ${hash(file)}`);
}

function change(path: string, ...statements: readonly string[]): void {
  const database = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
  for (const statement of statements) database.exec(statement);
  database.close();
}

const MB = 1024 ** 2;

/** All is in the one file then. */
const MERGED = 'PRAGMA wal_checkpoint(TRUNCATE)';

test('one whose server was killed is of this release, and the server goes on with it', async () => {
  expect(seeTo(embeddedDatabase(dir))).toEqual({
    mayStart: true,
    because: expect.stringMatching(
      /temporal\.db is of schema 0\.11; .* has \d+ MB left and \d+ MB within the \d+ MB of the database$/,
    ),
  });
  expect(await namespaceMade(await serve(dir), 'before')).toBe(false);
});

test('where there is none the server makes one', async () => {
  await rm(dirname(embeddedDatabase(dir)), { recursive: true });
  const address = await serve(dir);
  expect(await namespaceMade(address, 'before')).toBe(true);
});

test('one of the release before becomes one of this, and the server goes on with it', async () => {
  const path = embeddedDatabase(dir);
  change(path, 'DROP TABLE current_chasm_executions');
  expect(seeTo(path)).toEqual({
    mayStart: true,
    because: expect.stringMatching(/has been brought from schema 0\.10 to 0\.11; /),
  });
  expect(seeTo(path).because).toMatch(/is of schema 0\.11; /);
  const address = await serve(dir);
  expect(await namespaceMade(address, 'before')).toBe(false);
  expect(await namespaceMade(address, 'after')).toBe(true);
});

test.each<{ name: string; made: (statements: string[]) => string[] }>([
  { name: 'with its first table', made: (statements) => statements.slice(0, 1) },
  { name: 'with some of its tables', made: (statements) => statements.slice(0, 20) },
  // With these the server would start, and some of its work would fail for ever, or be slow.
  { name: 'without its indexes', made: (statements) => statements.slice(0, 50) },
  { name: 'without its last trigger', made: (statements) => statements.slice(0, -1) },
])('one whose making was cut short $name is made anew', async ({ made: part }) => {
  const path = embeddedDatabase(dir);
  const statements = statementsOf(path);
  expect(statements.length).toBeGreaterThan(100);
  await rm(dirname(path), { recursive: true });
  leaveUnfinished(path, part(statements));

  expect(seeTo(path)).toEqual({
    mayStart: true,
    because: expect.stringMatching(/temporal\.db was never finished: the server makes another$/),
  });
  expect(readdirSync(dirname(path))).toEqual([]);
  const address = await serve(dir);
  expect(await namespaceMade(address, 'before')).toBe(true);
  expect(seeTo(path).because).toMatch(/is of schema 0\.11; /);
});

test.each<{ name: string; spoil: (path: string) => void; because: RegExp }>([
  {
    name: 'of a newer release',
    spoil: (path) => change(path, 'CREATE TABLE of_tomorrow (id INT)'),
    because: /is of a schema that is not known here, and .* wants 0\.11: a newer release/,
  },
  {
    name: 'with a column that no release of ours knows',
    spoil: (path) => change(path, 'ALTER TABLE shards ADD COLUMN of_tomorrow INT'),
    because: /is of a schema that is not known here/,
  },
  {
    name: 'that is none',
    spoil(path) {
      change(path, MERGED);
      writeFileSync(path, 'no database at all, whatever it is called\n'.repeat(200));
    },
    because: /not a database/,
  },
  {
    name: 'of another program, in which something is written',
    spoil(path) {
      for (const file of readdirSync(dirname(path))) rmSync(join(dirname(path), file));
      change(
        path,
        'CREATE VIRTUAL TABLE notes USING fts5 (text)',
        "INSERT INTO notes VALUES ('x')",
      );
    },
    because: /is of a schema that is not known here/,
  },
  {
    name: 'of which a part is missing',
    spoil(path) {
      change(path, MERGED);
      truncateSync(path, 40 * 4096);
    },
    because: /is damaged|malformed/,
  },
  {
    name: 'of which pages are overwritten',
    spoil(path) {
      change(path, MERGED);
      const bytes = readFileSync(path);
      bytes.fill(0xff, 20 * 4096, 60 * 4096);
      writeFileSync(path, bytes);
    },
    because: /is damaged|malformed/,
  },
])('G8: one $name is refused in words and left as it is', ({ spoil, because }) => {
  const path = embeddedDatabase(dir);
  spoil(path);
  const before = bytesOf(path);
  expect(seeTo(path)).toEqual({ mayStart: false, because: expect.stringMatching(because) });
  expect(bytesOf(path)).toEqual(before);
});

test('G8: a volume that is full, or is none, is said', () => {
  const path = embeddedDatabase(dir);
  expect(seeTo(path, Number.MAX_SAFE_INTEGER)).toEqual({
    mayStart: false,
    because: expect.stringMatching(
      / has \d+ MB left and \d+ MB within .*, and the server needs \d+$/,
    ),
  });
  expect(seeTo(join(dir, 'nowhere', 'temporal.db'))).toEqual({
    mayStart: false,
    because: expect.stringMatching(/ENOENT.*nowhere/),
  });
});

test('a full volume whose database is mostly free pages may start, where there is room for the log', () => {
  const path = embeddedDatabase(dir);
  change(
    path,
    'CREATE TABLE filler (bytes BLOB)',
    'INSERT INTO filler VALUES (zeroblob(40 * 1024 * 1024))',
    'DROP TABLE filler',
    MERGED,
  );
  const withLeft = (bytes: number) => seeTo(path, undefined, () => bytes);
  expect(withLeft(5 * MB)).toEqual({
    mayStart: true,
    because: expect.stringMatching(/has 5 MB left and 4\d MB within the 4\d MB of the database$/),
  });
  expect(withLeft(3 * MB)).toEqual({
    mayStart: false,
    because: expect.stringMatching(/has 3 MB left .*, and the server needs 32$/),
  });
  // As after a kill: the log that is there is written over.
  writeFileSync(`${path}-wal`, Buffer.alloc(4 * MB));
  expect(withLeft(0)).toMatchObject({ mayStart: true });
});
