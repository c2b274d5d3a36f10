import { ANNOTATION } from '../domain/node-contract.ts';
import { backOffMs } from './clock.ts';
import type { Clock } from './clock.ts';
import { KubeError, METADATA_ONLY } from './kube.ts';
import type { Kube } from './kube.ts';
import type { Log } from './log.ts';

/** Our own node as last seen; the annotations as written, for the answer is conditional on the exact text. */
export interface SeenNode {
  readonly uid: string;
  readonly orderText: string | undefined;
  readonly answerText: string | undefined;
}

export interface WatchTimes {
  readonly answerMs: number;
  /** The server ends the stream by itself after about this long. */
  readonly streamSeconds: number;
  /** Above the minute after which the API server sends a bookmark, well below the life of an order. */
  readonly silenceMs: number;
  /** A stream that ended sooner than this counts as a failure, or a server that closes at once would be hammered. */
  readonly briefMs: number;
}

const WATCH_TIMES: WatchTimes = {
  answerMs: 15_000,
  streamSeconds: 600,
  silenceMs: 150_000,
  briefMs: 5_000,
};

export interface Watching {
  readonly kube: Kube;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: WatchTimes;
  /** Called with every state seen, the first one included; undefined when there is no such Node object. */
  readonly onNode: (node: SeenNode | undefined) => void;
}

interface NodeMetadata {
  readonly metadata: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: NodeMetadata }
  | {
      readonly type: 'ERROR';
      readonly object: { readonly code?: number; readonly message?: string };
    };

/** Watches our own Node until `signal` fires, through every outage; never rejects for one. */
export async function watchNode(watching: Watching, signal: AbortSignal): Promise<void> {
  const { clock, log } = watching;
  let version: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const round = await watchOnce(watching, { version, failures }, signal);
    if (signal.aborted) return;
    version = round.version;
    if (round.failed === undefined) {
      failures = 0;
      continue;
    }
    failures = round.worked ? 1 : failures + 1;
    // 410: our place in the stream is too old; looking again is all that is needed.
    if (round.failed.status === 410 && failures === 1) continue;
    if (failures === 1) {
      log.warn('the API server cannot be watched', { because: round.failed.message });
    }
    await clock.pause(backOffMs(failures, Math.random()), signal);
  }
}

/** Where to go on from, if anywhere; and whether the stream was of use before it failed. */
interface Round {
  readonly version: string | undefined;
  readonly worked: boolean;
  readonly failed?: KubeError;
}

/** One stream, after a list if there is no place to go on from. A stream that ends at once has failed. */
async function watchOnce(
  watching: Watching,
  last: { readonly version: string | undefined; readonly failures: number },
  signal: AbortSignal,
): Promise<Round> {
  const { clock, log } = watching;
  let startedMs: number | undefined;
  const worked = () =>
    startedMs !== undefined && clock.now() - startedMs >= timesOf(watching).briefMs;
  try {
    const from = last.version ?? (await listNode(watching, signal));
    if (last.failures > 0) {
      log.info('the API server is watched again', { failures: last.failures });
    }
    startedMs = clock.now();
    const version = await follow(watching, from, signal);
    if (!worked()) throw new KubeError('the watch was closed at once');
    return { version, worked: true };
  } catch (error) {
    if (error instanceof KubeError) return { version: undefined, worked: worked(), failed: error };
    if (signal.aborted) return { version: undefined, worked: worked() };
    throw error;
  }
}

const timesOf = ({ times }: Watching): WatchTimes => times ?? WATCH_TIMES;

async function listNode(watching: Watching, signal: AbortSignal): Promise<string> {
  // No resourceVersion: the newest state, not a cached one from before an answer of ours.
  const list = (await watching.kube.send(
    { method: 'GET', path: pathOf(watching.node), accept: METADATA_ONLY.list },
    timesOf(watching).answerMs,
    signal,
  )) as { metadata: { resourceVersion?: string }; items?: NodeMetadata[] };
  watching.onNode(toSeen(list.items?.[0]));
  const version = list.metadata.resourceVersion;
  if (version === undefined) throw new KubeError('the API server sent a list without a version');
  return version;
}

/** Resolves with the place to go on from when the server has ended the stream in good order. */
async function follow(watching: Watching, from: string, signal: AbortSignal): Promise<string> {
  const times = timesOf(watching);
  // Spread, so that agents that started together do not ask together for ever.
  const seconds = Math.round(times.streamSeconds * (0.9 + Math.random() / 5));
  const path = `${pathOf(watching.node)}&watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${from}`;
  let version = from;
  for await (const value of watching.kube.stream(path, times, signal)) {
    const event = value as WatchEvent;
    if (event.type === 'ERROR') {
      const { code, message } = event.object;
      throw new KubeError(message ?? 'the watch ended with an error', code);
    }
    version = event.object.metadata.resourceVersion ?? version;
    if (event.type === 'DELETED') watching.onNode(undefined);
    else if (event.type !== 'BOOKMARK') watching.onNode(toSeen(event.object));
  }
  return version;
}

function pathOf(node: string): string {
  return `/api/v1/nodes?fieldSelector=${encodeURIComponent(`metadata.name=${node}`)}`;
}

function toSeen(node: NodeMetadata | undefined): SeenNode | undefined {
  if (node === undefined) return undefined;
  const { uid = '', annotations = {} } = node.metadata;
  return {
    uid,
    orderText: annotations[ANNOTATION.order],
    answerText: annotations[ANNOTATION.answer],
  };
}
