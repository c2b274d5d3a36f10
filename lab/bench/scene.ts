import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAudit } from '../cluster/audit.ts';
import type { Cluster } from '../cluster/contract.ts';
import { startGuard } from '../cluster/guard.ts';
import { startCluster } from '../cluster/start.ts';
import { environmentOf } from '../fleet/container.ts';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { nodeFiles } from '../fleet/node-files.ts';
import { startTokens, type Tokens } from '../fleet/tokens.ts';
import { ensureTools } from '../tools/ensure.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** No pod takes the place of another here. */
const ignore = (): void => undefined;

interface Parts {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly tokens: Tokens;
}

/** A lab whose nodes have no workload and no agent, until one is started here. */
export class AgentScene {
  private readonly parts: Parts;
  private readonly guard = startGuard();
  private readonly children: ChildProcess[] = [];

  private constructor(parts: Parts) {
    this.parts = parts;
  }

  static async open(nodes: number, signal: AbortSignal): Promise<AgentScene> {
    const tools = await ensureTools({ log, signal });
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-bench-'));
    let cluster: Cluster | undefined;
    try {
      cluster = await startCluster({ dir, tools, log: () => undefined, signal, ui: false });
      const fleet = await startFleet(cluster, {
        nodes,
        podsPerNode: 'none',
        agents: false,
        log,
        signal,
      });
      const agent = fleet.manifests.agent;
      const tokens = startTokens({ kube: fleet.kube, labDir: dir, agent, log, onNewPod: ignore });
      return new AgentScene({ cluster, fleet, tokens });
    } catch (error) {
      await cluster?.stop();
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  get nodes(): readonly string[] {
    return this.parts.fleet.nodes;
  }

  /** As the DaemonSet has them. */
  get flags(): readonly string[] {
    return this.parts.fleet.manifests.agent.container.command?.slice(1, -1) ?? [];
  }

  /** Starts the bundle for a node and answers with its process, once it has reported. */
  async start(node: string, flags: readonly string[], bundle: string): Promise<number> {
    const { cluster, fleet, tokens } = this.parts;
    await tokens.first(node);
    const files = nodeFiles(cluster.dir, node);
    const out = openSync(join(cluster.logsDir, `${node}.log`), 'a');
    const child = spawn(process.execPath, [...flags, bundle], {
      detached: true,
      stdio: ['ignore', out, out],
      env: {
        ...environmentOf(fleet.manifests.agent.container, {
          fields: { 'spec.nodeName': node },
          mounts: { '/sentinel': dirname(files.sentinel) },
        }),
        // What a pod finds in its place.
        LOCKKEEPER_API_SERVER: cluster.apiServerUrl,
        LOCKKEEPER_TOKEN_FILE: files.token,
        LOCKKEEPER_CA_FILE: cluster.caPath,
      },
    });
    closeSync(out);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    this.guard.watch(pid);
    this.children.push(child);
    await fleet.evidence.until(node, 'reported on', ({ report }) => report !== undefined);
    return pid;
  }

  /** How often each node was asked for or written by its agent, between two moments. */
  async requests(fromMs: number, toMs: number): Promise<ReadonlyMap<string, number>> {
    const { namespace, serviceAccount } = this.parts.fleet.manifests.agent;
    const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
    const counts = new Map<string, number>();
    for (const record of await readAudit(this.parts.cluster.auditPath)) {
      if (record.user !== user || record.at < fromMs || record.at > toMs) continue;
      counts.set(record.name, (counts.get(record.name) ?? 0) + 1);
    }
    return counts;
  }

  /** Ends everything; what cannot be ended does not keep the rest from it. */
  async close(): Promise<void> {
    const { cluster, fleet, tokens } = this.parts;
    try {
      for (const child of this.children) child.kill('SIGKILL');
      this.guard.close();
      await tokens.stop();
      await fleet.stop();
    } finally {
      await cluster.stop();
      await rm(cluster.dir, { recursive: true, force: true });
    }
  }
}
