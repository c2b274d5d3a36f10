import { ANNOTATION } from '../../domain/node-contract.ts';
import type { KubeObject } from '../fleet/kube.ts';
import type { NodeChange, NodeSight, PodSight } from './contract.ts';

/** The node lifecycle conditions of KEP-5683, written out once more: what is left behind must show even if the code forgot it. */
const LIFECYCLE = new Set([
  'MaintenancePlanned',
  'DrainInProgress',
  'Drained',
  'MaintenanceInProgress',
]);

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string;
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** A Node as the API server serves it. */
export interface NodeObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly nodeInfo?: { readonly bootID?: string };
  };
}

/** A Pod as the API server serves it. */
export interface PodObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly deletionTimestamp?: string;
    readonly creationTimestamp?: string;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

/** Read here and not by the code that is watched: a mistake there must not blind its witness. */
export function sightOfNode({ metadata, spec = {}, status = {} }: NodeObject): NodeSight {
  const { annotations = {} } = metadata;
  const { conditions = [] } = status;
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    deleting: metadata.deletionTimestamp !== undefined,
    unschedulable: spec.unschedulable === true,
    ready: isTrue(conditions, 'Ready') !== undefined,
    bootId: status.nodeInfo?.bootID ?? '',
    rollout: annotations[ANNOTATION.rollout],
    order: annotations[ANNOTATION.order],
    answer: annotations[ANNOTATION.answer],
    taint: annotations[ANNOTATION.taint],
    taints: (spec.taints ?? []).map(sayTaint),
    lifecycle: conditions.map(({ type }) => type).filter((type) => LIFECYCLE.has(type)),
  };
}

const sayTaint = ({ key, value, effect }: Taint): string =>
  `${key}${value ? `=${value}` : ''}:${effect}`;

const controllerOf = ({ ownerReferences = [] }: PodObject['metadata']) =>
  ownerReferences.find(({ controller }) => controller === true);

/** `namespace/kind/name` of the controller, or of the pod itself. */
export function ownerOf(metadata: PodObject['metadata']): string {
  const { kind, name } = controllerOf(metadata) ?? { kind: 'Pod', name: metadata.name };
  return `${metadata.namespace ?? ''}/${kind}/${name}`;
}

export function sightOfPod({ metadata, status = {} }: PodObject): PodSight {
  const { namespace = '', name, labels = {}, annotations = {}, deletionTimestamp } = metadata;
  return {
    namespace,
    name,
    labels,
    ownerKind: controllerOf(metadata)?.kind,
    owner: ownerOf(metadata),
    mirror: annotations['kubernetes.io/config.mirror'] !== undefined,
    finished: status.phase === 'Succeeded' || status.phase === 'Failed',
    onNodeSinceMs: onNodeSince(metadata, status),
    deletionMs: deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp),
  };
}

/** A pod made with its node already in it was never scheduled: it is there since it was made. */
function onNodeSince(
  { creationTimestamp = '' }: PodObject['metadata'],
  { conditions = [] }: NonNullable<PodObject['status']>,
): number {
  const scheduled = isTrue(conditions, 'PodScheduled')?.lastTransitionTime;
  return Date.parse(scheduled ?? creationTimestamp) || 0;
}

/** The condition of that type, if it is there and True. */
function isTrue(conditions: readonly Condition[], wanted: string): Condition | undefined {
  return conditions.find(({ type, status }) => type === wanted && status === 'True');
}

const KEPT_BY_US = ['rollout', 'order', 'taint'] as const;

/**
 * Whether Lockkeeper's worker wrote this. Where the audit log cannot say, what was written has to: nobody else touches the
 * record of a rollout, an order, or the name of the taint.
 */
export function isOurs({ by, before, now }: NodeChange): boolean {
  if (by.role !== 'unknown') return by.role === 'worker';
  return KEPT_BY_US.some((key) => before?.[key] !== now[key]);
}
