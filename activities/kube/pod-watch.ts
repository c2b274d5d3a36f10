import type { V1Pod } from '@kubernetes/client-node';
import type { PodFacts } from '../../domain/pod-verdict.ts';
import type { KubeClient } from './client.ts';
import { podFacts } from './pod-facts.ts';

export type PodEvent =
  | { readonly kind: 'seen'; readonly pod: PodFacts }
  | { readonly kind: 'gone'; readonly uid: string };

/** Why a watch is over. In either case the caller lists again. */
export type WatchEnd =
  { readonly kind: 'closed' } | { readonly kind: 'broke'; readonly because: string };

export interface PodWatch {
  readonly node: string;
  readonly resourceVersion: string;
  readonly onEvent: (event: PodEvent) => void;
  readonly signal: AbortSignal;
}

/** Tells of each change to the node's pods until the stream ends, breaks, falls silent, is too old (410), or `signal` aborts. */
export async function watchPods({ watch }: KubeClient, from: PodWatch): Promise<WatchEnd> {
  const query = {
    fieldSelector: `spec.nodeName=${from.node}`,
    resourceVersion: from.resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds: 290,
  };
  const stop = new AbortController();
  const ended = Promise.withResolvers<WatchEnd>();
  const end = (how: WatchEnd): void => {
    ended.resolve(how);
    stop.abort();
  };
  const onEvent = (type: string, pod: V1Pod): void => {
    if (stop.signal.aborted) return;
    if (type === 'ADDED' || type === 'MODIFIED') from.onEvent({ kind: 'seen', pod: podFacts(pod) });
    if (type === 'DELETED') from.onEvent({ kind: 'gone', uid: pod.metadata?.uid ?? '' });
    // Mostly 410: the resource version is too old to go on from.
    if (type === 'ERROR') end({ kind: 'closed' });
  };
  const onDone = (error: unknown): void =>
    end(error instanceof Error ? { kind: 'broke', because: error.message } : { kind: 'closed' });
  const onAbort = (): void => end({ kind: 'closed' });
  from.signal.addEventListener('abort', onAbort, { once: true });
  if (from.signal.aborted) onAbort();
  // The request can be ended only once it is answered, so an abort before that is made up for here.
  watch.watch('/api/v1/pods', query, onEvent, onDone).then((request) => {
    stop.signal.addEventListener('abort', () => request.abort(), { once: true });
    if (stop.signal.aborted) request.abort();
    return undefined;
  }, onDone);
  try {
    return await ended.promise;
  } finally {
    from.signal.removeEventListener('abort', onAbort);
  }
}
