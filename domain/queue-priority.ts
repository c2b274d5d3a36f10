import { wantedSince, type NodeFacts } from './node-facts.ts';
import { present } from './present.ts';

/** What decides when it is the node's turn. */
export interface QueuePriority {
  readonly zone?: string;
  /** From then on it goes before others; absent when nobody knows since when it waits. */
  readonly overdueAtMs?: number;
}

/** What a node says of it; `overdueAfter` is of its pool, in milliseconds. */
export function queuePriority(
  node: NodeFacts,
  overdueAfter: number | undefined,
  nowMs: number,
): QueuePriority {
  const { zone } = node;
  const since = wantedSince(node, nowMs);
  const overdueAtMs = since && overdueAfter ? since + overdueAfter : undefined;
  return present({ zone, overdueAtMs });
}
