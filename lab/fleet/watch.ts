import { setTimeout as pause } from 'node:timers/promises';
import {
  follow as followSource,
  readEvent,
  type Change,
  type Update,
} from '../../activities/kube/follow.ts';
import type { Kube, KubeObject } from './kube.ts';

interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** Who is told of what is there and of what changes. */
export interface Sink<T extends KubeObject> {
  readonly signal: AbortSignal;
  readonly onListed: (objects: readonly T[], version: string) => void;
  readonly onChange: (change: Change<T>) => void;
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
  { signal, onListed, onChange }: Sink<T>,
): Promise<void> {
  const joint = path.includes('?') ? '&' : '?';
  const stream = `${path}${joint}watch=1&allowWatchBookmarks=true&resourceVersion=`;
  const tell = (update: Update<T>): void => {
    if (update.kind === 'seen' || update.kind === 'gone') onChange(update);
    if (update.kind !== 'listed') return;
    for (const object of update.items) onChange({ kind: 'seen', object });
    onListed(update.items, update.resourceVersion);
  };
  await followSource<T>(
    {
      async list() {
        const { items, metadata } = await kube.get<ObjectList<T>>(path);
        return { items, resourceVersion: metadata.resourceVersion };
      },
      async watch({ resourceVersion, onEvent, signal }) {
        for await (const event of kube.watch(`${stream}${resourceVersion}`, signal))
          onEvent(readEvent(event, (object) => object as T));
      },
    },
    tell,
    { signal, gapless: true, clock: HURRIED },
  );
}

/** A lab's API server is away for moments only, and nobody else asks it. */
const HURRIED = {
  now: () => Date.now(),
  pause: (_: number, signal: AbortSignal) =>
    pause(RETRY_MS, undefined, { signal }).catch(() => undefined),
};
