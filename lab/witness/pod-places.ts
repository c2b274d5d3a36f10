import { ownerOf, type PodObject } from './sight.ts';

/** So many pods are remembered after they have gone. */
const REMEMBERED = 20_000;

interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
}

/** A pod with where it is or was. */
interface Place {
  readonly pod: string;
  readonly node: string;
  readonly owner: string;
}

/** Which node each pod is or was on. */
export class PodPlaces {
  /** By UID. */
  readonly #places = new Map<string, Place>();

  note({ metadata, spec }: PodObject): void {
    const { namespace, name, uid = '' } = metadata;
    if (spec?.nodeName === undefined) return;
    // Set anew, so that the oldest come first.
    this.#places.delete(uid);
    const owner = ownerOf(metadata);
    this.#places.set(uid, { pod: `${namespace}/${name}`, node: spec.nodeName, owner });
    const [oldest] = this.#places.keys();
    if (this.#places.size > REMEMBERED && oldest !== undefined) this.#places.delete(oldest);
  }

  /** Where the pod is; one that is named without its UID only when there has been just one of that name. */
  of({ namespace, name, uid }: PodName): Place | undefined {
    if (uid !== undefined) return this.#places.get(uid);
    const pods = [...this.#places.values()].filter(({ pod }) => pod === `${namespace}/${name}`);
    return pods.length === 1 ? pods[0] : undefined;
  }
}
