import { awayTaint } from '../away-taints.ts';
import { AGENT_SILENT_AFTER_MS } from '../node-contract.ts';
import type { NodeFacts } from '../node-facts.ts';
import { backOff, type Rest } from '../attempts.ts';
import { isAhead } from '../outside.ts';
import { quarantineReason } from '../quarantine.ts';
import { isAccepted } from '../recovery.ts';
import { NOT_IN_DRAIN, type GateFacts, type Moment, type NodeGate } from './gate.ts';
import { isSkipped, type GateName } from './names.ts';
import type { OutsideGateName } from './outside-gates.ts';

type NodeGateName = Exclude<GateName, OutsideGateName>;

/** For a person's hold, the end of the window, or a node that others take away a drain is given up half-way. */
const ALWAYS: readonly Moment[] = [...NOT_IN_DRAIN, 'drain'];
/** A node that is out of service is finished by the rules of the pool whose permit it has. */
const IN_SERVICE: readonly Moment[] = ['waiting', 'cordon'];

/** Every gate that is judged on what is known anyway, by its name. */
export const NODE_GATES: Readonly<Record<NodeGateName, NodeGate>> = {
  required: { moments: NOT_IN_DRAIN, judge: requiredGate },
  agent: { moments: NOT_IN_DRAIN, judge: agentGate },
  hold: { moments: ALWAYS, judge: holdGate, opensAtMs: ({ node }) => node.hold?.untilMs },
  window: {
    moments: ALWAYS,
    judge: ({ window }) => (window.kind === 'closed' ? window.because : undefined),
    opensAtMs: ({ window }) => (window.kind === 'closed' ? window.opensMs : undefined),
    // Or another policy, of which everybody is told at once.
    onlyTimeOpens: true,
  },
  owner: { moments: NOT_IN_DRAIN, judge: ownerGate },
  quarantine: { moments: NOT_IN_DRAIN, judge: ({ node }) => quarantineReason(node) },
  rest: {
    moments: NOT_IN_DRAIN,
    judge: (facts) => restOf(facts)?.because,
    opensAtMs: (facts) => restOf(facts)?.untilMs,
  },
  pool: { moments: IN_SERVICE, judge: ({ noPool }) => noPool },
  node: { moments: ALWAYS, judge: nodeGate },
};

export const isNodeGate = (gate: GateName): gate is NodeGateName => Object.hasOwn(NODE_GATES, gate);

/**
 * A fresh word of the agent that nothing asks for a reboot: there is nothing to wait for. A record that cannot be read is
 * something to wait for all the same: a person has to look at it.
 */
export function nothingToDo(facts: GateFacts, skip: readonly string[]): string | undefined {
  const { report, rollout } = facts.node;
  if (isSkipped('required', skip)) return undefined;
  if (rollout?.ok === false) return undefined;
  if (facts.evenIfNotRequired || report?.wants !== 'not-required') return undefined;
  return agentGate(facts) === undefined ? report.message || 'no reboot is required' : undefined;
}

function requiredGate({ node, evenIfNotRequired }: GateFacts): string | undefined {
  if (evenIfNotRequired || node.report?.wants === 'required') return undefined;
  if (!node.report) return 'no agent has reported whether a reboot is required';
  if (node.report.wants === 'not-required') return 'no reboot is required';
  return `the agent cannot tell whether a reboot is required: ${node.report.message}`;
}

function agentGate({ node, nowMs }: GateFacts): string | undefined {
  if (!node.report) return 'no agent has ever reported from this node';
  const { heardAtMs } = node.report;
  if (isAhead(heardAtMs, nowMs)) {
    return `the agent's report is dated ${new Date(heardAtMs).toISOString()}, which is ahead: the clock of its host is wrong, or that of the worker`;
  }
  if (nowMs - heardAtMs > AGENT_SILENT_AFTER_MS) {
    return `the agent has been silent since ${new Date(heardAtMs).toISOString()}`;
  }
  // What it said in the boot before is what that boot was ended for. Both times are of the host's clock.
  const rebootedMs = node.attempts?.reboots.at(-1) ?? 0;
  if (heardAtMs >= rebootedMs) return undefined;
  return `the agent has not reported since the reboot of ${new Date(rebootedMs).toISOString()}`;
}

function holdGate({ node, nowMs }: GateFacts): string | undefined {
  if (!node.hold) return undefined;
  const { reason, untilMs } = node.hold;
  if (untilMs === undefined) return `held: ${reason}`;
  return untilMs > nowMs ? `held until ${new Date(untilMs).toISOString()}: ${reason}` : undefined;
}

function restOf({ node, rest, restAfter, nowMs }: GateFacts): Rest | undefined {
  const isOver = restAfter === undefined || nowMs >= restAfter.untilMs;
  return backOff(node.attempts, rest, nowMs) ?? (isOver ? undefined : restAfter);
}

/** Clocks of nodes differ a little. */
const CLOCKS_DIFFER_MS = 60_000;

function ownerGate({ node, workflowId, ownerRunning, nowMs }: GateFacts): string | undefined {
  if (!node.rollout) return orphanedOrder(node, nowMs);
  if (!node.rollout.ok) return `the rollout annotation cannot be read: ${node.rollout.because}`;
  const owner = node.rollout.value.workflowId;
  return owner !== workflowId && ownerRunning
    ? `another rollout has the node: ${owner}`
    : undefined;
}

/** An accepted order cannot be taken back: while it lasts the node may reboot at any moment, whoever has taken the record away. */
function orphanedOrder(node: NodeFacts, nowMs: number): string | undefined {
  if (!node.order?.ok || !isAccepted(node)) return undefined;
  const untilMs = node.order.value.expiresAtMs + CLOCKS_DIFFER_MS;
  if (nowMs > untilMs) return undefined;
  return `its agent has accepted an order of ${node.order.value.rollout}, which holds until ${new Date(untilMs).toISOString()}`;
}

function nodeGate({ node, awayTaints }: GateFacts): string | undefined {
  if (node.deleting) return 'the node is being deleted';
  const taint = awayTaint(node, awayTaints);
  if (taint !== undefined)
    return `the node bears the taint ${taint}: it is being taken away, or is down`;
  if (node.bootId === '') return 'the node reports no boot id, so a reboot could not be proved';
  return undefined;
}
