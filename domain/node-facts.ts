import {
  ANNOTATION,
  LIFECYCLE_CONDITIONS,
  LIFECYCLE_REASON,
  readAnswer,
  readExcused,
  readHold,
  readAttempts,
  readOrder,
  readQuarantine,
  readReport,
  readRollout,
  type HeardReport,
  type Hold,
  type Attempts,
  type Quarantine,
  type Read,
  type RebootAnswer,
  type RebootOrder,
  type RolloutRecord,
} from './node-contract.ts';
import { isId } from './outside.ts';
import { present } from './present.ts';

/** Well-known label of Kubernetes. */
const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** What the decisions here need to know of a Node, read from the API server at one moment. */
export interface NodeFacts {
  readonly name: string;
  /** Of the Node object: another one may have its name later. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** When the Node object was made, by the clock of the API server. */
  readonly createdAtMs: number;
  readonly deleting: boolean;
  readonly unschedulable: boolean;
  readonly bootId: string;
  readonly ready: boolean;
  /** The topology zone, where the node has one. */
  readonly zone?: string;
  /** Since when Ready is what it is; 0 when the node has no Ready condition. */
  readonly readySinceMs: number;
  /** When the kubelet last confirmed Ready; 0 when it never did. */
  readonly heartbeatAtMs: number;
  /** Lifecycle conditions of ours are on the node. */
  readonly hasLifecycle?: true;
  readonly report?: HeardReport;
  readonly order?: Read<RebootOrder>;
  readonly answer?: Read<RebootAnswer>;
  readonly rollout?: Read<RolloutRecord>;
  readonly quarantine?: Read<Quarantine>;
  readonly hold?: Hold;
  readonly attempts?: Attempts;
  /** Troubles of it up to then do not halt its pool. */
  readonly excusedAtMs?: number;
  readonly taints: readonly NodeTaint[];
  /** The key of the taint that we have put on it. */
  readonly ourTaint?: string;
}

/** A taint, with everything it has: a list is written as a whole. */
export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

/** The shape of a Node as the API serves it and as client-node types it, reduced to what is read here. */
export interface NodeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: Date | string;
    readonly deletionTimestamp?: Date | string;
  };
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: string;
      readonly timeAdded?: Date | string;
    }[];
  };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastHeartbeatTime?: Date | string;
      readonly lastTransitionTime?: Date | string;
    }[];
    readonly nodeInfo?: { readonly bootID: string };
  };
}

/** Facts of a Node; what is absent is read as the cautious value (not Ready, no boot id, never heard). */
export function nodeFacts({ metadata = {}, spec = {}, status = {} }: NodeObject): NodeFacts {
  return {
    ...identityFacts(metadata),
    ...specFacts(spec),
    ...statusFacts(status),
    ...annotationFacts(metadata.annotations ?? {}),
  };
}

function identityFacts(metadata: NonNullable<NodeObject['metadata']>) {
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: metadata.labels ?? {},
    ...present({ zone: metadata.labels?.[ZONE_LABEL] }),
    createdAtMs: instant(metadata.creationTimestamp),
    deleting: metadata.deletionTimestamp !== undefined,
  };
}

function specFacts({ unschedulable = false, taints = [] }: NonNullable<NodeObject['spec']>) {
  return {
    unschedulable,
    taints: taints.map(({ key, value, effect, timeAdded }) => ({
      key,
      effect,
      ...present({ value, timeAdded: timeAdded && new Date(timeAdded).toISOString() }),
    })),
  };
}

function statusFacts({ conditions = [], nodeInfo }: NonNullable<NodeObject['status']>) {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return {
    bootId: bootIdOf(nodeInfo),
    ready: ready?.status === 'True',
    readySinceMs: instant(ready?.lastTransitionTime),
    heartbeatAtMs: instant(ready?.lastHeartbeatTime),
    ...present({
      hasLifecycle: conditions.some(isOurLifecycle) || undefined,
      report: readReport(conditions),
    }),
  };
}

/** What a machine may be proved to have rebooted by: nothing that is cut or cleaned. */
const bootIdOf = (nodeInfo: { readonly bootID: string } | undefined): string => {
  const { bootID = '' } = nodeInfo ?? {};
  return isId(bootID) ? bootID : '';
};

function isOurLifecycle({ type, reason }: { type: string; reason?: string }): boolean {
  return reason === LIFECYCLE_REASON && LIFECYCLE_CONDITIONS.some((ours) => ours === type);
}

function annotationFacts(annotations: Readonly<Record<string, string>>) {
  return present({
    order: readOrder(annotations[ANNOTATION.order]),
    answer: readAnswer(annotations[ANNOTATION.answer]),
    rollout: readRollout(annotations[ANNOTATION.rollout]),
    quarantine: readQuarantine(annotations[ANNOTATION.quarantine]),
    hold: readHold(annotations[ANNOTATION.hold]),
    attempts: readAttempts(annotations[ANNOTATION.attempts]),
    excusedAtMs: readExcused(annotations[ANNOTATION.excused]),
    ourTaint: annotations[ANNOTATION.taint],
  });
}

type Reported = Pick<NodeFacts, 'report' | 'createdAtMs'>;

/** Since when the agent reports what it reports, as far as that can be: neither before the node was there, nor after now. */
export function reportedSince({ report, createdAtMs }: Reported, nowMs: number) {
  if (!report?.sinceMs) return undefined;
  return Math.min(nowMs, Math.max(report.sinceMs, createdAtMs));
}

/** Since when the node has wanted its reboot, within the same bounds. */
export function wantedSince(node: Reported, nowMs: number): number | undefined {
  return node.report?.wants === 'required' ? reportedSince(node, nowMs) : undefined;
}

/** Whether a person holds the node now. */
export function isHeld({ hold }: Pick<NodeFacts, 'hold'>, nowMs: number): boolean {
  return hold !== undefined && (hold.untilMs ?? Infinity) > nowMs;
}

function instant(at: Date | string | undefined): number {
  return new Date(at ?? 0).getTime() || 0;
}
