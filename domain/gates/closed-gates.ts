import type { GateFacts } from './gate.ts';
import { GATES, isSkipped, type ClosedGate, type GateName } from './names.ts';
import { isNodeGate, NODE_GATES } from './node-gates.ts';

/** Every gate that is closed at this moment and not skipped, not just the first; none means the rollout may go on. */
export function closedGates(facts: GateFacts, skip: readonly string[]): ClosedGate[] {
  return GATES.filter((gate) => !isSkipped(gate, skip)).flatMap((gate) => {
    const because = reasonOf(gate, facts);
    return because === undefined ? [] : [{ gate, because }];
  });
}

/** When the last of these gates opens by itself; undefined where nobody can tell of one of them. */
export function opensAtMs(facts: GateFacts, closed: readonly ClosedGate[]): number | undefined {
  const times = closed.map(({ gate }) =>
    isNodeGate(gate) ? NODE_GATES[gate].opensAtMs?.(facts) : undefined,
  );
  const known = times.filter((atMs) => atMs !== undefined);
  return known.length === times.length ? Math.max(...known) : undefined;
}

/** Those outside the Node were judged when they were asked. */
function reasonOf(gate: GateName, facts: GateFacts): string | undefined {
  if (!isNodeGate(gate)) return facts.outside[gate];
  const { moments, judge } = NODE_GATES[gate];
  return moments.includes(facts.moment) ? judge(facts) : undefined;
}
