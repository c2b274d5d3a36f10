import type { GateFacts } from './gate.ts';
import type { ClosedGate } from './names.ts';
import { isNodeGate, NODE_GATES } from './node-gates.ts';

/** How long to wait before closed gates are evaluated again. */
export interface PollPause {
  readonly ms: number;
  /** A gate opens at that very time: it may be late by a moment, and not early. */
  readonly exact: boolean;
}

interface Polls {
  /** The pause after the first evaluation that found nothing new. */
  readonly usualMs: number;
  /** So many evaluations in a row have found nothing new. */
  readonly inARow: number;
}

/** No usual pause grows longer than this, and a longer one does not grow. */
const LONGEST_MS = 5 * 60_000;
const GROWS_TO = 5;
const SHORTEST_MS = 1_000;

/**
 * From the usual pause to five times as much, one more after each evaluation that found nothing new; at a gate that nothing but
 * time opens it is long from the beginning. Where it is known when the last of the gates opens, it ends then.
 */
export function pollPause(
  facts: GateFacts,
  closed: readonly ClosedGate[],
  { usualMs, inARow }: Polls,
): PollPause {
  const longestMs = Math.max(usualMs, Math.min(GROWS_TO * usualMs, LONGEST_MS));
  const entries = closed.flatMap(({ gate }) => (isNodeGate(gate) ? [NODE_GATES[gate]] : []));
  const waitsForTime = entries.some(({ onlyTimeOpens }) => onlyTimeOpens);
  const grownMs = waitsForTime ? longestMs : Math.min(longestMs, inARow * usualMs);
  const known = entries.flatMap((gate) => gate.opensAtMs?.(facts) ?? []);
  if (known.length === 0) return { ms: grownMs, exact: false };
  const leftMs = Math.max(SHORTEST_MS, Math.max(...known) - facts.nowMs);
  return leftMs < grownMs ? { ms: leftMs, exact: true } : { ms: grownMs, exact: false };
}
