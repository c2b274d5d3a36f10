import type { PodFacts } from './pod-verdict.ts';

/** Whose pods a worker of Lockkeeper is one of. */
export interface Workload {
  readonly namespace: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
}

/** `Deployment/lockkeeper-worker` in its namespace; undefined for anything else. */
export function readWorkload(text: string, namespace: string): Workload | undefined {
  const [, kind, name] = /^(Deployment|StatefulSet)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined || namespace === '') return undefined;
  return { namespace, kind: kind as Workload['kind'], name };
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
  if (workload.kind === 'StatefulSet') {
    return owner.kind === 'StatefulSet' && owner.name === workload.name;
  }
  const hash = labels['pod-template-hash'];
  // https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
  return owner.kind === 'ReplicaSet' && owner.name === `${workload.name}-${hash}`;
}
