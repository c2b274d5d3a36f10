import type { ClosedGate, GateFacts } from './gates.ts';
import { restsUntilMs } from './past.ts';

/** How long to wait before closed gates are looked at again. */

interface Pause {
  readonly ms: number;
  /** A gate opens at that very time: it may be late by a moment, and not early. */
  readonly exact: boolean;
}

interface Looks {
  /** The pause after the first look that found nothing new. */
  readonly usualMs: number;
  /** So many looks in a row have found nothing new. */
  readonly inARow: number;
}

/** No usual pause grows longer than this, and a longer one does not grow. */
const LONGEST_MS = 5 * 60_000;
const GROWS_TO = 5;
const SHORTEST_MS = 1_000;

/**
 * From the usual pause to five times as much, one more after each look that found nothing new. A window that is closed is
 * looked at rarely from the beginning: only its time opens it, or another policy, of which everybody is told at once. Where it is
 * known when the last of the gates opens, the look is then.
 */
export function pauseOf(
  facts: GateFacts,
  closed: readonly ClosedGate[],
  { usualMs, inARow }: Looks,
): Pause {
  const longestMs = Math.max(usualMs, Math.min(GROWS_TO * usualMs, LONGEST_MS));
  const waitsForWindow = closed.some(({ gate }) => gate === 'window');
  const grownMs = waitsForWindow ? longestMs : Math.min(longestMs, inARow * usualMs);
  const leftMs = Math.max(SHORTEST_MS, opensAtMs(facts, closed) - facts.nowMs);
  return leftMs < grownMs ? { ms: leftMs, exact: true } : { ms: grownMs, exact: false };
}

/** When all of the gates are open whose time is known; Infinity when nothing is known. */
function opensAtMs(facts: GateFacts, closed: readonly ClosedGate[]): number {
  const known = closed.flatMap(({ gate }) => timeOf(gate, facts) ?? []);
  return known.length > 0 ? Math.max(...known) : Infinity;
}

function timeOf(gate: ClosedGate['gate'], facts: GateFacts): number | undefined {
  const { window, node, rest, nowMs } = facts;
  if (gate === 'window') return window.kind === 'closed' ? window.opensMs : undefined;
  if (gate === 'hold') return node.hold?.untilMs;
  return gate === 'rest' ? restsUntilMs(node.past, rest, nowMs) : undefined;
}
