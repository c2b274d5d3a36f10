import type { NodeFacts } from '../../domain/node-facts.ts';
import type { ClusterFacts } from '../cluster/contract.ts';
import { startGuard } from '../cluster/guard.ts';
import type { ProgressSink } from '../tools/contract.ts';
import { bundleAgent, bundlePath } from './agent-bundle.ts';
import { applyObjects } from './apply.ts';
import { startEvidence, type Evidence } from './evidence.ts';
import { NO_FAULT, type Fault } from './fault.ts';
import type { KeptProcess } from './kept-process.ts';
import { connectKube, type Kube } from './kube.ts';
import type { Machine } from './machine.ts';
import { readManifests, type Manifests } from './manifests.ts';
import { createMember, type Member } from './member.ts';
import { createNodes, nodeName } from './nodes.ts';
import { untilWorkloadsRun, workloads } from './workloads.ts';
import { startTokens, type Tokens } from './tokens.ts';

export interface FleetOptions {
  readonly nodes: number;
  /** How long a rebooting machine is away; default 5 s. */
  readonly downForMs?: number;
  readonly faults?: ReadonlyMap<string, Fault>;
  /** Pods of the budgeted Deployment per node, default 2; `none`: no workloads at all. */
  readonly podsPerNode?: number | 'none';
  /** Default true: a real agent process per node. Without, whoever brings one finds its token in its place. */
  readonly agents?: boolean;
  /** Default: those of deploy/lockkeeper.yaml. What is in their `objects` is applied. */
  readonly manifests?: Manifests;
  readonly log: ProgressSink;
  /** Aborting it during the start ends everything and rejects. */
  readonly signal?: AbortSignal;
}

/** Nodes, their machines, agents and workloads on a running cluster. */
export interface Fleet {
  readonly nodes: readonly string[];
  readonly manifests: Manifests;
  /** As administrator. */
  readonly kube: Kube;
  readonly evidence: Evidence;
  machine(node: string): Machine;
  agent(node: string): KeptProcess;
  /** Resolves when the agent of the node has its first token. */
  firstToken(node: string): Promise<void>;
  /** Every boot id the API server has shown for the node, the one before any reboot first. */
  bootIds(node: string): readonly string[];
  /** Ends agents and machines and stops watching; the cluster stays as it is. */
  stop(): Promise<void>;
}

/** Resolves when every node is Ready, the workloads run and every agent has reported. */
export async function startFleet(cluster: ClusterFacts, options: FleetOptions): Promise<Fleet> {
  const parts = await openParts(cluster, options);
  try {
    await Promise.race([setUp(parts), aborted(options.signal)]);
    return fleetOf(parts);
  } catch (error) {
    await stopParts(parts);
    throw error;
  }
}

/** Never resolves; rejects with the abort. */
export function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal?.reason as Error);
    if (signal?.aborted) fail();
    signal?.addEventListener('abort', fail, { once: true });
  });
}

async function addMember(parts: Parts, node: string, bootId: string): Promise<void> {
  const { cluster, options, manifests, guard, lifetime, members } = parts;
  const context = { guard, log: options.log, lifetime: lifetime.signal };
  const { downForMs = 5_000, faults, agents: withAgent = true } = options;
  const fault = faults?.get(node) ?? NO_FAULT;
  const member = await createMember(cluster, context, {
    node,
    bootId,
    downForMs,
    fault,
    container: manifests.agent.container,
    withAgent,
  });
  members.set(node, member);
}

interface Parts {
  readonly cluster: ClusterFacts;
  readonly options: FleetOptions;
  readonly manifests: Manifests;
  readonly kube: Kube;
  readonly evidence: Evidence;
  readonly guard: ReturnType<typeof startGuard>;
  /** Aborted first when the fleet is stopped: nothing is started after that. */
  readonly lifetime: AbortController;
  readonly members: Map<string, Member>;
  tokens?: Tokens;
}

async function openParts(cluster: ClusterFacts, options: FleetOptions): Promise<Parts> {
  const manifests = options.manifests ?? (await readManifests());
  const kube = connectKube(cluster, cluster.adminToken);
  const evidence = await startEvidence(kube);
  return {
    cluster,
    options,
    manifests,
    kube,
    evidence,
    guard: startGuard(),
    lifetime: new AbortController(),
    members: new Map(),
  };
}

async function setUp(parts: Parts): Promise<void> {
  const { kube, manifests, options, evidence } = parts;
  const bundled = options.agents === false ? undefined : bundleAgent(bundlePath(parts.cluster));
  // A failure is met where it is awaited below; until then it must not count as unhandled.
  bundled?.catch(() => undefined);
  // Nodes first: KWOK takes seconds to notice pods that were there before it had their node.
  const bootIds = await createNodes(kube, options.nodes);
  await Promise.all([
    ...[...bootIds].map(([node, bootId]) => addMember(parts, node, bootId)),
    ...[...bootIds.keys()].map((node) =>
      evidence.until(node, 'Ready', ({ ready }) => ready, patienceMs(options)),
    ),
  ]);
  options.log(`${options.nodes} nodes are Ready`);
  const { podsPerNode = 2, nodes } = options;
  const running = async () => {
    if (podsPerNode === 'none') return;
    await applyObjects(kube, workloads({ nodes, podsPerNode }));
    await untilWorkloadsRun(kube, { nodes, podsPerNode });
    options.log('the workloads run');
  };
  const reporting = async () => {
    await applyObjects(kube, manifests.objects);
    parts.tokens = keepTokens(parts);
    if (bundled) await startAgents(parts, parts.tokens, bundled);
  };
  await Promise.all([running(), reporting()]);
}

const hasReport = ({ report }: NodeFacts): boolean => report !== undefined;

/** Many processes on few processors take their time. */
function patienceMs({ nodes }: FleetOptions): number {
  return 60_000 + nodes * 1_000;
}

function keepTokens(parts: Parts): Tokens {
  const { cluster, kube, manifests, options } = parts;
  return startTokens({
    kube,
    labDir: cluster.dir,
    agent: manifests.agent,
    log: options.log,
    onNewPod: (node) => void replaceAgent(parts, node),
  });
}

async function startAgents(parts: Parts, tokens: Tokens, bundled: Promise<void>): Promise<void> {
  const { options, members } = parts;
  await bundled;
  await Promise.all(
    [...members].map(async ([node, { agent }]) => {
      await tokens.first(node);
      await agent.start();
      await parts.evidence.until(node, 'reported on', hasReport, patienceMs(options));
    }),
  );
  options.log(`${members.size} agents have reported`);
}

/** A new pod is a new process; but not on a machine that is away. */
async function replaceAgent({ members, options }: Parts, node: string): Promise<void> {
  const agent = members.get(node)?.agent;
  if (!agent?.running) return;
  try {
    await agent.kill();
    await agent.start();
  } catch (error) {
    options.log(`agent of ${node}: ${String(error)}`);
  }
}

function fleetOf(parts: Parts): Fleet {
  const { members, manifests, kube, evidence, options, tokens } = parts;
  const member = (node: string): Member => {
    const found = members.get(node);
    if (!found) throw new Error(`this lab has no node ${node}`);
    return found;
  };
  let stopping: Promise<void> | undefined;
  return {
    nodes: Array.from({ length: options.nodes }, (_, index) => nodeName(index + 1)),
    manifests,
    kube,
    evidence,
    machine: (node) => member(node).machine,
    agent: (node) => member(node).agent,
    firstToken: async (node) => tokens?.first(node),
    bootIds: (node) => evidence.bootIds(node),
    stop() {
      stopping ??= stopParts(parts);
      return stopping;
    },
  };
}

async function stopParts(parts: Parts): Promise<void> {
  const { members, tokens, evidence, kube, guard, lifetime } = parts;
  lifetime.abort();
  const all = [...members.values()];
  // Machines first: one that comes back would start its agent again.
  await Promise.all(all.map(({ machine }) => machine.stop()));
  await Promise.all(all.map(({ agent }) => agent.stop()));
  await tokens?.stop();
  await evidence.stop();
  kube.close();
  guard.close();
}
