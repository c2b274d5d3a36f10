import type {
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  V1PodStatus,
  V1Toleration,
  V1Volume,
} from '@kubernetes/client-node';
import { words } from '../../domain/outside.ts';
import type { PodFacts } from '../../domain/pod-verdict.ts';

/** Marks the API server's picture of a static pod. */
const MIRROR = 'kubernetes.io/config.mirror';
const CORDON_TAINT = 'node.kubernetes.io/unschedulable';
const DEFAULT_GRACE_S = 30;

/** The facts of a pod, read by the typed client or as the plain JSON of a watch. */
export function podFacts({ metadata = {}, spec, status = {} }: V1Pod): PodFacts {
  const { priority = 0, volumes = [], tolerations = [], ...rest } = spec ?? NO_SPEC;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return {
    ...identity(metadata),
    ...(owner ? { owner: { kind: words(owner.kind, 100), name: owner.name } } : {}),
    ...deletion(metadata, rest.terminationGracePeriodSeconds),
    priority,
    ...lifeOf(status, rest),
    ready: isReady(status),
    emptyDir: volumes.some(({ emptyDir }) => emptyDir !== undefined),
    toleratesCordon: tolerations.some(coversCordon),
    claims: volumes.flatMap((volume) => claimsOf(metadata, volume)),
  };
}

function lifeOf({ phase = 'Unknown' }: V1PodStatus, { restartPolicy = 'Always' }: V1PodSpec) {
  const finished = phase === 'Succeeded' || phase === 'Failed';
  return { phase, finished, ...(restartPolicy !== 'Always' && { endsByItself: true as const }) };
}

function isReady({ conditions = [] }: V1PodStatus): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

const NO_SPEC: V1PodSpec = { containers: [] };

function identity({ namespace = '', name = '', uid = '', labels, annotations }: V1ObjectMeta) {
  return {
    namespace,
    name,
    uid,
    labels: labels ?? {},
    mirror: annotations?.[MIRROR] !== undefined,
  };
}

function deletion(metadata: V1ObjectMeta, ownGraceSeconds: number | undefined) {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = metadata;
  const seconds = deletionGracePeriodSeconds ?? ownGraceSeconds ?? DEFAULT_GRACE_S;
  return {
    gracePeriodMs: 1_000 * seconds,
    finalizers: finalizers ?? [],
    ...(deletionTimestamp ? { deletionTimestampMs: new Date(deletionTimestamp).getTime() } : {}),
  };
}

/** The claim of a generic ephemeral volume is named after pod and volume. */
function claimsOf(
  { name: pod }: V1ObjectMeta,
  { name, persistentVolumeClaim, ephemeral }: V1Volume,
): string[] {
  if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
  return ephemeral ? [`${pod}-${name}`] : [];
}

function coversCordon({ key, operator, effect }: V1Toleration): boolean {
  const anyKey = !key && operator === 'Exists';
  return (anyKey || key === CORDON_TAINT) && (!effect || effect === 'NoSchedule');
}
