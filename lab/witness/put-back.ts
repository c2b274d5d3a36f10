import type { PodMoved, PodSight } from './contract.ts';

/** Whose pods have been moved off a node so often in one rollout need not be gone. */
const OFTEN = 3;

/** How often the pods of each owner have been moved off a node since a rollout has taken it. */
export class PutBack {
  readonly #moved = new Map<string, Map<string, number>>();

  begin(node: string): void {
    this.#moved.delete(node);
  }

  note({ node, owner }: Pick<PodMoved, 'node' | 'owner'>): void {
    const moved = this.#moved.get(node) ?? new Map<string, number>();
    moved.set(owner, (moved.get(owner) ?? 0) + 1);
    this.#moved.set(node, moved);
  }

  /** Those of these pods whose owner cannot be one that puts them back each time. */
  others(node: string, pods: readonly PodSight[]): PodSight[] {
    const moved = this.#moved.get(node);
    return pods.filter(({ owner }) => (moved?.get(owner) ?? 0) < OFTEN);
  }
}
