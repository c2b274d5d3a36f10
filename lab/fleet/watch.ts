import { setTimeout as pause } from 'node:timers/promises';
import { KubeError, type Kube, type KubeObject } from './kube.ts';

/** What became of one object; `gone` when it was deleted. */
export type Change<T extends KubeObject> =
  { readonly kind: 'seen'; readonly object: T } | { readonly kind: 'gone'; readonly object: T };

interface Listed<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

const RETRY_MS = 250;

/**
 * Follows a collection until the signal: first everything that is there, then every change in the API server's
 * order, without a gap. `onListed` runs after every list, with all that is there and the list's version. Connection trouble
 * is bridged from the last version seen; a version too old (410) is listed anew, and then deletions in between are not reported.
 */
export async function follow<T extends KubeObject>(
  kube: Kube,
  path: string,
  options: Sink<T>,
): Promise<void> {
  let version: string | undefined;
  while (!options.signal.aborted) {
    try {
      version ??= await list(kube, path, options);
      version = await watchFrom(kube, path, version, options);
    } catch (error) {
      if (options.signal.aborted) return;
      if (isTooOld(error)) version = undefined;
      await pause(RETRY_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

/** Who is told of what is there and of what changes. */
export interface Sink<T extends KubeObject> {
  readonly signal: AbortSignal;
  readonly onListed: (objects: readonly T[], version: string) => void;
  readonly onChange: (change: Change<T>) => void;
}

async function list<T extends KubeObject>(
  kube: Kube,
  path: string,
  sink: Sink<T>,
): Promise<string> {
  const listed = await kube.get<Listed<T>>(path);
  for (const object of listed.items) sink.onChange({ kind: 'seen', object });
  sink.onListed(listed.items, listed.metadata.resourceVersion);
  return listed.metadata.resourceVersion;
}

/** The last version seen when the server closes the stream, as it does every few minutes. */
async function watchFrom<T extends KubeObject>(
  kube: Kube,
  path: string,
  from: string,
  sink: Sink<T>,
): Promise<string> {
  let version = from;
  const joint = path.includes('?') ? '&' : '?';
  const stream = `${path}${joint}watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
  for await (const event of kube.watch(stream, sink.signal)) {
    if (event.type === 'ERROR') throw new KubeError(410, 'the watch has to start over');
    version = event.object.metadata.resourceVersion ?? version;
    if (event.type === 'BOOKMARK') continue;
    const object = event.object as T;
    sink.onChange({ kind: event.type === 'DELETED' ? 'gone' : 'seen', object });
  }
  return version;
}

function isTooOld(error: unknown): boolean {
  return error instanceof KubeError && error.status === 410;
}
