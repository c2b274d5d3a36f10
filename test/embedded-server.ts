import { join } from 'node:path';
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
