import { setTimeout as pause } from 'node:timers/promises';
import type { Change } from '../../activities/kube/follow.ts';
import type { ClusterFacts } from '../cluster/contract.ts';
import { connectKube, KubeError, type Kube, type KubeObject } from '../fleet/kube.ts';
import { follow, type Sink } from '../fleet/watch.ts';
import { AuditTail, type Told } from './audit-tail.ts';
import { caughtUp } from './caught-up.ts';
import type {
  Author,
  PodSight,
  PodsQuestion,
  PoolLimits,
  Violation,
  WatchedRule,
  WitnessEvent,
} from './contract.ts';
import { Judge } from './judge.ts';
import { PodPlaces } from './pod-places.ts';
import { sightOfNode, sightOfPod, type NodeObject, type PodObject } from './sight.ts';
import { revisionOf, Timeline, type Write } from './timeline.ts';

/** The users of the shipped manifests. */
const WORKER_USER = 'system:serviceaccount:lockkeeper:lockkeeper-worker';
const AGENT_USER = 'system:serviceaccount:lockkeeper:lockkeeper-agent';

export interface WitnessOptions {
  readonly cluster: Pick<ClusterFacts, 'apiServerUrl' | 'caPath' | 'adminToken' | 'auditPath'>;
  /** The pools in force, asked again and again; none: G1 is not judged. */
  readonly limits?: () => readonly PoolLimits[];
  /** Default: all of them. */
  readonly rules?: readonly WatchedRule[];
  /** Default: every node. */
  readonly nodes?: (name: string) => boolean;
}

/**
 * Watches what really happens to the nodes of a cluster, and says when a guarantee is broken, whatever Lockkeeper believes.
 * It goes by the API server alone: its Nodes, its Pods and its audit log.
 */
export interface Witness {
  /** Everything broken so far. */
  readonly violations: readonly Violation[];
  /** Runs at every violation, about half a second after it. */
  onViolation(listener: (violation: Violation) => void): void;
  /** The power of this machine is about to be cut: one boot without an order is right. */
  expectReboot(node: string): void;
  /** Resolves when everything that has happened so far has been judged; throws what has been found since the last call. */
  assertClean(): Promise<void>;
  /** Judges how the nodes were left as well, stops, and throws as `assertClean`. */
  finish(): Promise<void>;
  /** Stops watching and says nothing more; may be called more than once. */
  stop(): Promise<void>;
}

type Moved = Extract<Told, { kind: 'pod-moved' }> & { readonly heardAtMs: number };

/** What has happened to pods is heard of within this time. */
const HEARD_WITHIN_MS = 500;
/** The API server may be away for as long. */
const ANSWERED_WITHIN_MS = 60_000;
/** How often the audit log is read and what is complete is judged. */
const LOOK_EVERY_MS = 100;
/** What is left of a rollout that has just ended is taken away in the next moments. */
const LEFTOVERS_GO_WITHIN_MS = 5_000;

/** Starts watching; resolves when the nodes that exist have been seen. */
export async function startWitness(options: WitnessOptions): Promise<Witness> {
  const watching = new Watching(options);
  await watching.start();
  return watching;
}

class Watching implements Witness {
  readonly violations: Violation[] = [];
  readonly #options: WitnessOptions;
  readonly #kube: Kube;
  readonly #judge: Judge;
  readonly #audit: AuditTail;
  readonly #timeline = new Timeline();
  readonly #places = new PodPlaces();
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(violation: Violation) => void>();
  readonly #questions = new Set<Promise<void>>();
  readonly #running: Promise<void>[] = [];
  #limits = '';
  #failure: Error | undefined;
  #told = 0;
  #moved: Moved[] = [];

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#kube = connectKube(options.cluster, options.cluster.adminToken);
    this.#judge = new Judge(options);
    this.#audit = new AuditTail(options.cluster.auditPath);
  }

  async start(): Promise<void> {
    await this.#audit.open();
    await Promise.all([this.#followNodes(), this.#followPods()]);
    const looking = this.#look().catch((error: unknown) => {
      this.#failure = new Error('the witness itself broke down', { cause: error });
    });
    this.#running.push(looking);
  }

  onViolation(listener: (violation: Violation) => void): void {
    this.#listeners.add(listener);
  }

  expectReboot(name: string): void {
    this.#note({ kind: 'reboot-expected', name });
  }

  async assertClean(): Promise<void> {
    await this.#settled();
    this.#throwNew();
  }

  async finish(): Promise<void> {
    await this.#settled();
    const untilMs = Date.now() + LEFTOVERS_GO_WITHIN_MS;
    while (this.#judge.atEnd(Date.now()).length > 0 && Date.now() < untilMs)
      await pause(LOOK_EVERY_MS);
    this.#add(this.#judge.atEnd(Date.now()));
    await this.stop();
    this.#throwNew();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
    this.#kube.close();
  }

  #throwNew(): void {
    if (this.#failure) throw this.#failure;
    const fresh = this.violations.slice(this.#told);
    this.#told = this.violations.length;
    if (fresh.length === 0) return;
    throw new Error(`what the API server shows breaks a guarantee:\n${fresh.map(say).join('\n')}`);
  }

  /** The API server's newest revision has been judged, and so has everything it raised. */
  async #settled(): Promise<void> {
    const { signal } = this.#stopping;
    const knows = (node: NodeObject) =>
      !this.#isWatched(node) || this.#timeline.knows(node.metadata.name, revisionOf(node));
    await caughtUp({ kube: this.#kube, knows, signal, withinMs: ANSWERED_WITHIN_MS });
    await pause(HEARD_WITHIN_MS);
    const sinceMs = Date.now();
    const isBehind = () =>
      this.#timeline.isWaiting(sinceMs) ||
      this.#moved.some(({ heardAtMs }) => heardAtMs <= sinceMs);
    const isAtWork = () => !this.#failure && !this.#stopping.signal.aborted;
    while (isBehind() && isAtWork()) await pause(LOOK_EVERY_MS);
    const untilMs = Date.now() + ANSWERED_WITHIN_MS;
    while (this.#questions.size > 0 && isAtWork()) {
      if (Date.now() > untilMs)
        throw new Error('the API server does not say which pods were on a node at its order');
      await pause(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#noteLimits();
      for (const told of await this.#audit.read()) this.#hear(told);
      for (const write of this.#timeline.take(Date.now())) this.#noteWrite(write);
      this.#noteMoved();
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #noteLimits(): void {
    const pools = this.#options.limits?.();
    const text = JSON.stringify(pools);
    if (pools === undefined || text === this.#limits) return;
    this.#limits = text;
    this.#note({ kind: 'limits', atMs: Date.now(), pools });
  }

  #hear(told: Told): void {
    if (told.kind === 'pod-moved') {
      if (told.user === WORKER_USER) this.#moved.push({ ...told, heardAtMs: Date.now() });
      return;
    }
    const { object, atMs, user } = told;
    if (this.#isWatched(object))
      this.#timeline.told(object, { by: author(user), atMs }, Date.now());
  }

  #isWatched({ metadata }: NodeObject): boolean {
    return this.#options.nodes?.(metadata.name) ?? true;
  }

  #noteWrite({ object, name, by, atMs, revision }: Write): void {
    if (!object) this.#note({ kind: 'node-gone', name, atMs });
    else this.#note({ kind: 'node', atMs, revision, by, node: sightOfNode(object) });
  }

  /** Evictions come after the writes of their time. */
  #noteMoved(): void {
    while (this.#moved[0] && !this.#timeline.isWaiting(this.#moved[0].heardAtMs)) {
      const [moved] = this.#moved;
      this.#moved.shift();
      const { namespace, name, how, atMs } = moved;
      const place = this.#places.of(moved);
      if (place === undefined) continue;
      const { node, owner } = place;
      this.#note({ kind: 'pod-moved', atMs, node, pod: `${namespace}/${name}`, owner, how });
    }
  }

  #note(event: WitnessEvent): void {
    const { violations, questions } = this.#judge.note(event);
    this.#add(violations);
    for (const question of questions) {
      const asked = this.#ask(question).finally(() => this.#questions.delete(asked));
      this.#questions.add(asked);
    }
  }

  #add(violations: readonly Violation[]): void {
    for (const violation of violations) {
      this.violations.push(violation);
      for (const listener of this.#listeners) listener(violation);
    }
  }

  /** The pods of the node at exactly that revision, which the API server remembers for minutes. */
  async #ask({ node, revision, atMs }: PodsQuestion): Promise<void> {
    const query = new URLSearchParams({
      fieldSelector: `spec.nodeName=${node}`,
      resourceVersion: String(revision),
      resourceVersionMatch: 'Exact',
    });
    const pods = await this.#getPods(`/api/v1/pods?${query.toString()}`);
    if (pods) this.#note({ kind: 'pods', atMs, node, pods });
  }

  /** Undefined when it is not known any more, because the API server has been away for so long. */
  async #getPods(path: string): Promise<PodSight[] | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const { items } = await this.#kube.get<{ items: PodObject[] }>(path);
        return items.map(sightOfPod);
      } catch (error) {
        if (error instanceof KubeError && error.status === 410) return undefined;
        await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  #followNodes(): Promise<void> {
    const onChange = ({ kind, object }: Change<NodeObject>) => {
      if (!this.#isWatched(object)) return;
      const shown = kind === 'gone' ? undefined : object;
      this.#timeline.seen(object.metadata.name, revisionOf(object), shown, Date.now());
    };
    const onListed = (nodes: readonly NodeObject[], version: string) => {
      const names = new Set(nodes.map(({ metadata }) => metadata.name));
      this.#timeline.listed(names, Number(version), Date.now());
    };
    return this.#follow('/api/v1/nodes', { onChange, onListed });
  }

  #followPods(): Promise<void> {
    const onChange = ({ object }: Change<PodObject>) => this.#places.note(object);
    return this.#follow('/api/v1/pods', { onChange, onListed: () => undefined });
  }

  /** Resolves when what exists has been seen. */
  #follow<T extends KubeObject>(
    path: string,
    { onChange, onListed }: Pick<Sink<T>, 'onChange' | 'onListed'>,
  ): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const listed: Sink<T>['onListed'] = (objects, version) => {
        onListed(objects, version);
        resolve();
      };
      this.#running.push(follow<T>(this.#kube, path, { signal, onListed: listed, onChange }));
    });
  }
}

function author(user: string): Author {
  const roles = new Map([
    [WORKER_USER, 'worker'],
    [AGENT_USER, 'agent'],
  ] as const) as ReadonlyMap<string, 'worker' | 'agent'>;
  return { role: roles.get(user) ?? 'other', name: user };
}

/** For a person: which guarantee, when, and what happened. */
export function say({ rule, atMs, sentence }: Violation): string {
  return `${rule} broken at ${new Date(atMs).toISOString()}: ${sentence}`;
}
