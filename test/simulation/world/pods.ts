import type { Change } from '../../../activities/kube/follow.ts';
import type { DisruptionBudget } from '../../../domain/disruption-budget.ts';
import type { HttpAnswer } from '../../../domain/eviction-answer.ts';
import { ownerOf, type PodFacts } from '../../../domain/pod-verdict.ts';
import type { PodSight } from '../../../lab/witness/contract.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Cluster } from './cluster.ts';

/** A workload: so many pods, of which so many have to stay healthy. */
export interface App {
  readonly name: string;
  readonly replicas: number;
  /** Undefined: it has no disruption budget. */
  readonly desired: number | undefined;
  readonly priority: number;
  /** How long one of its pods takes to stop. */
  readonly stopsInMs: number;
  /** How long one takes from being made to being Ready. */
  readonly startsInMs: number;
  /** Its pods tolerate the cordon, and each is made anew where it was. */
  readonly putsBack: boolean;
  /** How its evictions are answered, whatever the budget says; a test's trouble, over by itself. */
  denied?: 'webhook' | 'two-budgets';
}

interface PodRecord extends PodFacts {
  readonly node: string;
  readonly onNodeSinceMs: number;
  readonly stopsInMs: number;
  /** Something holds it although it was deleted. */
  stuck: boolean;
}

type PodChange = Change<PodFacts>;

const NAMESPACE = 'shop';
const SCHEDULE_AGAIN_MS = 15_000;

const OK: HttpAnswer = { status: 201, message: '', causes: [] };
const DENIED = {
  webhook: {
    status: 403,
    message: 'admission webhook "keeper.shop" denied the request: not now',
    causes: [],
  },
  'two-budgets': {
    status: 500,
    message:
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    causes: [],
  },
} as const;

/** The pods of a cluster, the workloads that make them anew, and their disruption budgets. */
export class Pods {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #pods = new Map<string, PodRecord>();
  readonly #watchers = new Map<string, Set<(change: PodChange) => void>>();
  readonly apps = new Map<string, App>();
  #made = 0;

  /** Told of a node on which nothing is left that has to go before a reboot. */
  readonly #onEmpty: (node: string) => void;

  constructor(
    { clock, random, cluster }: { clock: Clock; random: Random; cluster: Cluster },
    onEmpty: (node: string) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#cluster = cluster;
    this.#onEmpty = onEmpty;
  }

  addApp(app: App): void {
    this.apps.set(app.name, app);
    for (let count = 0; count < app.replicas; count += 1) this.#schedule(app, { startsInMs: 0 });
  }

  /** A pod that its node has at any rate. */
  addTo(
    node: string,
    kind: 'DaemonSet' | 'mirror' | 'bare',
    traits: Partial<PodRecord> = {},
  ): void {
    const owner = kind === 'DaemonSet' ? { owner: { kind, name: 'network' } } : {};
    this.#put(node, {
      name: `${kind.toLowerCase()}-${this.#made}`,
      mirror: kind === 'mirror',
      ...owner,
      ...traits,
    });
  }

  on(node: string): PodRecord[] {
    return [...this.#pods.values()].filter((pod) => pod.node === node);
  }

  find(uid: string): { readonly node: string; readonly owner: string } | undefined {
    const pod = this.#pods.get(uid);
    return pod && { node: pod.node, owner: ownerOf(pod) };
  }

  /** As the witness sees them. */
  sightsOn(node: string): PodSight[] {
    return this.on(node).map((pod) => ({
      namespace: pod.namespace,
      name: pod.name,
      labels: pod.labels,
      ownerKind: pod.owner?.kind,
      owner: ownerOf(pod),
      mirror: pod.mirror,
      finished: pod.finished,
      onNodeSinceMs: pod.onNodeSinceMs,
      deletionMs: pod.deletionTimestampMs,
    }));
  }

  watch(node: string, seen: (change: PodChange) => void): () => void {
    const watchers = this.#watchers.get(node) ?? new Set();
    this.#watchers.set(node, watchers);
    watchers.add(seen);
    return () => watchers.delete(seen);
  }

  evict(uid: string): HttpAnswer {
    const pod = this.#pods.get(uid);
    if (!pod) return { status: 404, message: 'not found', causes: [] };
    const refusal = this.#refusal(pod);
    if (refusal) return refusal;
    this.delete(uid, pod.gracePeriodMs);
    return OK;
  }

  #refusal(pod: PodRecord): HttpAnswer | undefined {
    const app = this.apps.get(pod.owner?.name ?? '');
    if (app?.denied) return DENIED[app.denied];
    // A pod that is not healthy is not protected by what is left of the budget.
    if (!app || !pod.ready || pod.deletionTimestampMs !== undefined) return undefined;
    const budget = budgetOf(app, this.#podsOf(app));
    if (!budget || budget.allowed > 0) return undefined;
    const message = `The disruption budget ${app.name} needs ${budget.desired} healthy pods`;
    return { status: 429, message, causes: [{ reason: 'DisruptionBudget', message }] };
  }

  delete(uid: string, graceMs: number): HttpAnswer {
    const pod = this.#pods.get(uid);
    if (!pod) return { status: 404, message: 'not found', causes: [] };
    const { nowMs } = this.#clock;
    const endMs = nowMs + graceMs;
    if (pod.deletionTimestampMs !== undefined && pod.deletionTimestampMs <= endMs) return OK;
    this.#change({ ...pod, deletionTimestampMs: endMs, ready: false });
    this.#clock.after(Math.min(graceMs, pod.stopsInMs), () => this.#stopped(uid));
    return OK;
  }

  budgets(): DisruptionBudget[] {
    return [...this.apps.values()].flatMap((app) => budgetOf(app, this.#podsOf(app)) ?? []);
  }

  /** As the API server gives them. */
  budgetObjects(): unknown[] {
    return this.budgets().map(({ namespace, name, selector, allowed, ...counted }) => ({
      metadata: { namespace, name },
      spec: { selector },
      status: {
        disruptionsAllowed: allowed,
        currentHealthy: counted.healthy,
        desiredHealthy: counted.desired,
        expectedPods: counted.expected,
      },
    }));
  }

  /** Makes pods that hang in Terminating. */
  setStuck(node: string, stuck: boolean): void {
    for (const pod of this.on(node)) {
      if (pod.mirror || pod.owner?.kind === 'DaemonSet') continue;
      this.#change({ ...pod, stuck, finalizers: stuck ? ['example.com/wait'] : [] });
      if (!stuck && pod.deletionTimestampMs !== undefined) this.#stopped(pod.uid);
    }
  }

  /** What runs on a node stops and starts with its machine. */
  setReady(node: string, ready: boolean): void {
    for (const pod of this.on(node)) {
      if (pod.deletionTimestampMs === undefined && !pod.finished && pod.ready !== ready) {
        this.#change({ ...pod, ready });
      }
    }
  }

  /** A node that is gone takes its pods along; their workloads make others. */
  dropNode(node: string): void {
    for (const pod of this.on(node)) this.#remove(pod);
  }

  #podsOf(app: App): PodRecord[] {
    return [...this.#pods.values()].filter(({ owner }) => owner?.name === app.name);
  }

  #stopped(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod || pod.stuck) return;
    // A kubelet that is down cannot confirm it.
    if (this.#cluster.record(pod.node)?.ready.status !== 'True') {
      this.#clock.after(SCHEDULE_AGAIN_MS, () => this.#stopped(uid));
      return;
    }
    this.#remove(pod);
  }

  #remove(pod: PodRecord): void {
    if (!this.#pods.delete(pod.uid)) return;
    this.#tell(pod.node, { kind: 'gone', object: pod });
    if (this.on(pod.node).every(mayStay)) this.#onEmpty(pod.node);
    const app = this.apps.get(pod.owner?.name ?? '');
    if (!app) return;
    const where = app.putsBack ? pod.node : undefined;
    this.#clock.after(this.#random.between(50, 1_000), () => this.#schedule(app, { where }));
  }

  /** A pod of the app is put on some node that takes one, now or later. */
  #schedule(app: App, how: { startsInMs?: number; where?: string | undefined } = {}): void {
    const { startsInMs = app.startsInMs, where } = how;
    const nodes = this.#cluster.names.filter((name) => {
      const node = this.#cluster.record(name);
      const takesIt = name === where || (where === undefined && !node?.unschedulable);
      return takesIt && node?.ready.status === 'True';
    });
    const node = this.#random.pick(nodes);
    if (node === undefined) {
      this.#clock.after(SCHEDULE_AGAIN_MS, () => this.#schedule(app, how));
      return;
    }
    const uid = this.#put(node, {
      name: `${app.name}-${this.#made}`,
      owner: { kind: 'ReplicaSet', name: app.name },
      labels: { app: app.name },
      priority: app.priority,
      stopsInMs: app.stopsInMs,
      ready: startsInMs === 0,
      toleratesCordon: app.putsBack,
    });
    if (startsInMs > 0) {
      this.#clock.after(startsInMs, () => {
        const pod = this.#pods.get(uid);
        if (pod && pod.deletionTimestampMs === undefined) this.#change({ ...pod, ready: true });
      });
    }
  }

  #put(node: string, traits: Partial<PodRecord> & { name: string }): string {
    this.#made += 1;
    const uid = `pod-${this.#made}`;
    this.#change({
      namespace: NAMESPACE,
      uid,
      labels: {},
      priority: 0,
      phase: 'Running',
      finished: false,
      mirror: false,
      gracePeriodMs: 30_000,
      finalizers: [],
      emptyDir: false,
      toleratesCordon: false,
      ready: true,
      claims: [],
      node,
      onNodeSinceMs: this.#clock.nowMs,
      stopsInMs: 1_000,
      stuck: false,
      ...traits,
    });
    return uid;
  }

  #change(pod: PodRecord): void {
    this.#cluster.nextRevision();
    this.#pods.set(pod.uid, pod);
    this.#tell(pod.node, { kind: 'seen', object: pod });
  }

  #tell(node: string, change: PodChange): void {
    for (const seen of this.#watchers.get(node) ?? []) seen(change);
  }
}

function budgetOf(app: App, pods: readonly PodRecord[]): DisruptionBudget | undefined {
  if (app.desired === undefined) return undefined;
  const healthy = pods.filter(
    ({ ready, deletionTimestampMs }) => ready && deletionTimestampMs === undefined,
  ).length;
  return {
    namespace: NAMESPACE,
    name: app.name,
    selector: { matchLabels: { app: app.name } },
    allowed: Math.max(0, healthy - app.desired),
    healthy,
    desired: app.desired,
    expected: app.replicas,
  };
}

const mayStay = ({ mirror, owner, finished }: PodRecord): boolean =>
  mirror || finished || owner?.kind === 'DaemonSet';
