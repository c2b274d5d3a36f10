import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { embeddedServer, type EmbeddedTemporal } from '../lab/cluster/embedded.ts';
import type { Guard } from '../lab/cluster/guard.ts';
import { choosePorts } from '../lab/cluster/prepare.ts';
import { manageProcess, type ManagedProcess } from '../lab/cluster/process.ts';

/** Starts the server that the chart brings along, with what is in the directory; answers where it listens. */
export async function serveEmbedded(
  embedded: EmbeddedTemporal,
  { dir, guard }: { readonly dir: string; readonly guard: Guard },
): Promise<{ readonly server: ManagedProcess; readonly address: string }> {
  const ports = await choosePorts();
  const command = embeddedServer(embedded, { dir, ports });
  const server = manageProcess(
    { name: 'temporal', ...command, cwd: dir, logPath: join(dir, 'log') },
    { guard, onDeath: (line) => console.error(line) },
  );
  await server.start(new AbortController().signal);
  return { server, address: `127.0.0.1:${ports.temporal}` };
}

/** The statements by which the server makes its schema, one after the other; in between it may be killed. */
export function statementsOf(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  // The tables within a virtual table are made together with that.
  const rows = database
    .prepare(
      `SELECT sql FROM sqlite_schema AS made LEFT JOIN pragma_table_list AS list ON list.name = made.name
       WHERE sql IS NOT NULL AND list.type IS NOT 'shadow' ORDER BY made.rowid`,
    )
    .all();
  database.close();
  return rows.map(({ sql }) => String(sql));
}

/** Leaves there what a server does that is killed after these: not all of it is in the file yet. */
export function leaveUnfinished(path: string, statements: readonly string[]): void {
  const making = mkdtempSync(`${dirname(path)}-making-`);
  const database = new DatabaseSync(join(making, basename(path)), {
    enableDoubleQuotedStringLiterals: true,
  });
  database.exec('PRAGMA journal_mode = wal');
  for (const statement of statements) {
    database.exec(statement);
    if (statement.includes('TABLE namespace_metadata')) {
      database.exec('INSERT INTO namespace_metadata VALUES (54321, 1)');
    }
  }
  cpSync(making, dirname(path), { recursive: true });
  database.close();
  rmSync(making, { recursive: true });
}
