import { randomUUID } from 'node:crypto';
import { ANNOTATION, writeAnswer, writeOrder, writeRollout } from '../../domain/node-contract.ts';
import type { RebootAnswer, RebootOrder, RolloutRecord } from '../../domain/node-contract.ts';
import { requestToken } from '../../lab/fleet/account.ts';
import { applyObjects } from '../../lab/fleet/apply.ts';
import { connectKube, type Kube } from '../../lab/fleet/kube.ts';
import { readManifests, type Component, type Manifests } from '../../lab/fleet/manifests.ts';
import type { PoolLimits } from '../../lab/witness/contract.ts';
import { startWitness, type Witness } from '../../lab/witness/witness.ts';
import { eventually } from './eventually.ts';
import type { LabFacts } from './lab.ts';

/** One node without a kubelet, so that it is only what the test writes; and the hands of everybody who writes on it. */
export class PlayedNode {
  readonly name: string;
  bootId = randomUUID();
  readonly #scene: WitnessScene;

  constructor(scene: WitnessScene, name: string) {
    this.#scene = scene;
    this.name = name;
  }

  get run(): Pick<RolloutRecord, 'workflowId' | 'runId'> {
    return { workflowId: `node-rollout/${this.name}`, runId: 'run-1' };
  }

  /** Cordons and writes the record in one update, as the worker does. */
  async take(by = this.#scene.worker, more: Partial<RolloutRecord> = {}): Promise<void> {
    const record = {
      ...this.run,
      cordonedByUs: true,
      bootIdBefore: this.bootId,
      phase: 'draining',
      ...more,
    };
    await this.write(by, {
      annotations: { [ANNOTATION.rollout]: writeRollout(record) },
      unschedulable: true,
    });
  }

  async order(more: Partial<RebootOrder> = {}): Promise<void> {
    const order = {
      bootId: this.bootId,
      rollout: `${this.run.workflowId}/${this.run.runId}`,
      expiresAtMs: Date.now() + 60_000,
      ...more,
    };
    await this.write(this.#scene.worker, {
      annotations: { [ANNOTATION.order]: writeOrder(order), [ANNOTATION.answer]: null },
    });
  }

  /** As the agent of this node, with a token that is bound to its pod. */
  async accept(more: Partial<RebootAnswer> = {}): Promise<void> {
    const answer = {
      bootId: this.bootId,
      rollout: `${this.run.workflowId}/${this.run.runId}`,
      verdict: 'accepted' as const,
      because: '',
      atMs: Date.now(),
      ...more,
    };
    const agent = await this.#scene.agentOf(this.name);
    await this.write(agent, { annotations: { [ANNOTATION.answer]: writeAnswer(answer) } });
  }

  /** The kubelet reports another boot. */
  async boot(): Promise<void> {
    this.bootId = randomUUID();
    const status = { nodeInfo: { bootID: this.bootId } };
    await this.#scene.admin.patch(`${this.path}/status`, 'merge', { status });
  }

  async ready(ready: boolean): Promise<void> {
    const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason: 'Test' };
    const status = { conditions: [condition] };
    await this.#scene.admin.patch(`${this.path}/status`, 'strategic', { status });
  }

  /** Uncordons and takes everything away, as the worker does. */
  async handBack({ unschedulable = false }: { unschedulable?: boolean } = {}): Promise<void> {
    const { rollout, order, answer } = ANNOTATION;
    await this.write(this.#scene.worker, {
      annotations: { [rollout]: null, [order]: null, [answer]: null },
      unschedulable,
    });
  }

  async write(
    by: Kube,
    {
      annotations = {},
      unschedulable,
    }: { annotations?: Record<string, string | null>; unschedulable?: boolean },
  ): Promise<void> {
    const spec = unschedulable === undefined ? {} : { spec: { unschedulable } };
    await by.patch(this.path, 'merge', { metadata: { annotations }, ...spec });
  }

  get path(): string {
    return `/api/v1/nodes/${this.name}`;
  }
}

/** Nodes of a pool of their own on the shared cluster, under a witness, and the hands that play a broken Lockkeeper. */
export class WitnessScene {
  readonly admin: Kube;
  readonly worker: Kube;
  readonly witness: Witness;
  readonly prefix: string;
  readonly #cluster: LabFacts;
  readonly #agent: Component;
  readonly #agents = new Map<string, Kube>();
  readonly #made: string[] = [];
  #count = 0;

  private constructor(
    cluster: LabFacts,
    parts: { admin: Kube; worker: Kube; agent: Component; witness: Witness; prefix: string },
  ) {
    this.#cluster = cluster;
    this.admin = parts.admin;
    this.worker = parts.worker;
    this.#agent = parts.agent;
    this.witness = parts.witness;
    this.prefix = parts.prefix;
  }

  /** `limits`: of the scene's own pool; it may be changed while the test goes on. */
  static async open(
    cluster: LabFacts,
    limits: Pick<PoolLimits, 'maxUnavailable'>,
  ): Promise<WitnessScene> {
    const admin = connectKube(cluster, cluster.adminToken);
    const manifests = await readManifests();
    await applyObjects(admin, manifests.objects.filter(isNeeded));
    const worker = connectKube(cluster, await requestToken(admin, manifests.worker));
    const prefix = `witness-${randomUUID().slice(0, 8)}`;
    const witness = await startWitness({
      cluster,
      limits: () => [{ name: prefix, nodes: `witness=${prefix}`, ...limits }],
      nodes: (name) => name.startsWith(prefix),
    });
    const { agent } = manifests;
    return new WitnessScene(cluster, { admin, worker, agent, witness, prefix });
  }

  async addNodes(count: number): Promise<PlayedNode[]> {
    const nodes = Array.from({ length: count }, () => this.#newNode());
    await Promise.all(nodes.map((node) => this.#create(node)));
    return nodes;
  }

  /** A pod that is on the node as soon as it exists; nobody runs it. */
  async addPod(node: PlayedNode, owner?: 'DaemonSet'): Promise<string> {
    const name = `${node.name}-${(this.#count += 1)}`;
    const ownerReferences = owner === undefined ? [] : [daemonSet('logs')];
    await this.#createPod('default', name, { node, ownerReferences });
    return name;
  }

  async evict(name: string): Promise<void> {
    await this.worker.post(`/api/v1/namespaces/default/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: 'default' },
    });
  }

  async agentOf(node: string): Promise<Kube> {
    const known = this.#agents.get(node);
    if (known) return known;
    const { namespace } = this.#agent;
    await this.#createPod(namespace, node, { node: { name: node }, ownerReferences: [] });
    const bound = { kind: 'Pod', apiVersion: 'v1', name: node };
    const agent = connectKube(
      this.#cluster,
      await requestToken(this.admin, this.#agent, { boundObjectRef: bound }),
    );
    this.#agents.set(node, agent);
    return agent;
  }

  async close(): Promise<void> {
    await this.witness.stop();
    for (const path of this.#made.toReversed())
      await this.admin.delete(`${path}?gracePeriodSeconds=0`).catch(() => undefined);
    for (const client of [this.worker, this.admin, ...this.#agents.values()]) client.close();
  }

  #newNode(): PlayedNode {
    this.#count += 1;
    return new PlayedNode(this, `${this.prefix}-${this.#count}`);
  }

  async #create(node: PlayedNode): Promise<void> {
    await this.admin.post('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: node.name, labels: { witness: this.prefix } },
      status: {
        capacity: { cpu: '4', memory: '8Gi', pods: '110' },
        nodeInfo: nodeInfo(node.bootId),
        conditions: [{ type: 'Ready', status: 'True', reason: 'Test' }],
      },
    });
    this.#made.push(node.path);
  }

  async #createPod(
    namespace: string,
    name: string,
    { node, ownerReferences }: { node: { name: string }; ownerReferences: object[] },
  ): Promise<void> {
    const isAgent = namespace !== 'default';
    const spec = {
      nodeName: node.name,
      serviceAccountName: isAgent ? this.#agent.serviceAccount : 'default',
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'main', image: 'none' }],
    };
    const references = isAgent ? [daemonSet(this.prefix)] : ownerReferences;
    const metadata = { name, namespace, ownerReferences: references };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
    // The namespace's service account is made by a controller, a moment after the namespace.
    await eventually(async () => this.admin.post(`/api/v1/namespaces/${namespace}/pods`, body));
    this.#made.push(`/api/v1/namespaces/${namespace}/pods/${name}`);
  }
}

function isNeeded({ kind }: Manifests['objects'][number]): boolean {
  return !['DaemonSet', 'StatefulSet'].includes(kind);
}

function daemonSet(name: string): object {
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid: randomUUID(), controller: true };
}

function nodeInfo(bootID: string): object {
  const names = ['architecture', 'containerRuntimeVersion', 'kernelVersion', 'kubeProxyVersion'];
  const more = ['kubeletVersion', 'machineID', 'operatingSystem', 'osImage', 'systemUUID'];
  return { bootID, ...Object.fromEntries([...names, ...more].map((name) => [name, 'played'])) };
}
