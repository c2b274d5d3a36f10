import type { PodObject } from './sight.ts';

/** So many pods are remembered after they have gone. */
const REMEMBERED = 20_000;

interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
}

/** Which node each pod is or was on. */
export class PodPlaces {
  /** By UID. */
  readonly #places = new Map<string, { readonly pod: string; readonly node: string }>();

  note({ metadata, spec }: PodObject): void {
    const { namespace, name, uid = '' } = metadata;
    if (spec?.nodeName === undefined) return;
    // Set anew, so that the oldest come first.
    this.#places.delete(uid);
    this.#places.set(uid, { pod: `${namespace}/${name}`, node: spec.nodeName });
    const [oldest] = this.#places.keys();
    if (this.#places.size > REMEMBERED && oldest !== undefined) this.#places.delete(oldest);
  }

  /** The node of the pod; of a pod named without its UID only when there has been just one of that name. */
  nodeOf({ namespace, name, uid }: PodName): string | undefined {
    if (uid !== undefined) return this.#places.get(uid)?.node;
    const pods = [...this.#places.values()].filter(({ pod }) => pod === `${namespace}/${name}`);
    return pods.length === 1 ? pods[0]?.node : undefined;
  }
}
