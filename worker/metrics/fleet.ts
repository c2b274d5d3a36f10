import type { V1Node } from '@kubernetes/client-node';
import type { KubeClient } from '../../activities/kube/client.ts';
import { limited } from '../../activities/kube/request-limit.ts';
import { nodeFacts, type NodeFacts } from '../../domain/node-facts.ts';

/** The nodes of the cluster as one watch shows them: reading them asks nobody. */
export interface FleetView {
  /** Undefined when they have not been seen lately: no number is better than an old one. */
  nodes(): readonly NodeFacts[] | undefined;
  /** One of them; undefined also when there is none of that name. */
  node(name: string): NodeFacts | undefined;
}

const PAGE = 500;
/** The API server sends a bookmark about once a minute, so a watch that is silent for longer is dead. */
const FRESH_FOR_MS = 150_000;
const AGAIN_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Follows every Node until `signal` aborts. No outage ends it. */
export function followFleet(client: KubeClient, signal: AbortSignal): FleetView {
  const seen: Seen = { nodes: new Map(), heardAtMs: -Infinity };
  void follow(client, seen, signal);
  const isFresh = (): boolean => Date.now() - seen.heardAtMs <= FRESH_FOR_MS;
  return {
    nodes: () => (isFresh() ? [...seen.nodes.values()] : undefined),
    node: (name) => (isFresh() ? seen.nodes.get(name) : undefined),
  };
}

interface Seen {
  nodes: Map<string, NodeFacts>;
  heardAtMs: number;
}

async function follow(client: KubeClient, seen: Seen, signal: AbortSignal): Promise<void> {
  let pauseMs = AGAIN_MS;
  while (!signal.aborted) {
    const resourceVersion = await listAll(client, seen, signal).catch(() => undefined);
    pauseMs = resourceVersion === undefined ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : AGAIN_MS;
    if (resourceVersion !== undefined) await watch(client, { seen, resourceVersion, signal });
    await pause(pauseMs * (0.5 + Math.random()), signal);
  }
}

async function listAll(
  { core }: KubeClient,
  seen: Seen,
  signal: AbortSignal,
): Promise<string | undefined> {
  const nodes = new Map<string, NodeFacts>();
  let next: string | undefined;
  let resourceVersion: string | undefined;
  do {
    const query = { limit: PAGE, ...(next ? { _continue: next } : {}) };
    const { items, metadata } = await core.listNode(query, limited(signal));
    for (const node of items) nodes.set(node.metadata?.name ?? '', nodeFacts(node));
    next = metadata?._continue;
    resourceVersion = metadata?.resourceVersion;
  } while (next);
  seen.nodes = nodes;
  seen.heardAtMs = Date.now();
  return resourceVersion;
}

interface Watching {
  readonly seen: Seen;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

/** Ends when the stream does, for whatever reason. */
async function watch(
  client: KubeClient,
  { seen, resourceVersion, signal }: Watching,
): Promise<void> {
  const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 290 };
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const onEvent = (type: string, node: V1Node): void => {
    // Mostly 410: the resource version is too old to go on from.
    if (type === 'ERROR') return end();
    seen.heardAtMs = Date.now();
    const name = node.metadata?.name ?? '';
    if (type === 'DELETED') seen.nodes.delete(name);
    if (type === 'ADDED' || type === 'MODIFIED') seen.nodes.set(name, nodeFacts(node));
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    await new Promise<void>((resolve) => {
      stop.signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) end();
      client.watch.watch('/api/v1/nodes', query, onEvent, end).then((request) => {
        stop.signal.addEventListener('abort', () => request.abort(), { once: true });
        if (stop.signal.aborted) request.abort();
        return undefined;
      }, end);
    });
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Ends early when `signal` aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
}
