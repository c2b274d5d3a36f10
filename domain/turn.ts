import { room } from './budget.ts';
import type { LastReturn, Trouble } from './lock-state.ts';
import type { NodeFacts } from './node-facts.ts';
import { quarantineReason } from './quarantine.ts';
import { shortList } from './short-list.ts';

/** Whose turn it is in a pool, judged on the live cluster, and otherwise why it is nobody's. */

export interface Candidate {
  readonly workflowId: string;
  /** The run that asked. */
  readonly runId: string;
  readonly node: string;
  readonly zone?: string;
}

export interface TurnRules {
  readonly maxUnavailable: number | string;
  readonly order: 'fifo' | 'zone';
  /** Troubled nodes from which on the pool halts. */
  readonly failureBudget: number;
  readonly pauseBetweenMs: number;
}

interface HeldNode {
  readonly node: string;
  readonly zone?: string;
  /** Its rollout has ended without a word, and whatever that had set off has settled. */
  readonly leftBehind?: boolean;
}

export interface TurnQuestion {
  readonly rules: TurnRules;
  /** Every node of the pool, as the live cluster shows them. */
  readonly nodes: readonly NodeFacts[];
  /** The pools that go first, each with its nodes. */
  readonly before: readonly { readonly pool: string; readonly nodes: readonly NodeFacts[] }[];
  /** Those who wait, in turn. */
  readonly line: readonly Candidate[];
  readonly holders: readonly HeldNode[];
  readonly troubles: readonly Trouble[];
  readonly lastReturn?: LastReturn;
  readonly nowMs: number;
}

export type Turn =
  | { readonly kind: 'grant'; readonly workflowId: string }
  /** `againAtMs`: nothing can change before. */
  | { readonly kind: 'wait'; readonly because: string; readonly againAtMs?: number };

/** The first in line who may go, after everything that holds the pool back and the count of the nodes that are out. */
export function whoseTurn(asked: TurnQuestion): Turn {
  const held = otherPoolsFirst(asked) ?? stillPausing(asked);
  if (held) return held;
  const allowed = halted(asked);
  if ('because' in allowed) return allowed;
  const free = allowed.line.filter(({ node }) => !isInHand(asked, node));
  const [taken] = allowed.line;
  if (taken && free.length === 0) {
    return { kind: 'wait', because: `${taken.node} is in the hands of another rollout` };
  }
  const sameZone = inZone(asked, free);
  const [first] = sameZone.line;
  if (!first) return { kind: 'wait', because: sameZone.because };
  const { rules, nodes, holders } = asked;
  const found = room({
    nodes,
    maxUnavailable: rules.maxUnavailable,
    holders: holders.map(({ node }) => node),
    candidate: first.node,
  });
  return found.room
    ? { kind: 'grant', workflowId: first.workflowId }
    : { kind: 'wait', because: found.because };
}

/** A node that a lost rollout has left behind is finished by the next one of it, which may have waited in line before. */
function isInHand({ holders, nodes }: TurnQuestion, name: string): boolean {
  const isOut = nodes.some((node) => node.name === name && node.rollout?.ok === true);
  return holders.some(({ node, leftBehind }) => node === name && !(leftBehind && isOut));
}

type Wait = Extract<Turn, { kind: 'wait' }>;

function otherPoolsFirst({ before, nowMs }: TurnQuestion): Wait | undefined {
  const waits = before.flatMap(({ pool, nodes }) => {
    const left = nodes.filter((node) => isStillToRoll(node, nowMs)).map(({ name }) => name);
    return left.length > 0 ? [`pool ${pool} goes first, and is not done: ${shortList(left)}`] : [];
  });
  return waits.length > 0 ? { kind: 'wait', because: waits.join('; ') } : undefined;
}

/** Nodes that a person holds, or that another reboot would not help, are not waited for. */
function isStillToRoll(node: NodeFacts, nowMs: number): boolean {
  const { report, rollout, hold } = node;
  if (rollout) return true;
  const held = hold !== undefined && (hold.untilMs === undefined || hold.untilMs > nowMs);
  return report?.wants === 'required' && !held && quarantineReason(node) === undefined;
}

function stillPausing({ rules, lastReturn, nowMs }: TurnQuestion): Wait | undefined {
  if (!lastReturn || rules.pauseBetweenMs === 0) return undefined;
  const untilMs = lastReturn.atMs + rules.pauseBetweenMs;
  if (nowMs >= untilMs) return undefined;
  const because = `the pool pauses between two nodes until ${new Date(untilMs).toISOString()}`;
  return { kind: 'wait', because, againAtMs: untilMs };
}

/** In a halted pool only a node that is the trouble may try again. */
function halted({ rules, troubles, line }: TurnQuestion): { line: readonly Candidate[] } | Wait {
  if (troubles.length < rules.failureBudget) return { line };
  const own = line.filter(({ node }) => troubles.some((trouble) => trouble.node === node));
  return own.length > 0 ? { line: own } : { kind: 'wait', because: sayHalted(troubles) };
}

export function sayHalted(troubles: readonly Trouble[]): string {
  const words = troubles.map(({ node, because }) => `${node}: ${because}`);
  return `the pool is halted until it is resumed or the node is back: ${shortList(words)}`;
}

/** With `order: zone` one zone is finished before the next is begun. */
function inZone(
  { rules, holders, lastReturn }: TurnQuestion,
  line: readonly Candidate[],
): { line: readonly Candidate[]; because: string } {
  const zone = holders[0] ? holders[0].zone : lastReturn?.zone;
  const same = line.filter((candidate) => candidate.zone === zone);
  if (rules.order === 'fifo' || same.length > 0) {
    return { line: rules.order === 'fifo' ? line : same, because: 'nobody waits' };
  }
  if (!holders[0]) return { line: line.slice(0, 1), because: 'nobody waits' };
  return { line: [], because: `zone ${zone ?? 'unknown'} is not done: ${holders[0].node}` };
}

/** Whether the node is as a node should be after its rollout: in service, and wanting no further reboot. */
export function isWell(node: NodeFacts | undefined): boolean {
  if (!node) return true;
  const { ready, rollout, quarantine, report } = node;
  return ready && !rollout && !quarantine && report?.wants !== 'required';
}

/** What a node still shows of the trouble that its latest rollout had with it; undefined when it is well. */
export function troubleLeft(node: NodeFacts): Trouble | undefined {
  if (isWell(node)) return undefined;
  const { name, past, quarantine, bootId } = node;
  if (quarantine?.ok && quarantine.value.bootId === bootId) {
    const { because, atMs } = quarantine.value;
    return { node: name, because, sinceMs: atMs };
  }
  const { trouble, lastAtMs } = past?.failed ?? {};
  return trouble === undefined || lastAtMs === undefined
    ? undefined
    : { node: name, because: trouble, sinceMs: lastAtMs };
}

/** Whether nobody's rollout has the node out of service: a permit for it may be given back. */
export function isBackInService(node: NodeFacts | undefined): boolean {
  return !node || (node.ready && !node.rollout);
}
