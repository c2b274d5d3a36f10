import { nodeFacts, type NodeFacts } from '../../domain/node-facts.ts';
import { LAB_NODE } from '../cluster/contract.ts';
import type { Kube, KubeObject } from './kube.ts';
import { follow } from './watch.ts';

/** One state of a node that differed from the one before, as the API server told it. */
export interface Seen {
  readonly atMs: number;
  readonly node: string;
  readonly bootId: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
}

/** What the API server has shown of the nodes since the watch began: the lab's only witness of what happened. */
export interface Evidence {
  /** The latest facts; undefined for a node never seen or deleted. */
  node(name: string): NodeFacts | undefined;
  /** Every boot id seen, in order; the first is the one before any reboot. */
  bootIds(name: string): readonly string[];
  /** Every change of boot id, readiness and schedulability of all nodes, in order. */
  readonly timeline: readonly Seen[];
  /** Resolves when the node fulfils the test, now or later; rejects with what was seen last when the time is up. */
  until(
    name: string,
    what: string,
    test: (facts: NodeFacts) => boolean,
    withinMs?: number,
  ): Promise<NodeFacts>;
  /** Runs after every change of any node, until the evidence stops. */
  onChange(listener: () => void): void;
  stop(): Promise<void>;
}

const WAIT_MS = 60_000;

/** Starts watching the nodes; resolves when those that exist have been seen. */
export async function startEvidence(kube: Kube): Promise<Evidence> {
  const stopping = new AbortController();
  const log = new NodeLog();
  let following: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve) => {
    following = follow<KubeObject>(kube, '/api/v1/nodes', {
      signal: stopping.signal,
      onListed: () => resolve(),
      onChange: ({ kind, object }) => {
        if (kind === 'gone') log.forget(object.metadata.name);
        else log.note(nodeFacts(object), Date.now());
      },
    });
  });
  return {
    node: (name) => log.node(name),
    bootIds: (name) => log.bootIds(name),
    timeline: log.timeline,
    until: (name, what, test, withinMs = WAIT_MS) => log.until(name, what, test, withinMs),
    onChange: (listener) => log.listeners.add(listener),
    async stop() {
      stopping.abort();
      log.end();
      await following;
    },
  };
}

/** The bookkeeping of what was seen, apart from how it is fetched. */
export class NodeLog {
  readonly timeline: Seen[] = [];
  readonly listeners = new Set<() => void>();
  readonly #endings = new Set<() => void>();
  readonly #latest = new Map<string, NodeFacts>();
  readonly #bootIds = new Map<string, string[]>();

  node(name: string): NodeFacts | undefined {
    return this.#latest.get(name);
  }

  bootIds(name: string): readonly string[] {
    return this.#bootIds.get(name) ?? [];
  }

  note(facts: NodeFacts, atMs: number): void {
    const { name: node, bootId, ready, unschedulable } = facts;
    const before = this.#latest.get(node);
    this.#latest.set(node, facts);
    const ids = this.#bootIds.get(node) ?? [];
    this.#bootIds.set(node, ids);
    if (bootId !== '' && ids.at(-1) !== bootId) ids.push(bootId);
    const same =
      before?.bootId === bootId && before.ready === ready && before.unschedulable === unschedulable;
    if (!same) this.timeline.push({ atMs, node, bootId, ready, unschedulable });
    this.#tell();
  }

  forget(name: string): void {
    this.#latest.delete(name);
    this.#tell();
  }

  until(
    name: string,
    what: string,
    test: (facts: NodeFacts) => boolean,
    withinMs: number,
  ): Promise<NodeFacts> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const facts = this.#latest.get(name);
        if (!facts || !test(facts)) return;
        settle();
        resolve(facts);
      };
      const giveUp = (because: string) => {
        settle();
        const seen = say(this.#latest.get(name));
        reject(new Error(`${name}: not ${what} ${because}; last seen ${seen}`));
      };
      const end = () => giveUp('before the watch ended');
      const timer = setTimeout(() => giveUp(`within ${withinMs / 1_000} s`), withinMs);
      const settle = () => {
        clearTimeout(timer);
        this.listeners.delete(look);
        this.#endings.delete(end);
      };
      this.listeners.add(look);
      this.#endings.add(end);
      look();
    });
  }

  /** Nothing more will be noted: whoever waits is told. */
  end(): void {
    for (const end of this.#endings) end();
  }

  #tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function say(facts: NodeFacts | undefined): string {
  if (!facts) return 'nowhere';
  const { ready, unschedulable, bootId, report, labels } = facts;
  const power = labels[LAB_NODE.kubelet.label] ?? 'no kubelet';
  return [
    ready ? 'Ready' : 'NotReady',
    ...(unschedulable ? ['cordoned'] : []),
    `boot ${bootId || 'unknown'}`,
    `kubelet ${power}`,
    `reboot ${report?.wants ?? 'not reported'}`,
  ].join(', ');
}
