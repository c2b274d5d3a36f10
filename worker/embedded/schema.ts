import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/**
 * The schemas of Temporal's SQLite database that are known, the oldest first, and how one becomes the next. From
 * schema/sqlite/v3 of go.temporal.io/server, whose LICENSE (MIT) goes with the statements. The server itself neither asks for
 * the version of a file that is there nor changes it (common/persistence/sql/sqlplugin/sqlite/db.go, VerifyVersion).
 */
export const SCHEMAS: readonly Schema[] = [
  { version: '0.10', fingerprint: '6e23b67517d093ed' },
  {
    version: '0.11',
    fingerprint: '04b5df8d324454c7',
    fromTheOneBefore: `CREATE TABLE current_chasm_executions(
      shard_id INT NOT NULL,
      namespace_id BINARY(16) NOT NULL,
      business_id VARCHAR(255) NOT NULL,
      archetype_id BIGINT NOT NULL,
      run_id BINARY(16) NOT NULL,
      create_request_id VARCHAR(255) NOT NULL,
      state INT NOT NULL,
      status INT NOT NULL,
      start_time TIMESTAMP NULL,
      last_write_version BIGINT NOT NULL,
      data MEDIUMBLOB NOT NULL,
      data_encoding VARCHAR(16) NOT NULL DEFAULT '',
      PRIMARY KEY (shard_id, namespace_id, business_id, archetype_id)
    )`,
  },
];

export interface Schema {
  readonly version: string;
  /** Of its tables and their columns. */
  readonly fingerprint: string;
  /** Statements; the oldest has none. */
  readonly fromTheOneBefore?: string;
}

/** The schema that the server of this release wants (deploy/chart/values.yaml, temporal.embedded.image). */
export const WANTED = '0.11';

const COLUMNS = `
  SELECT tables.name AS name, columns.name AS column
  FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
  WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
  ORDER BY 1, 2`;

/** Names the tables and columns of a database. */
export function fingerprintOf(database: DatabaseSync): string {
  const rows = database.prepare(COLUMNS).all();
  const text = rows.map(({ name, column }) => `${String(name)}.${String(column)}`).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * What the making of the schema itself writes is in namespace_metadata, and in the tables within virtual ones. Virtual ones come
 * last: whatever a server has written is in the others, too.
 */
const WRITTEN_TO_LATER = `
  SELECT name FROM pragma_table_list
  WHERE schema = 'main' AND type <> 'shadow' AND name NOT GLOB 'sqlite_*' AND name <> 'namespace_metadata'
  ORDER BY type`;

/** Whether no server has written anything into it but the schema, or a part of that. */
export function isUnused(database: DatabaseSync): boolean {
  const tables = database.prepare(WRITTEN_TO_LATER).all();
  return tables.every(({ name }) => {
    const quoted = `"${String(name).replaceAll('"', '""')}"`;
    return database.prepare(`SELECT 1 FROM ${quoted} LIMIT 1`).get() === undefined;
  });
}
