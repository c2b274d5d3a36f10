import { setTimeout as pause } from 'node:timers/promises';
import type { Kube } from '../fleet/kube.ts';
import type { NodeObject } from './sight.ts';

const LOOK_EVERY_MS = 100;

export interface CatchingUp {
  readonly kube: Pick<Kube, 'get'>;
  /** Whether this state of a node, or a later one, has been heard of. */
  readonly knows: (node: NodeObject) => boolean;
  readonly signal: AbortSignal;
  readonly withinMs: number;
}

/**
 * Resolves when everything that the API server has of the nodes has been heard of: on a busy machine a watch may be late, so
 * they are listed beside it. While the API server is away nothing is written, and nothing is waited for. Rejects when the
 * watch stays behind.
 */
export async function caughtUp({ kube, knows, signal, withinMs }: CatchingUp): Promise<void> {
  const untilMs = Date.now() + withinMs;
  const isBehind = async (): Promise<boolean> => {
    const list = kube.get<{ items: readonly NodeObject[] }>('/api/v1/nodes');
    const { items } = await list.catch(() => ({ items: [] }));
    return !items.every(knows);
  };
  while (!signal.aborted && (await isBehind())) {
    if (Date.now() > untilMs)
      throw new Error('the watch does not show what the API server has of the nodes');
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
