import {
  ANNOTATION,
  rebootRequiredCondition,
  writeRollout,
  type HeardReport,
  type RolloutRecord,
} from '../../domain/node-contract.ts';
import {
  nodeFacts,
  type NodeFacts,
  type NodeObject,
  type NodeTaint,
} from '../../domain/node-facts.ts';
import type { PodFacts } from '../../domain/pod-verdict.ts';
import type { Lifecycle, NodeApi, NodeEvent, NodeUpdate } from '../kube/nodes.ts';
import type { PodApi, PodList } from '../kube/pods.ts';

/** A node as the fake keeps it: what is on it, in the form the API server has. */
export interface FakeNode {
  uid: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  unschedulable: boolean;
  taints: readonly NodeTaint[];
  deleting: boolean;
  bootId: string;
  ready: boolean;
  readySinceMs: number;
  heartbeatAtMs: number;
  report: HeardReport | undefined;
}

/** Nodes behind an API that behaves as the API server's: updates merge, and a stale one is a conflict. */
export class FakeNodes implements NodeApi {
  readonly nodes = new Map<string, FakeNode & { version: number }>();
  readonly lifecycle: Record<string, boolean> = {};
  readonly events: string[] = [];
  readonly updates: NodeUpdate[] = [];
  /** What others do while an update is on its way; each runs once. */
  readonly meanwhile: (() => void)[] = [];
  private readonly followers = new Set<(name: string) => void>();

  add(name: string, facts: Partial<FakeNode> = {}): this {
    this.nodes.set(name, {
      uid: '',
      labels: { pool: 'workers' },
      annotations: {},
      unschedulable: false,
      taints: [],
      deleting: false,
      bootId: 'boot-1',
      ready: true,
      readySinceMs: 0,
      heartbeatAtMs: Date.now(),
      report: { wants: 'required', message: 'linux-image', heardAtMs: Date.now() },
      version: 1,
      ...facts,
    });
    return this;
  }

  /** The node as it stands; a test that asks for one that is gone is wrong. */
  at(name: string): FakeNode & { version: number } {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`the test expects a node ${name}`);
    return node;
  }

  /** Somebody else changes the node. */
  change(name: string, facts: Partial<FakeNode>): void {
    const node = this.at(name);
    Object.assign(node, facts, { version: node.version + 1 });
    this.tell(name);
  }

  remove(name: string): void {
    this.nodes.delete(name);
    this.tell(name);
  }

  async read(name: string): Promise<NodeFacts | undefined> {
    const node = this.nodes.get(name);
    return node && nodeFacts(objectOf(name, node));
  }

  async list(selector = ''): Promise<NodeFacts[]> {
    const [key = '', value] = selector.split('=');
    return [...this.nodes]
      .filter(([, { labels }]) => selector === '' || labels[key] === value)
      .map(([name, node]) => nodeFacts(objectOf(name, node)));
  }

  async update(name: string, update: NodeUpdate): Promise<'updated' | 'conflict' | 'gone'> {
    this.meanwhile.shift()?.();
    const node = this.nodes.get(name);
    if (!node) return 'gone';
    if (String(node.version) !== update.resourceVersion) return 'conflict';
    this.updates.push(update);
    const { unschedulable = node.unschedulable, taints = node.taints } = update;
    const annotations = merged(node.annotations, update.annotations);
    this.change(name, {
      unschedulable,
      taints,
      annotations,
      labels: merged(node.labels, update.labels),
    });
    return 'updated';
  }

  async setLifecycle(_name: string, conditions: Lifecycle): Promise<void> {
    for (const [type, on] of Object.entries(conditions)) {
      if (on === null) delete this.lifecycle[type];
      else this.lifecycle[type] = on;
    }
  }

  async announce(name: string, { type, reason, message }: NodeEvent): Promise<void> {
    this.events.push(`${name} ${type} ${reason}: ${message}`);
  }

  async follow(
    name: string,
    seen: (node: NodeFacts | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const show = (changed: string): void => {
      const node = this.nodes.get(name);
      if (changed === name) seen(node && nodeFacts(objectOf(name, node)));
    };
    show(name);
    this.followers.add(show);
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    this.followers.delete(show);
  }

  private tell(name: string): void {
    for (const show of this.followers) show(name);
  }
}

function merged(
  known: Record<string, string>,
  patch: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const all = Object.entries({ ...known, ...patch });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** The annotation of a rollout that has the node. */
export function recorded(record: Partial<RolloutRecord> = {}): Record<string, string> {
  return { [ANNOTATION.rollout]: writeRollout({ ...RECORD, ...record }) };
}

/** What the run of the tests writes on the node it takes. */
export const RECORD: RolloutRecord = {
  workflowId: 'node-rollout/n1',
  runId: 'run-1',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};

/** Pods of one node that can only be listed: nothing here may evict, unless a test says otherwise. */
export class FakePods implements PodApi {
  pods: PodFacts[] = [];
  /** What happens while the pods are listed. */
  readonly meanwhile: (() => void)[] = [];

  async list(): Promise<PodList> {
    this.meanwhile.shift()?.();
    return { pods: this.pods, resourceVersion: '1' };
  }

  watch = unexpected;
  evict: PodApi['evict'] = unexpected;
  delete = unexpected;
  budgets: PodApi['budgets'] = unexpected;

  async volumesLeft(): Promise<readonly string[]> {
    return [];
  }
}

async function unexpected(): Promise<never> {
  throw new Error('the test expects the pods to be listed only');
}

function objectOf(name: string, node: FakeNode & { version: number }): NodeObject {
  const { uid, labels, annotations, unschedulable, taints, deleting, bootId, report } = node;
  return {
    metadata: {
      name,
      uid,
      resourceVersion: String(node.version),
      labels,
      annotations,
      ...(deleting ? { deletionTimestamp: new Date() } : {}),
    },
    spec: { unschedulable, taints },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: node.ready ? 'True' : 'Unknown',
          lastHeartbeatTime: new Date(node.heartbeatAtMs),
          lastTransitionTime: new Date(node.readySinceMs),
        },
        ...(report ? [rebootRequiredCondition(report, report.sinceMs ?? report.heardAtMs)] : []),
      ],
      nodeInfo: { bootID: bootId },
    },
  };
}
