import type { PodObject } from './sight.ts';

/** So many pods are remembered after they have gone. */
const REMEMBERED = 20_000;

/** Which node each pod is or was on. */
export class PodPlaces {
  readonly #nodes = new Map<string, string>();

  note({ metadata, spec }: PodObject): void {
    if (spec?.nodeName === undefined) return;
    const pod = `${metadata.namespace}/${metadata.name}`;
    // Set anew, so that the oldest come first.
    this.#nodes.delete(pod);
    this.#nodes.set(pod, spec.nodeName);
    const [oldest] = this.#nodes.keys();
    if (this.#nodes.size > REMEMBERED && oldest !== undefined) this.#nodes.delete(oldest);
  }

  nodeOf(namespace: string, name: string): string | undefined {
    return this.#nodes.get(`${namespace}/${name}`);
  }
}
