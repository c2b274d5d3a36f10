import type { V1ListMeta, Watch } from '@kubernetes/client-node';
import { present } from '../../domain/present.ts';
import { readEvent, type Listed, type WatchRequest } from './follow.ts';

const PAGE = 500;

interface PageQuery {
  readonly limit: number;
  readonly _continue?: string;
}

/**
 * Everything there is, read page by page; the API server answers every page from the moment of the first. `read` is applied at
 * once, so that no more than a page is held as it was sent.
 */
export async function listAll<R, T>(
  page: (query: PageQuery) => Promise<{ items: R[]; metadata?: V1ListMeta }>,
  read: (raw: R) => T,
): Promise<Listed<T>> {
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const { items: some, metadata } = await page({ limit: PAGE, ...present({ _continue: next }) });
    items.push(...some.map(read));
    next = metadata?._continue;
    if (!next) return { items, resourceVersion: metadata?.resourceVersion ?? '' };
  }
}

/** What is watched: a collection, or the part of it that a field selector picks. */
interface Watched<R, T> {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly read: (raw: R) => T;
}

/** One watch through client-node, as a follower wants it. */
export async function watchFrom<R, T>(
  client: Watch,
  { path, fieldSelector, read }: Watched<R, T>,
  { resourceVersion, onEvent, signal }: WatchRequest<T>,
): Promise<void> {
  const query = { fieldSelector, resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 290 };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onDone = (error: unknown): void => (error instanceof Error ? reject(error) : resolve());
  const passOn = (type: string, object: R): void => {
    try {
      onEvent(readEvent({ type, object }, read));
    } catch (error) {
      // client-node would let it vanish.
      reject(error);
    }
  };
  const opened = client.watch(path, query, passOn, onDone).then((request) => {
    // The request can be ended only once it is answered, so an abort before that is made up for here.
    if (signal.aborted) request.abort();
    else signal.addEventListener('abort', () => request.abort(), { once: true });
    return undefined;
  });
  await Promise.all([opened, promise]);
}
