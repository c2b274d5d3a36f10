import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAudit } from '../cluster/audit.ts';
import type { Cluster } from '../cluster/contract.ts';
import { startGuard } from '../cluster/guard.ts';
import { manageProcess, type ManagedProcess } from '../cluster/process.ts';
import { startCluster } from '../cluster/start.ts';
import { environmentOf } from '../fleet/container.ts';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { nodeFiles } from '../fleet/node-files.ts';
import { ensureTools } from '../tools/ensure.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** A lab whose nodes have no workload and no agent, until one is started here. */
export class AgentScene {
  private readonly cluster: Cluster;
  private readonly fleet: Fleet;
  private readonly signal: AbortSignal;
  private readonly guard = startGuard();
  private readonly agents: ManagedProcess[] = [];

  private constructor(cluster: Cluster, fleet: Fleet, signal: AbortSignal) {
    this.cluster = cluster;
    this.fleet = fleet;
    this.signal = signal;
  }

  static async open(nodes: number, signal: AbortSignal): Promise<AgentScene> {
    const tools = await ensureTools({ log, signal });
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-bench-'));
    let cluster: Cluster | undefined;
    try {
      cluster = await startCluster({ dir, tools, log: () => undefined, signal, ui: false });
      const options = { nodes, podsPerNode: 'none', agents: false, log, signal } as const;
      return new AgentScene(cluster, await startFleet(cluster, options), signal);
    } catch (error) {
      await cluster?.stop();
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  get nodes(): readonly string[] {
    return this.fleet.nodes;
  }

  /** As the DaemonSet has them. */
  get flags(): readonly string[] {
    return this.fleet.manifests.agent.container.command?.slice(1, -1) ?? [];
  }

  /** Starts the bundle for a node and answers with its process, once it has reported. */
  async start(node: string, flags: readonly string[], bundle: string): Promise<number> {
    const { cluster, fleet } = this;
    await fleet.firstToken(node);
    const files = nodeFiles(cluster.dir, node);
    const spec = {
      name: `agent of ${node}`,
      command: process.execPath,
      args: [...flags, bundle],
      logPath: join(cluster.logsDir, `${node}.log`),
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
    };
    const agent = manageProcess(spec, { guard: this.guard, onDeath: log });
    this.agents.push(agent);
    await agent.start(this.signal);
    await fleet.evidence.until(node, 'reported on', ({ report }) => report !== undefined);
    return agent.pid ?? 0;
  }

  /** How often each node was asked for or written by its agent, between two moments. */
  async requests(fromMs: number, toMs: number): Promise<ReadonlyMap<string, number>> {
    const { namespace, serviceAccount } = this.fleet.manifests.agent;
    const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
    const counts = new Map<string, number>();
    for (const record of await readAudit(this.cluster.auditPath)) {
      if (record.user !== user || record.at < fromMs || record.at > toMs) continue;
      counts.set(record.name, (counts.get(record.name) ?? 0) + 1);
    }
    return counts;
  }

  /** Ends everything; what cannot be ended does not keep the rest from it. */
  async close(): Promise<void> {
    const { cluster, fleet, agents } = this;
    try {
      await Promise.all(agents.map((agent) => agent.kill()));
      this.guard.close();
      await fleet.stop();
    } finally {
      await cluster.stop();
      await rm(cluster.dir, { recursive: true, force: true });
    }
  }
}
