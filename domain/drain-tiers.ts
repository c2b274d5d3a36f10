import type { PodFacts } from './pod-verdict.ts';

/** The pods in the order they leave: one tier per priority, lowest first, so that system-node-critical pods serve to the last. */
export function drainTiers<P extends Pick<PodFacts, 'priority'>>(pods: readonly P[]): P[][] {
  const priorities = [...new Set(pods.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  return priorities.map((priority) => pods.filter((pod) => pod.priority === priority));
}
