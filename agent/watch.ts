import { follow, readEvent, type RawEvent, type Update } from '../activities/kube/follow.ts';
import type { Clock } from '../activities/clock.ts';
import { ANNOTATION } from '../domain/node-contract.ts';
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
  /** As the follower's: what counts as a dead watch, and as one that ended at once. */
  readonly silenceMs?: number;
  readonly briefMs?: number;
}

const WATCH_TIMES: WatchTimes = { answerMs: 15_000 };
/** The API server ends the watch by itself after about this long. */
const STREAM_SECONDS = 600;

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
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

interface NodeList {
  readonly metadata: { readonly resourceVersion?: string };
  readonly items?: readonly NodeMetadata[];
}

/** Watches our own Node until `signal` fires, through every outage; never rejects for one. */
export async function watchNode(watching: Watching, signal: AbortSignal): Promise<void> {
  const { kube, node, clock, times = WATCH_TIMES } = watching;
  const path = `/api/v1/nodes?fieldSelector=${encodeURIComponent(`metadata.name=${node}`)}`;
  await follow<SeenNode>(
    {
      async list(signal) {
        // No resourceVersion: the newest state, not a cached one from before an answer of ours.
        const asked = { method: 'GET', path, accept: METADATA_ONLY.list } as const;
        const { metadata, items = [] } = (await kube.send(
          asked,
          times.answerMs,
          signal,
        )) as NodeList;
        const { resourceVersion } = metadata;
        if (resourceVersion === undefined)
          throw new KubeError('the API server sent a list without a version');
        return { items: items.map(toSeen), resourceVersion };
      },
      async watch({ resourceVersion, onEvent, signal }) {
        // Spread, so that agents that started together do not ask together for ever.
        const seconds = Math.round(STREAM_SECONDS * (0.9 + Math.random() / 5));
        const query = `&watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${resourceVersion}`;
        for await (const event of kube.stream(`${path}${query}`, times.answerMs, signal))
          onEvent(readEvent(event as RawEvent<NodeMetadata>, toSeen));
      },
    },
    createTeller(watching),
    { signal, clock, ...times },
  );
}

/** Passes on what is seen of the node, and logs when nothing can be and when that is over. */
function createTeller({ log, onNode }: Watching): (update: Update<SeenNode>) => void {
  let failures = 0;
  return (update) => {
    switch (update.kind) {
      case 'listed':
        if (failures > 0) log.info('the API server is watched again', { failures });
        failures = 0;
        return onNode(update.items[0]);
      case 'seen':
        return onNode(update.object);
      case 'gone':
        return onNode(undefined);
      case 'alive':
        return undefined;
      case 'lost': {
        const { error, inARow } = update;
        failures = inARow;
        if (inARow > 1) return undefined;
        const because = error instanceof Error ? error.message : String(error);
        return log.warn('the API server cannot be watched', { because });
      }
      default:
        return update satisfies never;
    }
  };
}

function toSeen(node: NodeMetadata): SeenNode {
  const { uid = '', annotations = {} } = node.metadata;
  return {
    uid,
    orderText: annotations[ANNOTATION.order],
    answerText: annotations[ANNOTATION.answer],
  };
}
