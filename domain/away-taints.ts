/**
 * Taints by which others say that a node is being taken away, or is down: it is out of service, whatever its Ready says.
 * Each is told by its key alone, for the effect says only what becomes of pods. Sources: docs/gates.md.
 */
export const AWAY_TAINTS: readonly string[] = [
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'aws-node-termination-handler/*',
  'cloud.google.com/impending-node-termination',
  'node.cloudprovider.kubernetes.io/shutdown',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'node.kubernetes.io/out-of-service',
  'medik8s.io/*',
];

interface Tainted {
  readonly taints: readonly { readonly key: string; readonly effect: string }[];
}

/** The first such taint on the node, as kubectl writes it; undefined when there is none. `name/*` stands for every key below it. */
export function awayTaint({ taints }: Tainted, keys: readonly string[]): string | undefined {
  const found = taints.find(({ key }) => keys.some((known) => matches(key, known)));
  return found && `${found.key}:${found.effect}`;
}

const matches = (key: string, known: string): boolean =>
  known.endsWith('/*') ? key.startsWith(known.slice(0, -1)) : key === known;
