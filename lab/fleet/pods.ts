import type { Kube, KubeObject } from './kube.ts';
import { follow } from './watch.ts';

interface Pod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: { readonly nodeName?: string };
}

/** Counts the pods a drain would move, as the API server shows them. */
export interface PodCount {
  /** Pods on the node that no DaemonSet owns. */
  left(node: string): number;
  stop(): Promise<void>;
}

export function startPodCount(kube: Kube): PodCount {
  const stopping = new AbortController();
  const places = new Map<string, string>();
  const following = follow<Pod>(kube, '/api/v1/pods', {
    signal: stopping.signal,
    onListed: () => undefined,
    onChange({ kind, object }) {
      const { uid = '', ownerReferences = [] } = object.metadata;
      const stays = ownerReferences.some((owner) => owner.kind === 'DaemonSet');
      const node = object.spec.nodeName;
      if (kind === 'gone' || stays || node === undefined) places.delete(uid);
      else places.set(uid, node);
    },
  });
  return {
    left: (node) => [...places.values()].filter((place) => place === node).length,
    async stop() {
      stopping.abort();
      await following;
    },
  };
}
