import { belongsTo, type Workload } from './workload.ts';

/** What a drain does with one pod, and why. Pure; the drain loop (activities/drain.ts) acts on it. */

/** What is looked at of a pod. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  /** As its status has it; Unknown where it has none. */
  readonly phase: string;
  /** Succeeded or Failed: none of its containers runs any more. */
  readonly finished: boolean;
  /** Its containers are not started again once they have ended well: it is gone by itself in the end. */
  readonly endsByItself?: true;
  /** The API server's picture of a static pod. */
  readonly mirror: boolean;
  /** Its controller; absent when nobody would make another pod in its place. */
  readonly owner?: { readonly kind: string; readonly name: string };
  /** When its grace period ends, as the API server says; absent while nobody has deleted it. */
  readonly deletionTimestampMs?: number;
  /** How long it may take to stop: the grace of its deletion, else of its spec. */
  readonly gracePeriodMs: number;
  readonly finalizers: readonly string[];
  readonly emptyDir: boolean;
  /** It may be scheduled on a cordoned node. */
  readonly toleratesCordon: boolean;
  readonly ready: boolean;
  /** Names of the PersistentVolumeClaims it uses, in its own namespace. */
  readonly claims: readonly string[];
}

/** A pod as a person writes it: `namespace/name`. */
export const podName = (pod: Pick<PodFacts, 'namespace' | 'name'>): string =>
  `${pod.namespace}/${pod.name}`;

/** Who puts a pod where it is, as `namespace/kind/name`: its controller; itself where it has none. */
export const ownerOf = ({ namespace, name, owner }: PodFacts): string =>
  owner ? `${namespace}/${owner.kind}/${owner.name}` : `${namespace}/Pod/${name}`;

/** How often the pods of an owner have come back to the node after they had been evicted, by `ownerOf`. */
export type CameBack = Readonly<Record<string, number>>;

/** An owner that has put pods back so often would do so for ever. */
const MOST_COME_BACK = 3;

/** The part of the drain options that decides about single pods. */
export interface PodRules {
  /** What this installation runs by itself, but for its agents: those pods stay. */
  readonly own?: readonly Workload[];
  /** Only pods whose labels pass are drained; absent: all. */
  readonly selected?: (labels: Readonly<Record<string, string>>) => boolean;
  /** A pod this long past its deletion time is not waited for; absent or 0: every pod is. */
  readonly skipWaitForDeleteTimeoutMs?: number;
  /** Pods whose owner has put them back often enough are left: the counts; absent: they are waited for. */
  readonly cameBack?: CameBack;
}

/** What people should know about an eviction that goes ahead all the same. */
export type PodWarning = 'nothing-recreates-it' | 'loses-empty-dir' | 'tolerates-cordon';

/** leave: it may stay. leaving: it is being deleted, wait for it. evict: it has to go. */
export type PodVerdict =
  | { readonly action: 'leave'; readonly because: string }
  | { readonly action: 'leaving'; readonly because: string }
  | {
      readonly action: 'evict';
      readonly because: string;
      readonly warnings: readonly PodWarning[];
    };

type Rule = (pod: PodFacts, rules: PodRules, nowMs: number) => PodVerdict | undefined;

/** In this order; the first that has something to say decides. */
const RULES: readonly Rule[] = [
  mirrorPod,
  daemonSetPod,
  ownPod,
  notSelected,
  terminatingForTooLong,
  terminating,
  putBack,
  finishedPod,
  unmanagedPod,
];

/** The verdict on one pod of the node at `nowMs`. */
export function judgePod(pod: PodFacts, rules: PodRules, nowMs: number): PodVerdict {
  for (const rule of RULES) {
    const verdict = rule(pod, rules, nowMs);
    if (verdict) return verdict;
  }
  const because = `its ${pod.owner?.kind} ${pod.owner?.name} recreates it elsewhere`;
  return { action: 'evict', because, warnings: commonWarnings(pod) };
}

/** The pods that may not be on a node about to be rebooted, each with why; empty means the node is empty. */
export function podsInTheWay(
  pods: readonly PodFacts[],
  rules: PodRules,
  nowMs: number,
): { readonly pod: PodFacts; readonly because: string }[] {
  return pods.flatMap((pod) => {
    const verdict = judgePod(pod, rules, nowMs);
    switch (verdict.action) {
      case 'leave':
        return [];
      case 'leaving':
        return [{ pod, because: verdict.because }];
      case 'evict':
        // A pod that finished after the drain runs nothing a reboot could interrupt.
        return pod.finished ? [] : [{ pod, because: 'it has not been evicted' }];
      default:
        return verdict satisfies never;
    }
  });
}

function mirrorPod(pod: PodFacts): PodVerdict | undefined {
  if (!pod.mirror) return undefined;
  return { action: 'leave', because: 'static pod: the kubelet owns it' };
}

function daemonSetPod(pod: PodFacts): PodVerdict | undefined {
  if (pod.owner?.kind !== 'DaemonSet') return undefined;
  return { action: 'leave', because: 'its DaemonSet would recreate it here' };
}

/** They bring the node back, or end its rollout, and on a cluster of one node they have nowhere to go. */
function ownPod(pod: PodFacts, { own = [] }: PodRules): PodVerdict | undefined {
  if (!own.some((workload) => belongsTo(pod, workload))) return undefined;
  return { action: 'leave', because: "Lockkeeper's own: it brings the node back" };
}

function notSelected(pod: PodFacts, rules: PodRules): PodVerdict | undefined {
  if (rules.selected === undefined || rules.selected(pod.labels)) return undefined;
  return { action: 'leave', because: 'the drain podSelector does not match it' };
}

/** As kubectl drain: counted from the end of the pod's grace period; 0 switches it off. */
function terminatingForTooLong(
  pod: PodFacts,
  rules: PodRules,
  nowMs: number,
): PodVerdict | undefined {
  const limitMs = rules.skipWaitForDeleteTimeoutMs ?? 0;
  if (pod.deletionTimestampMs === undefined || limitMs <= 0) return undefined;
  if (nowMs - pod.deletionTimestampMs <= limitMs) return undefined;
  return { action: 'leave', because: 'terminating for longer than skipWaitForDeleteTimeout' };
}

function terminating(pod: PodFacts): PodVerdict | undefined {
  if (pod.deletionTimestampMs === undefined) return undefined;
  const held =
    pod.finalizers.length > 0 ? `, held by the finalizer ${pod.finalizers.join(', ')}` : '';
  return { action: 'leaving', because: `it is terminating${held}` };
}

/** As those of a DaemonSet, only that nobody knew it before. */
function putBack(pod: PodFacts, { cameBack = {} }: PodRules): PodVerdict | undefined {
  const times = cameBack[ownerOf(pod)] ?? 0;
  if (times < MOST_COME_BACK) return undefined;
  return { action: 'leave', because: sayCameBack(pod, times) };
}

/** For people: `its ReplicaSet web has put it back here 3 times`. */
export function sayCameBack({ owner }: PodFacts, times: number): string {
  const who = owner ? `its ${owner.kind} ${owner.name} has put it back` : 'it has come back';
  return `${who} here ${times === 1 ? 'once' : `${times} times`} after its eviction`;
}

function finishedPod(pod: PodFacts): PodVerdict | undefined {
  if (!pod.finished) return undefined;
  return { action: 'evict', because: 'it has already finished', warnings: [] };
}

function unmanagedPod(pod: PodFacts): PodVerdict | undefined {
  if (pod.owner !== undefined) return undefined;
  return {
    action: 'evict',
    because: 'nothing will recreate it',
    warnings: ['nothing-recreates-it', ...commonWarnings(pod)],
  };
}

function commonWarnings(pod: PodFacts): PodWarning[] {
  return [
    ...(pod.emptyDir ? (['loses-empty-dir'] as const) : []),
    ...(pod.toleratesCordon && pod.owner !== undefined ? (['tolerates-cordon'] as const) : []),
  ];
}
