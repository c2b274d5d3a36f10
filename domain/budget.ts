import { awayTaint } from './away-taints.ts';
import type { NodeFacts } from './node-facts.ts';

/** A node that uses the budget, and why. */
interface OutOfService {
  readonly node: string;
  readonly because: string;
}

export type Room = { readonly room: true } | { readonly room: false; readonly because: string };

interface RoomQuestion {
  /** Every node of the pool, as the live cluster shows them. */
  readonly nodes: readonly NodeFacts[];
  readonly maxUnavailable: number | string;
  /** The taints that mean that a node is being taken away or is down. */
  readonly awayTaints: readonly string[];
  /** Nodes with a permit that is not known to be used, whatever the cluster still shows. */
  readonly permits: readonly string[];
  readonly candidate: string;
}

/**
 * Whether the candidate may be taken out of service. Every node out of service counts once, whoever took it out; the candidate
 * itself is excepted, for it is out of service already or about to be.
 */
export function room(asked: RoomQuestion): Room {
  const { nodes, maxUnavailable, candidate } = asked;
  const budget = budgetOf(maxUnavailable, nodes.length);
  const others = outOfService(asked).filter(({ node }) => node !== candidate);
  return others.length < budget ? { room: true } : { room: false, because: say(others, budget) };
}

/** Nodes that may be out at once: a percentage rounds down, to at least 1. */
export function budgetOf(maxUnavailable: number | string, poolSize: number): number {
  if (typeof maxUnavailable === 'number') return maxUnavailable;
  return Math.max(1, Math.floor((poolSize * Number.parseInt(maxUnavailable, 10)) / 100));
}

/** Each node of the pool that is out of service, and each that may be so at any moment by its permit: once. */
function outOfService({ nodes, permits, awayTaints }: RoomQuestion): OutOfService[] {
  const shown = nodes.flatMap((node) => {
    const because = whyOut(node, awayTaints);
    return because === undefined ? [] : [{ node: node.name, because }];
  });
  const known = new Set(shown.map(({ node }) => node));
  const granted = [...new Set(permits)].filter((node) => !known.has(node));
  return [...shown, ...granted.map((node) => ({ node, because: 'has a permit' }))];
}

/**
 * Why a node is out of service; undefined while it is in service. The one answer to that question: for the lock, the count at
 * the cordon, the metric and the command line.
 */
export function whyOut(node: NodeFacts, awayTaints: readonly string[]): string | undefined {
  if (node.deleting) return 'is being deleted';
  if (node.rollout) return 'is in the middle of a rollout';
  if (!node.ready) return 'is NotReady';
  const taint = awayTaint(node, awayTaints);
  if (taint !== undefined) return `bears the taint ${taint}`;
  if (node.unschedulable) return 'is cordoned';
  return undefined;
}

function say(out: readonly OutOfService[], budget: number): string {
  const named = out.slice(0, 3).map(({ node, because }) => `${node} ${because}`);
  const more = out.length > named.length ? [`and ${out.length - named.length} more`] : [];
  return `${out.length} of at most ${budget} out of service: ${[...named, ...more].join(', ')}`;
}
