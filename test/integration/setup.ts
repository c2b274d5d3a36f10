import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../lab/cluster/start.ts';
import { ensureTools } from '../../lab/tools/ensure.ts';
import { LAB_VARIABLE, type LabFacts } from './lab.ts';
import { running } from './running.ts';

const log = (line: string): void => console.error(`[lab] ${line}`);

/** One cluster for the whole integration run; tests find it through `lab()`. */
export default async function setup(): Promise<void> {
  const { signal } = new AbortController();
  const tools = await ensureTools({ log, signal });
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-integration-'));
  const cluster = await startCluster({ dir, tools, log, signal, ui: false, temporalDb: 'memory' });
  running.cluster = cluster;
  // A Jest run that ends early, by Ctrl-C or a bug, ends the processes through the cluster's guard.
  const path = join(dir, 'lab.json');
  // Of the cluster only its facts are JSON; what can be done to it stays with this process.
  const facts: LabFacts = { ...cluster, tools };
  await writeFile(path, JSON.stringify(facts));
  process.env[LAB_VARIABLE] = path;
}
