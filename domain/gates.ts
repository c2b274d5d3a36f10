import {
  alertsReason,
  blockingPodsReason,
  kuredLockReason,
  type OutsideFacts,
} from './gates/outside.ts';
import { AGENT_SILENT_AFTER_MS } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';
import { restReason, type RestRules } from './past.ts';
import { quarantineReason } from './quarantine.ts';
import { isAccepted } from './recovery.ts';
import type { WindowLook } from './window/look.ts';

/** A person may go on without these. */
export const SKIPPABLE = [
  'required',
  'agent',
  'hold',
  'window',
  'alerts',
  'blockingPods',
  'kuredLock',
  'owner',
  'quarantine',
  'rest',
] as const;

/** A node whose rules nobody knows, that is being deleted or that cannot prove a reboot is beyond anybody's word. */
export const GATES = [...SKIPPABLE, 'pool', 'node'] as const;
type GateName = (typeof GATES)[number];

/** A reason not to go on, in words for the person who asks why. */
export interface ClosedGate {
  readonly gate: GateName;
  readonly because: string;
}

/** What the gates are judged on, gathered at one moment. */
export interface GateFacts {
  readonly node: NodeFacts;
  /** The rollout that asks. */
  readonly workflowId: string;
  /** Whether the rollout named on the node, if it is another one, is still running. */
  readonly ownerRunning: boolean;
  readonly window: WindowLook;
  /** Absent: nobody was asked. */
  readonly outside?: OutsideFacts;
  readonly rest: RestRules;
  /** Why the policy has the node in no pool; absent: it has it in one, or the rollout has gone too far for that to matter. */
  readonly noPool?: string;
  /** Reboot although nothing asks for it. */
  readonly evenIfNotRequired: boolean;
  readonly nowMs: number;
}

/** Whether two looks found the same gates closed for the same reasons. */
export function sameGates(one: readonly ClosedGate[], other: readonly ClosedGate[]): boolean {
  const words = (closed: readonly ClosedGate[]): string => JSON.stringify(closed.map(sayGate));
  return words(one) === words(other);
}

/** "gate: reason", as shown under Pending Activities and in the table. */
export function sayGate({ gate, because }: ClosedGate): string {
  return `${gate}: ${because}`;
}

type Gate = (facts: GateFacts) => string | undefined;

/** Each gate answers with the reason it is closed, or undefined. */
const RULES: readonly (readonly [GateName, Gate])[] = [
  ['required', requiredGate],
  ['agent', agentGate],
  ['hold', holdGate],
  ['window', windowGate],
  ['alerts', ({ outside }) => outside && alertsReason(outside)],
  ['blockingPods', ({ outside }) => outside && blockingPodsReason(outside)],
  ['kuredLock', ({ outside }) => outside && kuredLockReason(outside)],
  ['owner', ownerGate],
  ['quarantine', ({ node }) => quarantineReason(node)],
  ['rest', ({ node, rest, nowMs }) => restReason(node.past, rest, nowMs)],
  ['pool', ({ noPool }) => noPool],
  ['node', nodeGate],
];

/** Every closed gate, not just the first; none means the rollout may go on. */
export function closedGates(facts: GateFacts, skip: readonly string[]): ClosedGate[] {
  const skips = (gate: GateName): boolean => isSkippable(gate) && skip.includes(gate);
  return RULES.filter(([gate]) => !skips(gate)).flatMap(([gate, judge]) => {
    const because = judge(facts);
    return because === undefined ? [] : [{ gate, because }];
  });
}

const isSkippable = (gate: GateName): boolean => SKIPPABLE.some((known) => known === gate);

/**
 * What ends a drain that is under way: a person's hold, and the end of the window. The other gates are looked at again when
 * the node is empty: a drain itself makes alerts fire, and undoing it would only disturb twice.
 */
const ENDS_DRAIN: ReadonlySet<GateName> = new Set<GateName>(['hold', 'window']);

/** Every closed gate for which a drain is given up half-way. */
export function closedInDrain(facts: GateFacts, skip: readonly string[]): ClosedGate[] {
  return closedGates(facts, skip).filter(({ gate }) => ENDS_DRAIN.has(gate));
}

/**
 * A fresh word of the agent that nothing asks for a reboot: there is nothing to wait for. A record that cannot be read is
 * something to wait for all the same: a person has to look at it.
 */
export function nothingToDo(facts: GateFacts): string | undefined {
  const { report, rollout } = facts.node;
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
  if (nowMs - heardAtMs > AGENT_SILENT_AFTER_MS) {
    return `the agent has been silent since ${new Date(heardAtMs).toISOString()}`;
  }
  // What it said in the boot before is what that boot was ended for. Both times are of the host's clock.
  const rebootedMs = node.past?.reboots.at(-1) ?? 0;
  if (heardAtMs >= rebootedMs) return undefined;
  return `the agent has not reported since the reboot of ${new Date(rebootedMs).toISOString()}`;
}

function holdGate({ node, nowMs }: GateFacts): string | undefined {
  if (!node.hold) return undefined;
  const { reason, untilMs } = node.hold;
  if (untilMs === undefined) return `held: ${reason}`;
  return untilMs > nowMs ? `held until ${new Date(untilMs).toISOString()}: ${reason}` : undefined;
}

function windowGate({ window }: GateFacts): string | undefined {
  return window.kind === 'closed' ? window.because : undefined;
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

function nodeGate({ node }: GateFacts): string | undefined {
  if (node.deleting) return 'the node is being deleted';
  if (node.bootId === '') return 'the node reports no boot id, so a reboot could not be proved';
  return undefined;
}
