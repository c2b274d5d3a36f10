import { parseSelector } from '../../../domain/label-selector.ts';
import { nodeFacts, type NodeFacts, type NodeTaint } from '../../../domain/node-facts.ts';
import { LIFECYCLE_REASON, type NodeCondition } from '../../../domain/node-contract.ts';
import type { Author } from '../../../lab/witness/contract.ts';
import type { Clock } from '../time/clock.ts';

/** A Node as the API server keeps it. Only `Cluster.write` changes one. */
export interface NodeRecord {
  readonly name: string;
  readonly uid: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  unschedulable: boolean;
  taints: readonly NodeTaint[];
  deletingSinceMs: number | undefined;
  bootId: string;
  ready: { status: 'True' | 'False' | 'Unknown'; sinceMs: number; heardAtMs: number };
  report: NodeCondition | undefined;
  lifecycle: Set<string>;
  revision: number;
}

/** The Node as the API serves it, for whoever reads it. */
export type NodeView = ReturnType<typeof viewOf>;

export interface NodeWrite {
  readonly by: Author;
  readonly view: NodeView;
  readonly revision: number;
}

type Seen = (view: NodeView | undefined) => void;

/** The Nodes of a cluster: every write has a revision and an author, and is shown to whoever watches. */
export class Cluster {
  readonly #clock: Clock;
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #views = new Map<string, NodeView>();
  readonly #facts = new WeakMap<NodeView, NodeFacts>();
  readonly #watchers = new Map<string, Set<Seen>>();
  readonly onWrite: (write: NodeWrite) => void;
  readonly onGone: (name: string) => void;
  #revision = 0;

  constructor(
    clock: Clock,
    told: { onWrite: (write: NodeWrite) => void; onGone: (name: string) => void },
  ) {
    this.#clock = clock;
    this.onWrite = told.onWrite;
    this.onGone = told.onGone;
  }

  nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  get names(): string[] {
    return [...this.#nodes.keys()];
  }

  record(name: string): Readonly<NodeRecord> | undefined {
    return this.#nodes.get(name);
  }

  view(name: string): NodeView | undefined {
    const node = this.#nodes.get(name);
    if (!node) return undefined;
    const known = this.#views.get(name);
    if (known) return known;
    const view = viewOf(node);
    this.#views.set(name, view);
    return view;
  }

  /** The facts as the product reads them from what the API serves. */
  facts(name: string): NodeFacts | undefined {
    const view = this.view(name);
    return view && this.factsOf(view);
  }

  factsOf(view: NodeView): NodeFacts {
    const known = this.#facts.get(view) ?? nodeFacts(view);
    this.#facts.set(view, known);
    return known;
  }

  list(selector = ''): NodeFacts[] {
    const selects = selector === '' ? () => true : parseSelector(selector);
    return this.names
      .filter((name) => selects?.(this.#nodes.get(name)?.labels ?? {}))
      .flatMap((name) => this.facts(name) ?? []);
  }

  create(name: string, facts: Partial<NodeRecord>, by: Author): void {
    const { nowMs } = this.#clock;
    this.#nodes.set(name, {
      name,
      uid: `${name}-${this.#revision}`,
      labels: {},
      annotations: {},
      unschedulable: false,
      taints: [],
      deletingSinceMs: undefined,
      bootId: '',
      ready: { status: 'True', sinceMs: nowMs, heardAtMs: nowMs },
      report: undefined,
      lifecycle: new Set(),
      revision: 0,
      ...facts,
    });
    this.write(name, by, () => true);
  }

  /** False when there is no such node. A change that answers false changes nothing. */
  write(name: string, by: Author, change: (node: NodeRecord) => boolean | void): boolean {
    const node = this.#nodes.get(name);
    if (!node) return false;
    if (change(node) === false) return true;
    node.revision = this.nextRevision();
    this.#views.delete(name);
    const view = this.view(name);
    if (!view) return false;
    this.onWrite({ by, view, revision: node.revision });
    this.#show(name, view);
    return true;
  }

  remove(name: string): void {
    if (!this.#nodes.delete(name)) return;
    this.#views.delete(name);
    this.nextRevision();
    this.onGone(name);
    this.#show(name, undefined);
  }

  /** Calls `seen` at each change from now on; returns how to stop. */
  watch(name: string, seen: Seen): () => void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers);
    watchers.add(seen);
    return () => watchers.delete(seen);
  }

  #show(name: string, view: NodeView | undefined): void {
    for (const seen of this.#watchers.get(name) ?? []) seen(view);
  }
}

const at = (ms: number): string => new Date(ms).toISOString();

function viewOf(node: NodeRecord) {
  const { ready, report, lifecycle } = node;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      uid: node.uid,
      resourceVersion: String(node.revision),
      labels: { ...node.labels },
      annotations: { ...node.annotations },
      ...(node.deletingSinceMs === undefined
        ? {}
        : { deletionTimestamp: at(node.deletingSinceMs) }),
    },
    spec: {
      ...(node.unschedulable ? { unschedulable: true } : {}),
      ...(node.taints.length > 0 ? { taints: node.taints } : {}),
    },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: ready.status as string,
          lastHeartbeatTime: at(ready.heardAtMs),
          lastTransitionTime: at(ready.sinceMs),
        },
        ...(report ? [report] : []),
        ...[...lifecycle].map((type) => ({ type, status: 'True', reason: LIFECYCLE_REASON })),
      ],
      nodeInfo: { bootID: node.bootId },
    },
  };
}
