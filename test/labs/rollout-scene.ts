import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { lockId, rolloutId } from '../../domain/names.ts';
import type { Policy } from '../../domain/policy.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import type { LockStatus, RolloutResult, RolloutStatus } from '../../domain/status.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { embeddedTemporal } from '../../lab/cluster/embedded.ts';
import type { Manifests } from '../../lab/fleet/manifests.ts';
import { POOL_LABEL } from '../../lab/fleet/nodes.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import { policyText } from '../../lab/policy.ts';
import { ensureTools } from '../../lab/tools/ensure.ts';
import { PinnedApps } from '../pinned-apps.ts';
import { statusIn } from '../ask.ts';

const run = promisify(execFile);
const silent = (): void => undefined;

/** A pool as it stands in the policy file. */
export type PoolText = z.input<typeof Policy>['pools'][number];

interface SceneOptions {
  readonly nodes: number;
  readonly pools?: Readonly<Record<string, Partial<PoolText>>>;
  readonly notifications?: NonNullable<z.input<typeof Policy>['notifications']>;
  /** For the worker: where it finds secrets. */
  readonly env?: NodeJS.ProcessEnv;
  /** With the Temporal that the chart brings along, which goes down with the node of the worker's pod. */
  readonly embedded?: true;
  /** Brings Lockkeeper into the cluster, with this policy; default: deploy/lockkeeper.yaml is applied. */
  readonly install?: (cluster: Cluster, policy: string) => Promise<Manifests>;
}

/** The lab's policy with a scan that sleeps and more pools. */
function sleepingPolicy(
  downForMs: number,
  { pools = {}, notifications = [] }: Pick<SceneOptions, 'pools' | 'notifications'>,
): string {
  const policy = parse(policyText(downForMs)) as z.input<typeof Policy>;
  // Whoever forbids evictions here wants a drain that comes to no end, not one that does not begin.
  const [own] = policy.pools.map((pool) => ({ ...pool, gates: { budgets: 'ignore' as const } }));
  const more = Object.entries(pools).map(([name, changes]) => ({
    ...own,
    name,
    nodes: `${POOL_LABEL.key}=${name}`,
    ...changes,
  }));
  const told = notifications.length > 0 ? { notifications } : {};
  return stringify({ ...policy, scanEvery: '12h', pools: [own, ...more], ...told });
}

/** A whole lab whose scan sleeps, so that nothing happens but what the test starts; and a person's hands on it. */
export class RolloutScene {
  readonly lab: Lab;
  readonly client: Client;
  private readonly connection: Connection;
  private readonly temporal: string;
  private readonly dir: string;
  private readonly apps: PinnedApps;
  /** Before that, nodes that are being created are not Ready. */
  private readonly upAtMs = Date.now();

  private constructor(lab: Lab, connection: Connection, paths: { temporal: string; dir: string }) {
    this.lab = lab;
    this.connection = connection;
    this.client = new Client({ connection });
    this.temporal = paths.temporal;
    this.apps = new PinnedApps(lab.fleet.kube);
    this.dir = paths.dir;
  }

  /** `pools`: pools on top of the lab's own, each with what its policy says otherwise; `moveTo` puts nodes into them. */
  static async open({
    nodes,
    env = {},
    install,
    embedded,
    ...written
  }: SceneOptions): Promise<RolloutScene> {
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-rollout-test-'));
    const { signal } = new AbortController();
    const tools = await ensureTools({ log: silent, signal });
    const downForMs = 1_000;
    const policy = sleepingPolicy(downForMs, written);
    const lab = await startLab({
      dir,
      tools,
      nodes,
      podsPerNode: 1,
      downForMs,
      policy,
      workerEnv: env,
      ...(embedded && { embedded: await embeddedTemporal({ log: silent, signal }, { ui: true }) }),
      ...(install && { install: (cluster: Cluster) => install(cluster, policy) }),
      log: silent,
      signal,
    });
    const connection = await Connection.connect({ address: lab.cluster.temporalAddress });
    return new RolloutScene(lab, connection, { temporal: tools.temporal, dir });
  }

  /** Fails when a guarantee was broken, or when something of a rollout is left on a node that is in none. */
  async close(): Promise<void> {
    try {
      await this.lab.witness.finish();
    } finally {
      await this.connection.close();
      await this.lab.stop();
      await rm(this.dir, { recursive: true, force: true });
    }
  }

  /** `temporal workflow start`, exactly as the documentation has it. */
  async startByHand(node: string, input: unknown = { node }): Promise<WorkflowHandle> {
    const type = ['--type', 'nodeRollout', '--task-queue', 'lockkeeper'];
    const what = ['--workflow-id', rolloutId(node), '--input', JSON.stringify(input)];
    await this.cli('workflow', 'start', ...type, ...what);
    return this.client.workflow.getHandle(rolloutId(node));
  }

  /** `temporal`, as a person has it; the Web UI asks the server for the same. */
  async cli(...words: readonly string[]): Promise<string> {
    const argv = [...words, '--address', this.lab.cluster.temporalAddress];
    const { stdout } = await run(this.temporal, argv, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }

  /** Keeps a history for the replay tests; only when LOCKKEEPER_RECORD names a directory (see test/histories/README.md). */
  async record(name: string, workflowId: string): Promise<void> {
    const dir = process.env['LOCKKEEPER_RECORD'];
    if (dir === undefined) return;
    const history = await this.cli(
      'workflow',
      'show',
      '--workflow-id',
      workflowId,
      '--output',
      'json',
    );
    // Stack traces say where this checkout is, which is nobody's business.
    await writeFile(join(dir, `${name}.json`), history.replaceAll(`${process.cwd()}/`, ''));
  }

  result(rollout: WorkflowHandle): Promise<RolloutResult> {
    return rollout.result() as Promise<RolloutResult>;
  }

  status(rollout: WorkflowHandle): Promise<RolloutStatus> {
    return statusIn<RolloutStatus>(rollout);
  }

  /** Lets the node ask for a reboot, and waits until its agent has said so. */
  async askForReboot(node: string): Promise<void> {
    await this.lab.fleet.machine(node).requireReboot(['libc6']);
    await this.lab.fleet.evidence.until(
      node,
      'asking for a reboot',
      ({ report }) => report?.wants === 'required',
    );
  }

  /**
   * Each of the nodes has a pod that cannot be evicted, for a disruption budget `never-<node>`, until `allowEvictions`. The
   * budget of the shop allows none either: a worker that is killed with an eviction under way leaves a disruption counted that
   * did not take place, which Kubernetes forgets after two minutes.
   */
  async forbidEvictions(...nodes: readonly string[]): Promise<void> {
    await this.apps.start(nodes);
    await this.allowDisruptions(0);
    for (const node of nodes) await this.apps.forbidEvictions(node);
  }

  async allowEvictions(): Promise<void> {
    await this.apps.allowEvictions();
    await this.allowDisruptions(1);
  }

  private async allowDisruptions(maxUnavailable: number): Promise<void> {
    const web = '/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web';
    await this.lab.fleet.kube.patch(web, 'merge', { spec: { maxUnavailable } });
  }

  /** Takes the node out of the lab's own pool and into another. */
  async moveTo(pool: string, ...nodes: readonly string[]): Promise<void> {
    for (const node of nodes) {
      await this.patchNode(node, { metadata: { labels: { [POOL_LABEL.key]: pool } } });
    }
  }

  /** The nodes of the pool, as the cluster showed them last. */
  nodesOf(pool: string): NodeFacts[] {
    const { evidence } = this.lab.fleet;
    const all = this.lab.fleet.nodes.flatMap((name) => evidence.node(name) ?? []);
    return all.filter(({ labels }) => labels[POOL_LABEL.key] === pool);
  }

  lockOf(pool: string): WorkflowHandle {
    return this.client.workflow.getHandle(lockId(pool));
  }

  lockStatus(pool: string): Promise<LockStatus> {
    return statusIn<LockStatus>(this.lockOf(pool));
  }

  /** Rewrites the worker's policy file, as a person or a ConfigMap would. */
  async changePolicy(change: (pools: PoolText[]) => void): Promise<void> {
    const { policyPath } = this.lab;
    const policy = parse(await readFile(policyPath, 'utf8')) as { pools: PoolText[] };
    change(policy.pools);
    await writeFile(policyPath, stringify(policy));
  }

  /** The Events about the node, oldest first, as `reason: message`. */
  async eventsOf(node: string): Promise<string[]> {
    interface Events {
      items: { reason: string; message: string; eventTime: string }[];
    }
    const query = `fieldSelector=involvedObject.name=${node}`;
    const { items } = await this.lab.fleet.kube.get<Events>(
      `/api/v1/namespaces/default/events?${query}`,
    );
    return items
      .toSorted((a, b) => a.eventTime.localeCompare(b.eventTime))
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  patchNode(node: string, patch: unknown): Promise<unknown> {
    return this.lab.fleet.kube.patch(`/api/v1/nodes/${node}`, 'merge', patch);
  }

  /** Resets the workflow, as from the Web UI: a new run takes the place of the old one. */
  async reset(
    workflowId: string,
    to: 'FirstWorkflowTask' | 'LastWorkflowTask' = 'LastWorkflowTask',
  ): Promise<void> {
    const what = ['--workflow-id', workflowId, '--type', to, '--reason', 'a test'];
    await this.cli('workflow', 'reset', ...what);
  }

  /** The most nodes out of service at one moment since the lab was up, from what the API server has shown. */
  mostNodesOut(): number {
    const out = new Set<string>();
    let most = 0;
    for (const { atMs, node, ready, unschedulable } of this.lab.fleet.evidence.timeline) {
      if (!ready || unschedulable) out.add(node);
      else out.delete(node);
      if (atMs >= this.upAtMs) most = Math.max(most, out.size);
    }
    return most;
  }
}

/** The gates that a rollout waits at; none in another phase. */
export const closedGatesOf = ({ phase }: RolloutStatus) =>
  phase.at === 'waiting' ? phase.closed : [];
