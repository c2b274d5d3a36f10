import type { Blocker, DrainProgress } from '../../domain/drain-progress.ts';
import type { EvictionAnswer } from '../../domain/eviction-answer.ts';
import { parseSelector } from '../../domain/label-selector.ts';
import {
  judgePod,
  type CameBack,
  type PodFacts,
  type PodRules,
  type PodVerdict,
  type PodWarning,
} from '../../domain/pod-verdict.ts';
import { present } from '../../domain/present.ts';
import type { Workload } from '../../domain/workload.ts';
import { autoResetEvent, type AutoResetEvent } from '../auto-reset-event.ts';
import { failure } from '../failure.ts';
import type { PodApi } from '../kube/pods.ts';

export interface DrainOptions {
  /** Instead of each pod's own; at least a second is given. */
  readonly gracePeriodMs?: number;
  /** Only pods that match are evicted; the others stay. */
  readonly podSelector?: string;
  readonly skipWaitForDeleteTimeoutMs?: number;
  /** Pods asked to leave and not gone yet, at most. */
  readonly atOnce: number;
  /** undo: fail, for the node to be handed back. delete: first delete what is left, budgets or not. */
  readonly onTimeout: 'undo' | 'delete';
  /** What becomes of pods that are put back here again and again: they are left, or waited for until they stay away. */
  readonly comesBack: 'leave' | 'wait';
}

export interface DrainInput {
  readonly node: string;
  /** What this installation runs by itself, whose pods stay. */
  readonly own: readonly Workload[];
  readonly deadlineMs: number;
  readonly options: DrainOptions;
  /** When all was seen to be as the guard wants it; absent: it is asked at once. */
  readonly guardedAtMs?: number;
  /** How long it is looked at once it is empty. */
  readonly staysEmptyMs: number;
  /** How often pods have come back to the node in the drains of this rollout before this one. */
  readonly cameBack?: CameBack;
}

/** What the drain acts through. */
export interface DrainPorts {
  readonly pods: PodApi;
  /** Called at least every five seconds, with changes or without. */
  progress(progress: DrainProgress): void;
  /** Throws to stop the drain, for instance when somebody has lifted the cordon. Asked before anything is evicted, then every 15 s. */
  guard(): Promise<void>;
  /** Calls `due` when the guard may have something new to say; returns how to stop. */
  onNews?(due: () => void): () => void;
  /** Hears of each eviction that a disruption budget refuses. */
  refused?(): void;
  /** Aborting it stops further evictions at once; the drain then rejects with its reason. */
  readonly signal: AbortSignal;
  nowMs(): number;
  random?(): number;
}

/** What has been asked for one pod so far. */
export interface Attempt {
  asking: boolean;
  tries: number;
  nextMs: number;
  sinceMs: number;
  /** How often pods of its owner have come back to the node, this one included. */
  readonly cameBack: number;
  answer?: EvictionAnswer;
  /** Why it has not left, for people. */
  because?: string;
}

/** A pod that has to go before the node is empty. */
export interface LeftPod {
  readonly pod: PodFacts;
  readonly verdict: Exclude<PodVerdict, { action: 'leave' }>;
}

/** The drain in flight. All of it can be lost: a new attempt starts from what it observes. */
export interface Drain {
  readonly ports: DrainPorts;
  readonly input: DrainInput;
  readonly rules: PodRules;
  readonly changed: AutoResetEvent;
  /** Aborts with `ports.signal`, and when the drain is over, so that nothing of it goes on behind anybody's back. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
  /** Rejects when `signal` aborts. */
  readonly aborted: Promise<never>;
  /** By UID: a pod of the same name is another pod. */
  readonly pods: Map<string, PodFacts>;
  readonly attempts: Map<string, Attempt>;
  readonly budgetsAsked: Map<string, { atMs: number; line: Promise<BudgetLine> }>;
  /** How often pods of an owner would have come back if there were one more, and since when the first was evicted. */
  readonly evictedOf: Map<string, { readonly times: number; readonly sinceMs: number }>;
  readonly cameBack: Record<string, number>;
  readonly evictions: { pod: PodFacts; warnings: readonly PodWarning[] }[];
  readonly deleted: string[];
  /** At the deadline: the pods that are going, by UID. For the others nothing more is done. */
  readonly awaited: Set<string>;
  volumes: Blocker[];
  trouble?: Blocker | undefined;
  /** What is waited for while no pod is in the way. */
  waits?: string | undefined;
  guardedMs: number;
  /** Something has changed since the guard was asked. */
  isNews: boolean;
  listed: boolean;
  /** none: nothing is seen at the moment. open: a watch shows what changes. listed-empty: a list has shown nobody who has to go. */
  view: 'none' | 'open' | 'listed-empty';
  /** What broke an eviction, as nobody awaits those; the loop throws it. */
  broken?: { readonly error: unknown };
}

/** Tells the budgets that select a pod, as words. */
export type BudgetLine = (labels: PodFacts['labels']) => string[];

export function beginDrain(ports: DrainPorts, input: DrainInput): Drain {
  const stop = new AbortController();
  const cameBack = { ...input.cameBack };
  const signal = AbortSignal.any([ports.signal, stop.signal]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  // Whoever races against it hears of it; nobody may be racing at the moment.
  aborted.catch(() => undefined);
  return {
    ports,
    input,
    signal,
    aborted,
    stop: () => stop.abort(),
    rules: rulesOf(input.options, { cameBack, own: input.own }),
    cameBack,
    evictedOf: new Map(),
    changed: autoResetEvent(),
    pods: new Map(),
    attempts: new Map(),
    budgetsAsked: new Map(),
    evictions: [],
    deleted: [],
    awaited: new Set(),
    volumes: [],
    guardedMs: input.guardedAtMs ?? Number.NEGATIVE_INFINITY,
    isNews: false,
    listed: false,
    view: 'none',
  };
}

/** The rules that decide about single pods; a selector nobody can read is refused rather than taken for "all". */
export function rulesOf(
  options: Pick<DrainOptions, 'podSelector' | 'skipWaitForDeleteTimeoutMs' | 'comesBack'>,
  known: { readonly cameBack: CameBack; readonly own: readonly Workload[] },
): PodRules {
  const { podSelector, skipWaitForDeleteTimeoutMs, comesBack } = options;
  const selected = podSelector === undefined ? undefined : parseSelector(podSelector);
  if (podSelector !== undefined && selected === undefined)
    throw failure('bad-input', `drain.podSelector: "${podSelector}" is not a label selector`);
  const cameBack = comesBack === 'leave' ? known.cameBack : undefined;
  return present({ selected, skipWaitForDeleteTimeoutMs, cameBack, own: known.own });
}

/** The pods observed that have to go, by the clock of this moment. */
export function podsLeft({ pods, rules, ports }: Drain): LeftPod[] {
  const nowMs = ports.nowMs();
  return [...pods.values()].flatMap((pod) => {
    const verdict = judgePod(pod, rules, nowMs);
    return verdict.action === 'leave' ? [] : [{ pod, verdict }];
  });
}

/** The pods observed that may stay. */
export function podsStaying({ pods, rules, ports }: Drain): PodFacts[] {
  const nowMs = ports.nowMs();
  return [...pods.values()].filter((pod) => judgePod(pod, rules, nowMs).action === 'leave');
}
