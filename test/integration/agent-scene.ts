import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAgent } from '../../agent/agent.ts';
import { systemClock } from '../../activities/clock.ts';
import type { Host } from '../../agent/host.ts';
import type { Sentinel } from '../../agent/sentinel.ts';
import { ANNOTATION, readAnswer, REBOOT_REQUIRED } from '../../domain/node-contract.ts';
import type { NodeCondition, RebootAnswer } from '../../domain/node-contract.ts';
import type { ClusterFacts } from '../../lab/cluster/contract.ts';
import { requestToken } from '../../lab/fleet/account.ts';
import { applyObjects } from '../../lab/fleet/apply.ts';
import { connectKube } from '../../lab/fleet/kube.ts';
import type { Kube, KubeObject } from '../../lab/fleet/kube.ts';
import { readManifests } from '../../lab/fleet/manifests.ts';
import { startWitness, type Witness } from '../../lab/witness/witness.ts';
import { eventually } from './eventually.ts';

/** A machine that is only what the test says it is. */
interface FakeHost extends Host {
  boot: string;
  sentinel: Sentinel;
  /** How often each has been called. */
  rebooted: number;
  asked: number;
  /** Run in front of the call. */
  beforeReboot: () => Promise<void> | void;
  beforeBootId: () => Promise<void> | void;
}

function fakeHost(): FakeHost {
  return {
    boot: randomUUID(),
    sentinel: { wants: 'not-required', message: 'absent' },
    rebooted: 0,
    asked: 0,
    beforeReboot: () => undefined,
    beforeBootId: () => undefined,
    async bootId() {
      await this.beforeBootId();
      this.asked += 1;
      return this.boot;
    },
    async checkSentinel() {
      return this.sentinel;
    },
    async reboot() {
      this.rebooted += 1;
      await this.beforeReboot();
    },
  };
}

/** One node with an agent pod on it, and what a test does to both. */
export interface AgentNode {
  readonly name: string;
  readonly host: FakeHost;
  readonly token: string;
  readonly tokenFile: string;
  start(): void;
  stop(): Promise<void>;
  annotate(annotations: Record<string, string | null>): Promise<void>;
  order(text: string | null): Promise<void>;
  answer(): Promise<RebootAnswer | undefined>;
  condition(): Promise<NodeCondition | undefined>;
  /** What the agent has warned of. */
  readonly warnings: string[];
  /** Resolves when the agent has judged the node once more. */
  judged(act: () => Promise<void>): Promise<void>;
}

export interface AgentScene {
  readonly admin: Kube;
  /** Of G4 alone: here tests play the worker, and write orders that no worker would. */
  readonly witness: Witness;
  addNode(): Promise<AgentNode>;
  applyManifests(): Promise<unknown>;
  /** A token of the agents' account; bound to a pod when it is named. */
  token(pod?: string): Promise<string>;
  close(): Promise<void>;
}

interface NodeObject extends KubeObject {
  readonly status: { readonly conditions?: readonly NodeCondition[] };
}

const PREFIX = 'agent-test-';
const isTestNode = (name: string): boolean => name.startsWith(PREFIX);

/** Applies the shipped manifests, and no others, and waits until the admission policy is in force. */
export async function openAgentScene(cluster: ClusterFacts): Promise<AgentScene> {
  const admin = connectKube(cluster, cluster.adminToken);
  const manifests = await readManifests();
  await eventually(async () => applyObjects(admin, manifests.objects));
  const { namespace, serviceAccount } = manifests.agent;
  const dir = mkdtempSync(join(tmpdir(), 'agent-scene-'));
  const nodes: { stop(): Promise<void>; name: string }[] = [];
  const witness = await startWitness({ cluster, rules: ['G4'], nodes: isTestNode });

  const token = (pod?: string): Promise<string> =>
    requestToken(
      admin,
      manifests.agent,
      pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod } },
    );

  async function addNode(): Promise<AgentNode> {
    const name = `${PREFIX}${randomUUID().slice(0, 8)}`;
    await admin.post('/api/v1/nodes', nodeObject(name));
    const pod = agentPod(name, serviceAccount);
    await eventually(async () => admin.post(`/api/v1/namespaces/${namespace}/pods`, pod));
    const bound = await token(name);
    const tokenFile = join(dir, `${name}.token`);
    writeFileSync(tokenFile, bound);
    const node = agentNode({ cluster, admin, name, token: bound, tokenFile });
    nodes.push(node);
    return node;
  }

  return {
    admin,
    witness,
    addNode,
    applyManifests: () => applyObjects(admin, manifests.objects),
    token,
    async close() {
      try {
        await witness.finish();
      } finally {
        await witness.stop();
        for (const node of nodes) {
          await node.stop();
          await admin.delete(`/api/v1/nodes/${node.name}`);
        }
        admin.close();
        rmSync(dir, { recursive: true });
      }
    },
  };
}

interface AgentNodeParts {
  readonly cluster: ClusterFacts;
  readonly admin: Kube;
  readonly name: string;
  readonly token: string;
  readonly tokenFile: string;
}

function agentNode({ cluster, admin, name, token, tokenFile }: AgentNodeParts): AgentNode {
  const host = fakeHost();
  const warnings: string[] = [];
  const path = `/api/v1/nodes/${name}`;
  let stopping = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const read = async () => admin.get<NodeObject>(path);
  const annotate = async (annotations: Record<string, string | null>) => {
    await admin.patch(path, 'merge', { metadata: { annotations } });
  };
  return {
    name,
    host,
    token,
    tokenFile,
    warnings,
    start() {
      stopping = new AbortController();
      ended = runAgent({
        config: {
          node: name,
          periodMs: 1_000,
          logFormat: 'json',
          kube: { address: cluster.apiServerUrl, tokenFile, caFile: cluster.caPath },
        },
        host,
        // No waiting in tests: pauses are cut short, and what is due by the clock stays so.
        clock: {
          ...systemClock,
          pause: (ms, signal) => systemClock.pause(Math.min(ms, 50), signal),
        },
        log: {
          info: () => undefined,
          warn: (_, fields) => void warnings.push(String(fields?.['because'])),
          error: () => undefined,
        },
        signal: stopping.signal,
      });
    },
    async stop() {
      stopping.abort();
      await ended;
    },
    annotate,
    order: async (text) => annotate({ [ANNOTATION.order]: text }),
    async answer() {
      const answer = readAnswer((await read()).metadata.annotations?.[ANNOTATION.answer]);
      return answer?.ok === true ? answer.value : undefined;
    },
    async condition() {
      return (await read()).status.conditions?.find(({ type }) => type === REBOOT_REQUIRED);
    },
    async judged(act) {
      const before = host.asked;
      await act();
      await eventually(() => host.asked > before);
      // What follows from a judgement is begun before the next turn of the event loop.
      await sleep(20);
    },
  };
}

function nodeObject(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'test/label': 'before' },
      annotations: { 'test/annotation': 'before' },
    },
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Test', message: 'as the test says' }],
    },
  };
}

function agentPod(node: string, serviceAccountName: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: node },
    spec: {
      nodeName: node,
      serviceAccountName,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'agent', image: 'agent' }],
    },
  };
}
