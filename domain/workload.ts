import type { PodFacts } from './pod-verdict.ts';

/** Whose pods are Lockkeeper's own. */
export interface Workload {
  readonly namespace: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job';
  readonly name: string;
}

const ONE = '(Deployment|StatefulSet|Job)/([a-z0-9.-]+)';

/** How they are written: `Deployment/lockkeeper-worker,Job/lockkeeper-uninstall`, or nothing. */
export const WORKLOADS = new RegExp(`^(${ONE}(,${ONE})*)?$`);

/** Those that are written so, in this namespace; none without a namespace. */
export function readWorkloads(text: string, namespace: string): Workload[] {
  if (namespace === '') return [];
  const found = text.matchAll(new RegExp(ONE, 'g'));
  return [...found].map(([, kind, name = '']) => ({
    namespace,
    kind: kind as Workload['kind'],
    name,
  }));
}

/**
 * Whether the controller of the pod is this workload, or the ReplicaSet that this Deployment has made for the pod's template.
 * Labels alone prove nothing: anybody may set them.
 */
export function belongsTo(
  { namespace, owner, labels }: Pick<PodFacts, 'namespace' | 'owner' | 'labels'>,
  workload: Workload,
): boolean {
  if (owner === undefined || namespace !== workload.namespace) return false;
  if (workload.kind !== 'Deployment') {
    return owner.kind === workload.kind && owner.name === workload.name;
  }
  const hash = labels['pod-template-hash'];
  // https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
  return owner.kind === 'ReplicaSet' && owner.name === `${workload.name}-${hash}`;
}
