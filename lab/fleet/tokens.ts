import { setTimeout as pause } from 'node:timers/promises';
import type { Change } from '../../activities/kube/follow.ts';
import type { ProgressSink } from '../tools/contract.ts';
import { requestToken } from './account.ts';
import type { Kube, KubeObject } from './kube.ts';
import type { Component } from './manifests.ts';
import { nodeFiles, replaceFile } from './node-files.ts';
import { follow } from './watch.ts';

/** Keeps in every node's directory a token bound to the agent pod there, as a kubelet does for the pod itself. */
export interface Tokens {
  /** Resolves when the node has its first token. */
  first(node: string): Promise<void>;
  stop(): Promise<void>;
}

interface Pod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
}

export interface TokensOptions {
  readonly kube: Kube;
  readonly labDir: string;
  readonly agent: Component;
  readonly log: ProgressSink;
  /** A pod took the place of another: its processes start with the new token. */
  readonly onNewPod: (node: string) => void;
}

const LIFETIME_SECONDS = 3_600;
/** As the kubelet: a token is renewed after four fifths of its life. */
const RENEW_AFTER_MS = LIFETIME_SECONDS * 800;
const RETRY_MS = 1_000;

/** Starts following the agent pods. */
export function startTokens(options: TokensOptions): Tokens {
  const stopping = new AbortController();
  const keepers = new Map<string, Keeper>();
  const keeper = (node: string): Keeper => {
    const known = keepers.get(node) ?? createKeeper(options, node, stopping.signal);
    keepers.set(node, known);
    return known;
  };
  const { namespace, labelSelector } = options.agent;
  const query = new URLSearchParams({ labelSelector }).toString();
  const following = follow<Pod>(options.kube, `/api/v1/namespaces/${namespace}/pods?${query}`, {
    signal: stopping.signal,
    onListed: () => undefined,
    onChange: (change) => {
      const pod = scheduledPod(change);
      if (pod) keeper(pod.node).keepFor(pod);
    },
  });
  return {
    first: (node) => keeper(node).first,
    async stop() {
      stopping.abort();
      await following;
      await Promise.all([...keepers.values()].map((keeper) => keeper.ended()));
    },
  };
}

interface BoundPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
}

/** A pod that has a node and means to stay. */
function scheduledPod({ kind, object }: Change<Pod>): BoundPod | undefined {
  const { name, uid, deletionTimestamp } = object.metadata;
  const node = object.spec.nodeName;
  if (kind === 'gone' || deletionTimestamp !== undefined) return undefined;
  return node === undefined || uid === undefined ? undefined : { name, uid, node };
}

interface Keeper {
  readonly first: Promise<void>;
  keepFor(pod: BoundPod): void;
  ended(): Promise<void>;
}

function createKeeper(options: TokensOptions, node: string, signal: AbortSignal): Keeper {
  const had = Promise.withResolvers<void>();
  const { token } = nodeFiles(options.labDir, node);
  let uid: string | undefined;
  let replaced = new AbortController();
  let keeping: Promise<void> = Promise.resolve();
  const keep = async (pod: BoundPod, until: AbortSignal, isNew: boolean) => {
    for (let first = true; !until.aborted; first = false) {
      await replaceFile(token, await requestPodToken(options, pod));
      had.resolve();
      if (first && isNew) options.onNewPod(node);
      await pause(RENEW_AFTER_MS, undefined, { signal: until });
    }
  };
  return {
    first: had.promise,
    keepFor(pod) {
      if (pod.uid === uid) return;
      const isNew = uid !== undefined;
      uid = pod.uid;
      replaced.abort();
      replaced = new AbortController();
      const until = AbortSignal.any([signal, replaced.signal]);
      // One after the other: the former pod's token must not overwrite the new one.
      keeping = keeping.then(() =>
        untilItWorks(options.log, `token for ${node}`, until, () => keep(pod, until, isNew)),
      );
    },
    ended: () => keeping,
  };
}

function requestPodToken({ kube, agent }: TokensOptions, { name, uid }: BoundPod): Promise<string> {
  return requestToken(kube, agent, {
    expirationSeconds: LIFETIME_SECONDS,
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
  });
}

/** Says each new reason once, so that a server that is away does not fill the screen. */
async function untilItWorks(
  log: ProgressSink,
  what: string,
  signal: AbortSignal,
  act: () => Promise<void>,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    try {
      await act();
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (String(error) !== said) log(`${what}: ${String(error)}; trying again`);
      said = String(error);
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
