import { mkdir } from 'node:fs/promises';
import { present } from '../domain/present.ts';
import { bundleWorkflows } from './bundle.ts';
import type { Cluster } from './cluster/contract.ts';
import type { EmbeddedTemporal } from './cluster/embedded.ts';
import { startGuard, type Guard } from './cluster/guard.ts';
import { startCluster } from './cluster/start.ts';
import type { Fault } from './fleet/fault.ts';
import { startFleet, type Fleet } from './fleet/fleet.ts';
import type { KeptProcess } from './fleet/kept-process.ts';
import { connectKube } from './fleet/kube.ts';
import { readManifests, type Manifests } from './fleet/manifests.ts';
import { policyText } from './policy.ts';
import type { ProgressSink, Tools } from './tools/contract.ts';
import { limitsOfFile } from './witness/limits.ts';
import { startWitness, type Witness } from './witness/witness.ts';
import { bindToNode, nodeOfWorker } from './worker-node.ts';
import { startWorker, writePolicy, type WorkerAddresses } from './worker.ts';

export interface LabOptions {
  /** Made when missing; everything the lab writes is in it. */
  readonly dir: string;
  readonly tools: Tools;
  readonly nodes: number;
  /** `none`: no workloads at all. */
  readonly podsPerNode: number | 'none';
  readonly downForMs: number;
  readonly faults?: ReadonlyMap<string, Fault>;
  /** Default: the lab's own (lab/policy.ts). */
  readonly policy?: string;
  readonly uiPort?: number;
  /** Default: the development server. */
  readonly embedded?: EmbeddedTemporal;
  /** Worker and that Temporal stay up whatever becomes of the node that their pod is on. */
  readonly apart?: true;
  /**
   * Called once the cluster is up: brings Lockkeeper into it, and answers with what the lab has to know of it; what is in its
   * `objects` is still applied. Default: deploy/lockkeeper.yaml.
   */
  readonly install?: (cluster: Cluster) => Promise<Manifests>;
  /** Called once the cluster is up: where the worker reaches it, instead of directly. */
  readonly workerBy?: (cluster: Cluster) => Promise<WorkerAddresses>;
  /** For the worker, on top of what the lab sets: where it finds secrets that the policy names. */
  readonly workerEnv?: NodeJS.ProcessEnv;
  readonly log: ProgressSink;
  /** Aborting it during the start ends everything and rejects; afterwards `stop` is the way. */
  readonly signal: AbortSignal;
}

/** A whole cluster at work: control plane, Temporal, nodes with their agents, workloads, and the worker. */
export interface Lab {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly worker: KeptProcess;
  /** Watches from before the first node on whether a guarantee is broken. */
  readonly witness: Witness;
  /** Change the file, and the worker reads it again. */
  readonly policyPath: string;
  /** Ends everything, clients before servers; may be called at any time and more than once. */
  stop(): Promise<void>;
}

/** Resolves when every node is Ready with a reporting agent, the workloads run and the worker is ready. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const started: Started = { guard: startGuard(), ending: new AbortController() };
  try {
    const policyPath = await start(options, started);
    return labOf(started, policyPath);
  } catch (error) {
    await stopStarted(started);
    throw error;
  }
}

/** What is there so far; it is ended in the opposite order. */
interface Started {
  readonly guard: Guard;
  /** Aborted first when the lab ends: nothing is started after that. */
  readonly ending: AbortController;
  cluster?: Cluster;
  fleet?: Fleet;
  worker?: KeptProcess;
  witness?: Witness;
}

async function start(options: LabOptions, started: Started): Promise<string> {
  const { dir, log } = options;
  const signal = AbortSignal.any([options.signal, started.ending.signal]);
  await mkdir(dir, { recursive: true });
  // Side by side: the bundle is pure work, the cluster mostly waits.
  const bundle = bundleWorkflows(dir, signal);
  // A failure is met where the worker awaits it; until then it must not count as unhandled.
  bundle.catch(() => undefined);
  const cluster = await startClusterUntil(signal, options);
  started.cluster = cluster;
  const policyPath = await writePolicy(cluster, options.policy ?? policyText(options.downForMs));
  started.witness = await startWitness({ cluster, limits: limitsOfFile(policyPath) });
  const manifests = await (options.install?.(cluster) ?? readManifests());
  const bringFleet = async () => {
    started.fleet = await startFleet(cluster, { ...options, manifests, signal });
  };
  const bringWorker = async (node?: string) => {
    const context = { guard: started.guard, log, lifetime: signal };
    const kube = connectKube(cluster, cluster.adminToken);
    const by = (await options.workerBy?.(cluster)) ?? {};
    started.worker = await startWorker({
      cluster,
      kube,
      manifests,
      policyPath,
      context,
      bundle,
      by,
      ...present({ env: options.workerEnv, node }),
    });
    kube.close();
    log('the worker is ready');
  };
  if (options.embedded === undefined || options.apart) {
    await allOrEnd([bringFleet(), bringWorker()], started.ending);
    return policyPath;
  }
  await bringFleet();
  const { fleet } = started;
  if (!fleet) throw new Error('the fleet has not been started');
  const node = await nodeOfWorker(fleet.kube, manifests.worker, signal);
  await bringWorker(node);
  if (started.worker) bindToNode(node, { fleet, cluster, worker: started.worker });
  log(`worker and Temporal are on ${node}, and go down with it`);
  return policyPath;
}

/** A cluster that is ended by the abort only while it starts; later its clients go first. */
async function startClusterUntil(signal: AbortSignal, options: LabOptions): Promise<Cluster> {
  const life = new AbortController();
  const end = () => life.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', end, { once: true });
  const { dir, tools, log, uiPort, embedded } = options;
  const more = present({ uiPort, embedded });
  const cluster = await startCluster({ dir, tools, log, ...more, signal: life.signal });
  signal.removeEventListener('abort', end);
  return cluster;
}

/** Waits for all; the first failure ends the others and is thrown when they have ended. */
async function allOrEnd(work: readonly Promise<void>[], ending: AbortController): Promise<void> {
  const failures: unknown[] = [];
  const watched = work.map((one) =>
    one.catch((error: unknown) => {
      failures.push(error);
      ending.abort(error);
    }),
  );
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
}

function labOf(started: Started, policyPath: string): Lab {
  const { cluster, fleet, worker, witness } = started;
  if (!cluster || !fleet || !worker || !witness) throw new Error('the lab has not been started');
  let stopping: Promise<void> | undefined;
  return {
    cluster,
    fleet,
    worker,
    witness,
    policyPath,
    stop() {
      stopping ??= stopStarted(started);
      return stopping;
    },
  };
}

async function stopStarted(started: Started): Promise<void> {
  const { guard, ending, cluster, fleet, worker, witness } = started;
  ending.abort(new Error('the lab is being stopped'));
  await Promise.all([worker?.stop(), fleet?.stop(), witness?.stop()]);
  await cluster?.stop();
  guard.close();
}
