import { setTimeout as pause } from 'node:timers/promises';
import type { V1Node } from '@kubernetes/client-node';
import { nodeFacts, type NodeFacts } from '../../domain/node-facts.ts';
import type { KubeClient } from './client.ts';
import { limited } from './request-limit.ts';

/** Between two watches: too short to be noticed, long enough not to hammer a server that is starting. */
const AGAIN_MS = 500;

interface Follow {
  /** Called with the node now and after every change; undefined once it is deleted. */
  readonly seen: (node: NodeFacts | undefined) => void;
  readonly signal: AbortSignal;
}

/**
 * List, watch from there, list again when the stream ends, until `signal` aborts. An API server that is away is asked
 * again and again; nothing is thrown, for whoever follows looks at the clock itself.
 */
export async function followNode(client: KubeClient, name: string, follow: Follow): Promise<void> {
  while (!follow.signal.aborted) {
    const resourceVersion = await listOne(client, name, follow).catch(() => undefined);
    if (resourceVersion !== undefined) await watchOne(client, { name, resourceVersion }, follow);
    await pause(AGAIN_MS + Math.random() * AGAIN_MS, undefined, follow).catch(() => undefined);
  }
}

async function listOne(
  { core }: KubeClient,
  name: string,
  { seen, signal }: Follow,
): Promise<string | undefined> {
  const { items, metadata } = await core.listNode(
    { fieldSelector: `metadata.name=${name}` },
    limited(signal),
  );
  seen(items[0] && nodeFacts(items[0]));
  return metadata?.resourceVersion;
}

/** Ends when the stream does, for whatever reason. */
async function watchOne(
  { watch }: KubeClient,
  from: { name: string; resourceVersion: string },
  { seen, signal }: Follow,
): Promise<void> {
  const query = {
    fieldSelector: `metadata.name=${from.name}`,
    resourceVersion: from.resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds: 290,
  };
  const onEvent = (type: string, node: V1Node): void => {
    if (type === 'DELETED') seen(undefined);
    if (type === 'ADDED' || type === 'MODIFIED') seen(nodeFacts(node));
  };
  await new Promise<void>((resolve) => {
    const abort = (): void => resolve();
    signal.addEventListener('abort', abort, { once: true });
    watch
      .watch('/api/v1/nodes', query, onEvent, abort)
      .then((controller) => {
        if (signal.aborted) controller.abort();
        else signal.addEventListener('abort', () => controller.abort(), { once: true });
        return undefined;
      })
      .catch(abort);
  });
}
