import { backOffMs, systemClock, type Clock } from '../clock.ts';

/**
 * List and watch, the one loop by which worker, agent and lab keep a view of a collection up to date. It imports no library, for
 * the agent is one thin file.
 */

/** What a list or a watch shows, as the follower passes it on. */
export type Update<T> =
  /** All that is there; what was known before and is not among it is gone. */
  | { readonly kind: 'listed'; readonly items: readonly T[]; readonly resourceVersion: string }
  | Change<T>
  /** A bookmark: nothing has changed, and the watch is alive. */
  | { readonly kind: 'alive' }
  | Lost;

/** Nothing is seen until the next list or watch succeeds; `inARow` counts the failures since a watch was last of use. */
interface Lost {
  readonly kind: 'lost';
  readonly by: 'list' | 'watch';
  readonly error: unknown;
  readonly inARow: number;
}

/** What became of one object. */
export type Change<T> = { readonly kind: 'seen' | 'gone'; readonly object: T };

/** One event of a watch. */
export type WatchEvent<T> = (Change<T> | { readonly kind: 'alive' }) & {
  readonly resourceVersion?: string | undefined;
};

/** One watch: where it goes on from, whom it tells, and what ends it. */
export interface WatchRequest<T> {
  readonly resourceVersion: string;
  readonly onEvent: (event: WatchEvent<T>) => void;
  readonly signal: AbortSignal;
}

/** All that is there, of one moment. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** A collection that can be listed and watched. */
export interface Source<T> {
  list(signal: AbortSignal): Promise<Listed<T>>;
  /** Resolves when the API server ends the watch in good order, as it does every few minutes; rejects with why it broke. */
  watch(request: WatchRequest<T>): Promise<void>;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** After a failure, go on from the last version seen, so that no change in between is missed; a list is the safer start. */
  readonly gapless?: boolean;
  /** Above the minute after which the API server sends a bookmark: a watch that is silent for longer is dead. */
  readonly silenceMs?: number;
  /** A watch that ended sooner was of no use, or an API server that ends each at once would be hammered. */
  readonly briefMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * Lists, watches from there, and goes on until `signal` aborts, which ends it at once. There is never more than one list or
 * watch of it at a time. A watch that ended in good order is taken up where it was; one that is too old (410) is listed anew
 * at once; after anything else `tell` hears why, and a growing pause is made. It never rejects.
 */
export async function follow<T>(
  source: Source<T>,
  tell: (update: Update<T>) => void,
  options: FollowOptions,
): Promise<void> {
  const { signal, clock = systemClock, random = Math.random } = options;
  const place: Place = { resourceVersion: undefined };
  let inARow = 0;
  while (!signal.aborted) {
    const failed = await goRound(source, { place, tell }, options);
    if (signal.aborted) return;
    if (failed === undefined) {
      inARow = 0;
      continue;
    }
    inARow = failed.worked ? 1 : inARow + 1;
    if (failed.expired && inARow === 1) continue;
    tell({ kind: 'lost', by: failed.by, error: failed.error, inARow });
    await clock.pause(backOffMs(inARow, random()), signal);
  }
}

/** How far the view has come: where the next watch goes on from; undefined: a list has to come first. */
interface Place {
  resourceVersion: string | undefined;
}

interface View<T> {
  readonly place: Place;
  readonly tell: (update: Update<T>) => void;
}

interface Failed extends Pick<Lost, 'by' | 'error'> {
  /** The watch was of use before. */
  readonly worked: boolean;
  readonly expired: boolean;
}

/** One watch, after a list where there is no place to go on from; how it failed, unless it ended in good order. */
async function goRound<T>(
  source: Source<T>,
  view: View<T>,
  options: FollowOptions,
): Promise<Failed | undefined> {
  const { signal, gapless = false, briefMs = 5_000, clock = systemClock } = options;
  const { place } = view;
  let openedMs = Number.POSITIVE_INFINITY;
  const worked = (): boolean => clock.now() - openedMs >= briefMs;
  try {
    if (place.resourceVersion === undefined) await list(source, view, signal);
    openedMs = clock.now();
    await watch(source, view, options);
    if (worked()) return undefined;
    throw new Error('the watch was closed at once');
  } catch (error) {
    const expired = statusOf(error) === 410;
    if (expired || !gapless) place.resourceVersion = undefined;
    const by = Number.isFinite(openedMs) ? 'watch' : 'list';
    return { by, error, worked: worked(), expired };
  }
}

async function list<T>(source: Source<T>, view: View<T>, signal: AbortSignal): Promise<void> {
  const listed = await untilAborted(signal, () => source.list(signal));
  view.tell({ kind: 'listed', ...listed });
  view.place.resourceVersion = listed.resourceVersion;
}

async function watch<T>(
  source: Source<T>,
  { place, tell }: View<T>,
  { signal, silenceMs = 150_000 }: FollowOptions,
): Promise<void> {
  const { resourceVersion = '' } = place;
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const silent = (): void => over.abort(new Error(`silent for ${silenceMs / 1_000} s`));
  let silence = setTimeout(silent, silenceMs);
  const onEvent = ({ resourceVersion, ...event }: WatchEvent<T>): void => {
    if (ended.aborted) return;
    clearTimeout(silence);
    silence = setTimeout(silent, silenceMs);
    place.resourceVersion = resourceVersion ?? place.resourceVersion;
    tell(event);
  };
  try {
    await untilAborted(ended, () => source.watch({ resourceVersion, onEvent, signal: ended }));
  } finally {
    clearTimeout(silence);
    over.abort();
  }
}

/** Rejects with the signal's reason as soon as it aborts, whatever `work` is doing. */
async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** An event of a watch as the API server sends it. */
export interface RawEvent<R> {
  readonly type: string;
  /** A Status where the type is ERROR; only its metadata where it is BOOKMARK. */
  readonly object: R;
}

/** The API server's own event, its object read by `read`. Throws what the server says before it ends a watch that cannot go on. */
export function readEvent<R, T>(
  { type, object }: RawEvent<R>,
  read: (object: R) => T,
): WatchEvent<T> {
  const { metadata, code, message } = object as Partial<Metadata & Status>;
  if (type === 'ERROR')
    throw Object.assign(new Error(message ?? 'the watch ended with an error'), { status: code });
  const at = { resourceVersion: metadata?.resourceVersion };
  if (type === 'BOOKMARK') return { kind: 'alive', ...at };
  return { kind: type === 'DELETED' ? 'gone' : 'seen', object: read(object), ...at };
}

interface Metadata {
  readonly metadata: { readonly resourceVersion?: string };
}

interface Status {
  readonly code: number;
  readonly message: string;
}

/** The HTTP status an error tells of; each client keeps it under a name of its own. */
function statusOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  const { status, statusCode, code } = error as Record<string, unknown>;
  return status ?? statusCode ?? code;
}
