import { room } from './budget.ts';
import type { LastReturn } from './lock-state.ts';
import { isHeld, type NodeFacts } from './node-facts.ts';
import type { PoolPolicy } from './policy.ts';
import { present } from './present.ts';
import { quarantineReason } from './quarantine.ts';
import { shortList } from './short-list.ts';
import { sayHalted, type Trouble } from './trouble.ts';

/** Who of those who wait in a pool is admitted next, judged on the live cluster, and otherwise why nobody is. */

export interface Candidate {
  readonly workflowId: string;
  readonly node: string;
  readonly zone?: string;
}

export interface AdmissionRules {
  readonly maxUnavailable: number | string;
  readonly awayTaints: readonly string[];
  readonly order: 'fifo' | 'zone';
  /** Troubled nodes from which on the pool halts. */
  readonly failureBudget: number;
  readonly pauseBetweenMs: number;
}

/** What a pool's policy says of it. */
export function admissionRules(
  { maxUnavailable, order, failureBudget, pauseBetween }: PoolPolicy,
  awayTaints: readonly string[],
): AdmissionRules {
  return { maxUnavailable, awayTaints, order, failureBudget, pauseBetweenMs: pauseBetween };
}

/** A node with a permit that is not known to be used. */
interface Permitted {
  readonly node: string;
  readonly zone?: string;
}

export interface AdmissionQuestion {
  readonly rules: AdmissionRules;
  /** Every node of the pool, as the live cluster shows them. */
  readonly nodes: readonly NodeFacts[];
  /** The troubles that they show. */
  readonly troubles: readonly Trouble[];
  /** The pools that go first, each with its nodes. */
  readonly before: readonly { readonly pool: string; readonly nodes: readonly NodeFacts[] }[];
  /** Those who wait, in order. */
  readonly candidates: readonly Candidate[];
  readonly permits: readonly Permitted[];
  readonly lastReturn?: LastReturn;
  readonly nowMs: number;
}

type Held = {
  readonly kind: 'wait';
  readonly because: string;
  /** Nothing can change before. */
  readonly againAtMs?: number;
};

export type Admission =
  | { readonly kind: 'grant'; readonly workflowId: string }
  | Held
  | { readonly kind: 'halted'; readonly because: string };

/** The first of the candidates who may go, after everything that holds the pool back and the count of the nodes that are out. */
export function admit(asked: AdmissionQuestion): Admission {
  const held = otherPoolsFirst(asked) ?? stillPausing(asked);
  if (held) return held;
  const { rules, nodes, troubles, permits } = asked;
  const isHalted = troubles.length >= rules.failureBudget;
  // In a halted pool only a node that is the trouble may try again.
  const allowed = isHalted ? troubledOf(asked.candidates, troubles) : asked.candidates;
  if (isHalted && allowed.length === 0) {
    return { kind: 'halted', because: sayHalted(troubles) };
  }
  // Another rollout of the same node waits until the first has said what became of its permit.
  const free = allowed.filter(({ node }) => !permits.some((permit) => permit.node === node));
  const next = free.length > 0 ? inZone(asked, free) : takenBy(allowed);
  if ('because' in next) return { kind: 'wait', because: next.because };
  const found = room({
    nodes,
    maxUnavailable: rules.maxUnavailable,
    awayTaints: rules.awayTaints,
    permits: permits.map(({ node }) => node),
    candidate: next.node,
  });
  return found.room
    ? { kind: 'grant', workflowId: next.workflowId }
    : { kind: 'wait', because: found.because };
}

type Next = Candidate | { readonly because: string };

function takenBy([first]: readonly Candidate[]): Next {
  return { because: first ? `another rollout of ${first.node} has a permit` : 'nobody waits' };
}

function troubledOf(
  candidates: readonly Candidate[],
  troubles: readonly Trouble[],
): readonly Candidate[] {
  return candidates.filter(({ node }) => troubles.some((trouble) => trouble.node === node));
}

function otherPoolsFirst({ before, nowMs }: AdmissionQuestion): Held | undefined {
  const waits = before.flatMap(({ pool, nodes }) => {
    const left = nodes.filter((node) => isStillToRoll(node, nowMs)).map(({ name }) => name);
    return left.length > 0 ? [`pool ${pool} goes first, and is not done: ${shortList(left)}`] : [];
  });
  return waits.length > 0 ? { kind: 'wait', because: waits.join('; ') } : undefined;
}

/** Nodes that a person holds, or that another reboot would not help, are not waited for. */
function isStillToRoll(node: NodeFacts, nowMs: number): boolean {
  if (node.rollout) return true;
  if (node.report?.wants !== 'required' || isHeld(node, nowMs)) return false;
  return quarantineReason(node) === undefined;
}

function stillPausing({ rules, lastReturn, nowMs }: AdmissionQuestion): Held | undefined {
  if (!lastReturn || rules.pauseBetweenMs === 0) return undefined;
  const untilMs = lastReturn.atMs + rules.pauseBetweenMs;
  if (nowMs >= untilMs) return undefined;
  const because = `the pool pauses between two nodes until ${new Date(untilMs).toISOString()}`;
  return { kind: 'wait', because, againAtMs: untilMs };
}

/** The first candidate; with `order: zone` one zone is finished before the next is begun. */
function inZone(asked: AdmissionQuestion, candidates: readonly Candidate[]): Next {
  const [first] = candidates;
  if (!first || asked.rules.order === 'fifo') return first ?? { because: 'nobody waits' };
  const begun = begunIn(asked);
  const zone = begun ? begun.zone : asked.lastReturn?.zone;
  const same = candidates.find((candidate) => candidate.zone === zone);
  if (same) return same;
  return begun ? { because: `zone ${zone ?? 'unknown'} is not done: ${begun.node}` } : first;
}

/** A node that a rollout has out of service, or is about to. */
function begunIn({ permits, nodes }: AdmissionQuestion): Permitted | undefined {
  const taken = nodes.find(({ rollout }) => rollout !== undefined);
  return (
    permits[0] ?? (taken && { node: taken.name, ...present({ zone: taken.zone || undefined }) })
  );
}
