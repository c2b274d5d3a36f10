/** What the witness sees, what it is told, and what it says. Times are milliseconds since the epoch. */

/** The guarantees that can be judged from outside, by what the API server shows. */
export const WATCHED_RULES = ['G1', 'G2', 'G4', 'G6'] as const;
export type WatchedRule = (typeof WATCHED_RULES)[number];

/** A broken guarantee. */
export interface Violation {
  readonly rule: WatchedRule;
  readonly node: string;
  /** When the API server received the request that broke it. */
  readonly atMs: number;
  /** What happened, with the evidence, for a person. */
  readonly sentence: string;
}

/** The part of a pool's policy that the witness judges by; plain JSON. */
export interface PoolLimits {
  readonly name: string;
  /** Label selector of its nodes. */
  readonly nodes: string;
  /** A number, or a percentage as "10%". */
  readonly maxUnavailable: number | string;
  /** Only pods that match have to go; absent: all. */
  readonly podSelector?: string;
  /** A pod this long past its deletion time may stay; absent: none. */
  readonly skipWaitForDeleteTimeoutMs?: number;
  /** The labels of a node that is back from its reboot; absent: as they were found. */
  readonly labelsAfter?: Readonly<Record<string, string>>;
}

/**
 * Who wrote a change, by the audit log. `unknown` when the API server died before it could say: then what was written has
 * to tell.
 */
export interface Author {
  readonly role: 'worker' | 'agent' | 'other' | 'unknown';
  readonly name: string;
}

/** What is looked at of a Node; annotations are texts as they stand there. */
export interface NodeSight {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly deleting: boolean;
  readonly unschedulable: boolean;
  readonly ready: boolean;
  /** Empty while no kubelet has reported. */
  readonly bootId: string;
  readonly rollout: string | undefined;
  readonly order: string | undefined;
  readonly answer: string | undefined;
  /** The key of the worker's taint, by its annotation. */
  readonly taint: string | undefined;
  /** As `key:effect`, or `key=value:effect`. */
  readonly taints: readonly string[];
  /** The types of the lifecycle conditions on it. */
  readonly lifecycle: readonly string[];
}

/** What is looked at of a Pod. */
export interface PodSight {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Kind of its controller. */
  readonly ownerKind: string | undefined;
  /** Its controller as `namespace/kind/name`; itself where it has none. */
  readonly owner: string;
  readonly mirror: boolean;
  readonly finished: boolean;
  /** Since when it is on its node, by the API server's clock, which counts in whole seconds. */
  readonly onNodeSinceMs: number;
  /** When its grace period ends; absent while nobody has deleted it. */
  readonly deletionMs: number | undefined;
}

/** One revision of a Node; `revision` orders all writes of the cluster. */
export interface NodeWritten {
  readonly kind: 'node';
  readonly atMs: number;
  readonly revision: number;
  readonly by: Author;
  readonly node: NodeSight;
}

/** The pods of a node as they were at exactly the revision at which its order was written. */
export interface PodsAtOrder {
  readonly kind: 'pods';
  /** When the order was written. */
  readonly atMs: number;
  readonly node: string;
  readonly pods: readonly PodSight[];
}

/** The worker has evicted or deleted a pod. */
export interface PodMoved {
  readonly kind: 'pod-moved';
  readonly atMs: number;
  readonly node: string;
  /** `namespace/name`. */
  readonly pod: string;
  /** As in its sight. */
  readonly owner: string;
  readonly how: 'evicted' | 'deleted';
}

export type WitnessEvent =
  | NodeWritten
  | { readonly kind: 'node-gone'; readonly name: string; readonly atMs: number }
  | PodsAtOrder
  | PodMoved
  /** The policy that is in force from now on. */
  | { readonly kind: 'limits'; readonly atMs: number; readonly pools: readonly PoolLimits[] }
  /** A test will cut the power of this machine: one boot without an order is nobody's fault. */
  | { readonly kind: 'reboot-expected'; readonly name: string };

/** An order has been written: which pods were on the node at that very revision? Answered with `PodsAtOrder`. */
export interface PodsQuestion {
  readonly node: string;
  readonly revision: number;
  readonly atMs: number;
}

/** One Node between two revisions, as the rules see it. */
export interface NodeChange {
  readonly atMs: number;
  readonly by: Author;
  /** Absent at the first sight: what is found is taken as it is. */
  readonly before?: NodeSight;
  readonly now: NodeSight;
}
