import type { NodeFacts } from './node-facts.ts';

/** A node that uses the budget, and why. */
interface OutOfService {
  readonly node: string;
  readonly because: string;
}

export type Room =
  | { readonly room: true; readonly budget: number; readonly out: readonly OutOfService[] }
  | {
      readonly room: false;
      readonly budget: number;
      readonly out: readonly OutOfService[];
      readonly because: string;
    };

interface RoomQuestion {
  /** Every node of the pool, as the live cluster shows them. */
  readonly nodes: readonly NodeFacts[];
  readonly maxUnavailable: number | string;
  /** Nodes with a permit, whatever the cluster still shows. */
  readonly holders: readonly string[];
  readonly candidate: string;
}

/**
 * Whether the candidate may be taken out of service. Every node out of service counts, whoever took it out; the candidate
 * itself is excepted, for it is out of service already or about to be.
 */
export function room({ nodes, maxUnavailable, holders, candidate }: RoomQuestion): Room {
  const budget = budgetOf(maxUnavailable, nodes.length);
  const out = [
    ...nodes.flatMap((node) => outOfService(node, holders)),
    // A holder whose Node the list no longer shows still has its permit.
    ...holders
      .filter((holder) => !nodes.some(({ name }) => name === holder))
      .map((node) => ({ node, because: 'has a permit' })),
  ].filter(({ node }) => node !== candidate);
  if (out.length < budget) return { room: true, budget, out };
  return { room: false, budget, out, because: say(out, budget) };
}

/** Nodes that may be out at once: a percentage rounds down, to at least 1. */
export function budgetOf(maxUnavailable: number | string, poolSize: number): number {
  if (typeof maxUnavailable === 'number') return maxUnavailable;
  return Math.max(1, Math.floor((poolSize * Number.parseInt(maxUnavailable, 10)) / 100));
}

function outOfService(node: NodeFacts, holders: readonly string[]): OutOfService[] {
  const because = reasonOut(node, holders);
  return because === undefined ? [] : [{ node: node.name, because }];
}

function reasonOut(node: NodeFacts, holders: readonly string[]): string | undefined {
  if (holders.includes(node.name)) return 'has a permit';
  if (node.deleting) return 'is being deleted';
  if (node.rollout) return 'is in the middle of a rollout';
  if (!node.ready) return 'is NotReady';
  if (node.unschedulable) return 'is cordoned';
  return undefined;
}

function say(out: readonly OutOfService[], budget: number): string {
  const named = out.slice(0, 3).map(({ node, because }) => `${node} ${because}`);
  const more = out.length > named.length ? [`and ${out.length - named.length} more`] : [];
  return `${out.length} of at most ${budget} out of service: ${[...named, ...more].join(', ')}`;
}
