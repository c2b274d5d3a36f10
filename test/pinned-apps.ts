import { applyObjects } from '../lab/fleet/apply.ts';
import type { Kube } from '../lab/fleet/kube.ts';

const NAMESPACE = 'pinned';
const BUDGETS = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;
/** The scheduler and the controllers of a loaded machine take their time. */
const RUNS_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

/**
 * One pod on each node that a test names, made anew there whenever it is evicted and the node is in service: where the pods of
 * other workloads are is for the scheduler to decide, and a test that counts on one of them counts on chance.
 */
export class PinnedApps {
  private readonly kube: Kube;
  private readonly budgets = new Set<string>();

  constructor(kube: Kube) {
    this.kube = kube;
  }

  /** Resolves when each has its pod and that is Ready; may be repeated. */
  async start(nodes: readonly string[]): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await applyObjects(this.kube, [namespace, ...nodes.map(deployment)]);
    for (const node of nodes) await this.untilRuns(node);
  }

  /** Whether the pod runs, so that there is something to evict. */
  async runs(node: string): Promise<boolean> {
    const query = new URLSearchParams({ labelSelector: `app=${node}` }).toString();
    const { items } = await this.kube.get<Pods>(`/api/v1/namespaces/${NAMESPACE}/pods?${query}`);
    return items.some(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
  }

  /** A disruption budget, called `never-<node>`, that keeps the node's pod where it is. */
  async forbidEvictions(node: string): Promise<void> {
    const name = `never-${node}`;
    await this.kube.post(BUDGETS, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: { app: node } } },
    });
    this.budgets.add(name);
  }

  /** Of all nodes, where none is named. */
  async allowEvictions(node?: string): Promise<void> {
    for (const name of node === undefined ? [...this.budgets] : [`never-${node}`]) {
      this.budgets.delete(name);
      await this.kube.delete(`${BUDGETS}/${name}`);
    }
  }

  private async untilRuns(node: string): Promise<void> {
    const endMs = Date.now() + RUNS_WITHIN_MS;
    while (!(await this.runs(node))) {
      if (Date.now() > endMs) throw new Error(`the pod pinned to ${node} does not run`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

function deployment(node: string) {
  const matchLabels = { app: node };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: node, namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels },
      template: {
        metadata: { labels: matchLabels },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': node },
          containers: [{ name: 'main', image: 'registry.example/app:1' }],
        },
      },
    },
  };
}
