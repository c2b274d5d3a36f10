import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { failure } from '../../../activities/failure.ts';
import type { NodeApi, NodeUpdate } from '../../../activities/kube/nodes.ts';
import type { ObjectApi } from '../../../activities/kube/objects.ts';
import type { PodApi } from '../../../activities/kube/pods.ts';
import { readEvictionAnswer, type EvictionAnswer } from '../../../domain/eviction-answer.ts';
import type { Author, PodMoved, PodSight } from '../../../lab/witness/contract.ts';
import type { WorkerProcess } from '../temporal/workers.ts';
import type { Random } from '../time/random.ts';
import type { Cluster } from './cluster.ts';
import type { Pods } from './pods.ts';
import { RequestFailed, send, type Weather } from './weather.ts';

export type Moved = Omit<PodMoved, 'kind' | 'atMs'>;

export interface KubeParts {
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly weather: Weather;
  readonly random: Random;
  /** A worker has evicted or deleted a pod. */
  readonly onMoved: (moved: Moved) => void;
}

/** What one attempt of an activity has seen of a node's pods so far. */
export interface PodsSeen {
  readonly node: string;
  readonly atMs: number;
  readonly pods: readonly PodSight[];
}

const WORKER: Author = { role: 'worker', name: 'lockkeeper-worker' };

/** Who is at work at the moment, of all attempts; the latest pods each has seen. */
const evidence = new WeakMap<Context, PodsSeen>();

/** What the attempt that is writing at the moment has last seen of the node's pods. */
export function podsSeenBy(context: Context | undefined): PodsSeen | undefined {
  return context && evidence.get(context);
}

/** The attempt whose write is being obeyed, for the judge. */
let writer: Context | undefined;
export const whoWrites = (): Context | undefined => writer;

/** The API server as one worker reaches it. */
export function kubeApi(
  parts: KubeParts,
  worker: WorkerProcess,
): { nodes: NodeApi; pods: PodApi; objects: ObjectApi } {
  return {
    nodes: nodesOf(parts, worker),
    pods: podsOf(parts, worker),
    objects: objectsOf(parts, worker),
  };
}

/** Of the objects that gates ask for there are only disruption budgets. */
function objectsOf({ pods, weather }: KubeParts, worker: WorkerProcess): ObjectApi {
  const ask = asker(weather, worker);
  return {
    ask: ({ resource }) =>
      ask(`listing ${resource}`, () => ({ kind: 'found', objects: pods.budgetObjects() })),
  };
}

function nodesOf({ cluster, weather, random }: KubeParts, worker: WorkerProcess): NodeApi {
  const ask = asker(weather, worker);
  return {
    read: (name) => ask(`reading node ${name}`, () => cluster.facts(name)),
    list: (selector) => ask('listing nodes', () => cluster.list(selector)),
    update: (name, update) => {
      const context = asyncLocalStorage.getStore();
      return ask(`updating node ${name}`, () => {
        writer = context;
        try {
          return updateNode(cluster, name, update);
        } finally {
          writer = undefined;
        }
      });
    },
    setLifecycle: (name, conditions) =>
      ask(`writing conditions of node ${name}`, () => {
        cluster.write(name, WORKER, ({ lifecycle }) => {
          for (const [type, on] of Object.entries(conditions)) {
            if (on === null) lifecycle.delete(type);
            else lifecycle.add(type);
          }
        });
      }),
    announce: async () => undefined,
    follow: (name, seen, signal) =>
      follow({ cluster, weather, random, worker }, { name, seen, signal }),
  };
}

function updateNode(
  cluster: Cluster,
  name: string,
  { resourceVersion, unschedulable, taints, labels, annotations }: NodeUpdate,
): 'updated' | 'conflict' | 'gone' {
  const node = cluster.record(name);
  if (!node) return 'gone';
  if (String(node.revision) !== resourceVersion) return 'conflict';
  cluster.write(name, WORKER, (changed) => {
    if (unschedulable !== undefined) changed.unschedulable = unschedulable;
    if (taints !== undefined) changed.taints = taints;
    merge(changed.annotations, annotations);
    merge(changed.labels, labels);
  });
  return 'updated';
}

function merge(texts: Record<string, string>, patch: NodeUpdate['labels'] = {}): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete texts[key];
    else texts[key] = value;
  }
}

/** Requests that fail as those of the real client do. */
function asker(weather: Weather, worker: WorkerProcess) {
  return async <T>(doing: string, obey: () => T): Promise<T> => {
    try {
      return await send(weather, { service: 'kube', host: worker }, obey);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const kind = error.status === 403 ? 'kube-forbidden' : 'kube-unavailable';
      throw failure(kind, `${doing}: ${error.message}`);
    }
  };
}

type Followed = { cluster: Cluster; weather: Weather; random: Random; worker: WorkerProcess };

/** As the follower of activities/kube/follow.ts: a stream that breaks is begun anew, and what it shows is always a little late. */
async function follow(
  { cluster, weather, random, worker }: Followed,
  {
    name,
    seen,
    signal,
  }: { name: string; seen: Parameters<NodeApi['follow']>[1]; signal: AbortSignal },
): Promise<void> {
  let shown = '';
  const show = (): void => {
    if (signal.aborted || !worker.alive) return;
    const untilMs = weather.cutOffUntilMs('kube', worker);
    const { nowMs } = worker.clock;
    if (untilMs > nowMs) {
      worker.after(untilMs - nowMs + random.between(10, 1_000), show);
      return;
    }
    const view = cluster.view(name);
    const version = view?.metadata.resourceVersion ?? 'gone';
    if (version === shown) return;
    shown = version;
    seen(view && cluster.factsOf(view));
  };
  const stop = cluster.watch(name, () => worker.after(random.between(1, 30), show));
  worker.after(random.between(2, 15), show);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  stop();
}

function podsOf(
  { cluster, pods, weather, random, onMoved }: KubeParts,
  worker: WorkerProcess,
): PodApi {
  const ask = asker(weather, worker);
  const answer = async (
    pod: { uid: string; name: string; namespace: string },
    {
      signal,
      how,
      obey,
    }: {
      signal: AbortSignal;
      how: 'evicted' | 'deleted';
      obey: () => Parameters<typeof readEvictionAnswer>[0];
    },
  ): Promise<EvictionAnswer> => {
    signal.throwIfAborted();
    const asked = how === 'evicted' ? 'evict' : 'delete';
    try {
      const given = await send(weather, { service: 'kube', host: worker }, () => {
        const place = pods.find(pod.uid);
        const said = obey();
        if (place && (said.status ?? 0) < 300) {
          onMoved({ ...place, pod: `${pod.namespace}/${pod.name}`, how });
        }
        return said;
      });
      return readEvictionAnswer(given, asked);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      const { status, message } = error;
      return readEvictionAnswer({ ...(status ? { status } : {}), message, causes: [] }, asked);
    }
  };
  return {
    list: async (node, signal) => {
      const context = asyncLocalStorage.getStore();
      signal.throwIfAborted();
      return await ask(`listing the pods of node ${node}`, () => {
        const sights = pods.sightsOn(node);
        if (context) evidence.set(context, { node, atMs: worker.clock.nowMs, pods: sights });
        return { pods: pods.on(node), resourceVersion: String(cluster.nextRevision()) };
      });
    },
    watch: (node, { onEvent, signal }) =>
      new Promise((resolve, reject) => {
        const stop = pods.watch(node, (change) =>
          worker.after(random.between(1, 30), () => {
            if (!signal.aborted) onEvent(change);
          }),
        );
        const end = (because?: string, status?: number): void => {
          stop();
          if (because === undefined) resolve();
          else reject(Object.assign(new Error(because), { status }));
        };
        signal.addEventListener('abort', () => end(), { once: true });
        if (signal.aborted) end();
        const cut = weather.fate('kube', worker).kind === 'failed';
        if (cut) worker.after(5, () => end('no answer'));
        // Sooner than the follower takes it for dead; what is still on its way is lost, so a list has to follow.
        else worker.after(random.between(60_000, 140_000), () => end('too old', 410));
      }),
    evict: (pod, { signal }) =>
      answer(pod, { signal, how: 'evicted', obey: () => pods.evict(pod.uid) }),
    delete: (pod, { graceMs, signal }) =>
      answer(pod, { signal, how: 'deleted', obey: () => pods.delete(pod.uid, graceMs) }),
    budgets: () => ask('listing the disruption budgets', () => pods.budgets()),
    volumesLeft: () => ask('listing volume attachments', () => []),
  };
}
