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

/** Those outside the Node were judged when they were asked. */
function reasonOf(gate: GateName, facts: GateFacts): string | undefined {
  if (!isNodeGate(gate)) return facts.outside[gate];
  const { moments, judge } = NODE_GATES[gate];
  return moments.includes(facts.moment) ? judge(facts) : undefined;
}
