import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_NODE, LAB_POD, type ClusterFacts } from './contract.ts';
import { call, type HttpAnswer, type HttpCall } from './http.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
}

interface PodFacts {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

interface NodeFacts {
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly nodeInfo?: { readonly bootID?: string };
  };
}

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const LOOK_EVERY_MS = 150;
const MOST_LOOKS_AT_PODS = 20;

type Api = (
  call: Pick<HttpCall, 'method' | 'contentType' | 'body'> & { path: string },
) => Promise<unknown>;

/**
 * Takes the machine of a node away: nobody renews its lease or plays its pods any more, Ready becomes False at once (and
 * Unknown when the lease is old), its running pods become unready. Resolves when that is written; retries while the API server is away.
 */
export async function powerOff(
  facts: ClusterFacts,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const api = await kubeletApi(facts, signal);
  await api({
    method: 'PATCH',
    path: `/api/v1/nodes/${node}`,
    contentType: MERGE,
    body: { metadata: { labels: { [LAB_NODE.kubelet.label]: LAB_NODE.kubelet.stopped } } },
  });
  await api({
    method: 'PATCH',
    path: `/api/v1/nodes/${node}/status`,
    contentType: STRATEGIC,
    body: { status: { conditions: [notReady('KubeletNotReady', 'node is shutting down')] } },
  });
  // KWOK may have had a pod in hand when the node was taken from it, and report it ready once more. One that could not watch
  // in that moment (the API server was just back) never learns of it, and would do so for ever.
  for (let look = 0; look < MOST_LOOKS_AT_PODS; look += 1) {
    const ready = (await podsOn(api, node)).filter((pod) => isReady(pod));
    if (ready.length === 0) return;
    await Promise.all(ready.map((pod) => makeUnready(api, pod)));
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/**
 * Gives the node its machine back. It reports `bootId` (default: the one it had) together with Ready, then its pods become
 * Ready; resolves when all that is seen. Retries while the API server is away.
 */
export async function powerOn(
  facts: ClusterFacts,
  node: string,
  options: { bootId?: string; signal: AbortSignal },
): Promise<void> {
  const { bootId, signal } = options;
  const api = await kubeletApi(facts, signal);
  await api({
    method: 'PATCH',
    path: `/api/v1/nodes/${node}`,
    contentType: MERGE,
    body: {
      metadata: {
        labels: { [LAB_NODE.kubelet.label]: LAB_NODE.kubelet.running },
        ...(bootId === undefined ? {} : { annotations: { [LAB_NODE.bootIdAnnotation]: bootId } }),
      },
    },
  });
  while (!(await isBack(api, node, bootId))) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/**
 * Lets the leases of all nodes go, before KWOK starts: it has a new name each time, and would otherwise leave the nodes
 * alone until the leases of the old one ran out, 40 s later. Does nothing while the API server is away.
 */
export async function releaseLeases(facts: ClusterFacts): Promise<void> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  await call(facts.apiServerUrl + path, {
    method: 'DELETE',
    token: facts.kubeletToken,
    ca: await readFile(facts.caPath, 'utf8'),
    signal: AbortSignal.timeout(2_000),
  }).catch(() => undefined);
}

async function isBack(api: Api, node: string, bootId: string | undefined): Promise<boolean> {
  const { status } = (await api({ path: `/api/v1/nodes/${node}` })) as NodeFacts;
  if (!isReady({ status })) return false;
  if (bootId !== undefined && status.nodeInfo?.bootID !== bootId) return false;
  const pods = await podsOn(api, node);
  return pods.every((pod) => isReady(pod) || !shouldBeReady(pod));
}

function shouldBeReady({ metadata, status }: PodFacts): boolean {
  return (
    status.phase === 'Running' &&
    metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[LAB_POD.unreadyAnnotation] === undefined
  );
}

function isReady(object: { status: { conditions?: readonly Condition[] } }): boolean {
  const ready = object.status.conditions?.find((condition) => condition.type === 'Ready');
  return ready?.status === 'True';
}

async function podsOn(api: Api, node: string): Promise<readonly PodFacts[]> {
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  return ((await api({ path })) as { items: PodFacts[] }).items;
}

async function makeUnready(api: Api, { metadata }: PodFacts): Promise<void> {
  await api({
    method: 'PATCH',
    path: `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`,
    contentType: STRATEGIC,
    body: { status: { conditions: [notReady('NodeDown', 'the machine of its node is down')] } },
  });
}

function notReady(reason: string, message: string): Record<string, string> {
  const now = new Date().toISOString();
  return { type: 'Ready', status: 'False', lastTransitionTime: now, reason, message };
}

/** Repeats a request while there is no answer or a 429 or 5xx one. */
async function kubeletApi(facts: ClusterFacts, signal: AbortSignal): Promise<Api> {
  const ca = await readFile(facts.caPath, 'utf8');
  return async ({ path, ...request }) => {
    for (;;) {
      signal.throwIfAborted();
      const answer = await call(facts.apiServerUrl + path, {
        ...request,
        ca,
        token: facts.kubeletToken,
        signal,
      }).catch(() => undefined);
      if (answer !== undefined && isFinal(answer.status)) return parseAnswer(path, answer);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  };
}

function isFinal(status: number): boolean {
  return status !== 429 && status < 500;
}

function parseAnswer(path: string, { status, text }: HttpAnswer): unknown {
  if (status < 300) return JSON.parse(text) as unknown;
  // The pod went away meanwhile, which is fine.
  if (status === 404 && path.includes('/pods/')) return undefined;
  throw new Error(`the API server answered ${status} for ${path}: ${text}`);
}
