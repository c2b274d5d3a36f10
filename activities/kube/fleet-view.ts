import type { NodeFacts } from '../../domain/node-facts.ts';
import type { KubeClient } from './client.ts';
import { follow } from './follow.ts';
import { nodeSource } from './nodes.ts';

/** The nodes of the cluster as one watch shows them: reading them asks nobody. */
export interface FleetView {
  /** Undefined when they have not been seen lately: no number is better than an old one. */
  nodes(): readonly NodeFacts[] | undefined;
  /** One of them; undefined also when there is none of that name. */
  node(name: string): NodeFacts | undefined;
  /** Calls `seen` when the watch shows the node, or that it is gone; returns how to stop. */
  onChange(name: string, seen: (node: NodeFacts | undefined) => void): () => void;
}

/** As long as a silent watch is taken to be alive. */
const FRESH_FOR_MS = 150_000;

/** Follows every Node until `signal` aborts. No outage ends it. */
export function followFleet(client: KubeClient, signal: AbortSignal): FleetView {
  let nodes = new Map<string, NodeFacts>();
  const listeners = new Map<string, Set<(node: NodeFacts | undefined) => void>>();
  const show = (name: string, node: NodeFacts | undefined): void => {
    for (const seen of listeners.get(name) ?? []) seen(node);
  };
  let heardAtMs = -Infinity;
  void follow(
    nodeSource(client),
    (update) => {
      if (update.kind === 'lost') return;
      heardAtMs = Date.now();
      if (update.kind === 'listed') {
        nodes = new Map(update.items.map((node) => [node.name, node]));
        for (const name of listeners.keys()) show(name, nodes.get(name));
      } else if (update.kind === 'seen') {
        nodes.set(update.object.name, update.object);
        show(update.object.name, update.object);
      } else if (update.kind === 'gone') {
        nodes.delete(update.object.name);
        show(update.object.name, undefined);
      }
    },
    { signal },
  );
  const isFresh = (): boolean => Date.now() - heardAtMs <= FRESH_FOR_MS;
  return {
    nodes: () => (isFresh() ? [...nodes.values()] : undefined),
    node: (name) => (isFresh() ? nodes.get(name) : undefined),
    onChange(name, seen) {
      const others = listeners.get(name) ?? new Set();
      listeners.set(name, others.add(seen));
      return () => {
        others.delete(seen);
        if (others.size === 0) listeners.delete(name);
      };
    },
  };
}
