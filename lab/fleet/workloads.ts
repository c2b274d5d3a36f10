import { setTimeout as pause } from 'node:timers/promises';
import { present } from '../../domain/present.ts';
import type { Kube, KubeObject } from './kube.ts';
import { nodeName } from './nodes.ts';

/** Where the lab's workloads live. */
export const WORKLOADS_NAMESPACE = 'shop';

/** Any name will do: nothing is pulled, KWOK runs pods on paper. */
const IMAGE = 'registry.example/shop:1';

const STATEFUL_REPLICAS = 2;

/** How much of it there is. */
export interface WorkloadSizes {
  readonly nodes: number;
  readonly podsPerNode: number;
}

type Manifest = KubeObject & { readonly spec?: object };

/**
 * What a cluster has to be careful with: `web`, a Deployment whose disruption budget lets one pod go at a time;
 * `db`, a StatefulSet; `logs`, a DaemonSet; and `by-hand` on the first node, a pod that nothing would recreate.
 */
export function workloads({ nodes, podsPerNode }: WorkloadSizes): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: WORKLOADS_NAMESPACE } },
    // The controller makes it in a moment, but the bare pod below is refused until it exists.
    manifest('v1', 'ServiceAccount', 'default'),
    manifest('apps/v1', 'Deployment', 'web', {
      replicas: nodes * podsPerNode,
      selector: matching('web'),
      template: podTemplate('web', { topologySpreadConstraints: [overNodes('web')] }),
    }),
    manifest('policy/v1', 'PodDisruptionBudget', 'web', {
      maxUnavailable: 1,
      selector: matching('web'),
    }),
    manifest('apps/v1', 'StatefulSet', 'db', {
      replicas: STATEFUL_REPLICAS,
      serviceName: 'db',
      podManagementPolicy: 'Parallel',
      selector: matching('db'),
      template: podTemplate('db', { topologySpreadConstraints: [overNodes('db')] }),
    }),
    manifest('apps/v1', 'DaemonSet', 'logs', {
      selector: matching('logs'),
      template: podTemplate('logs', { tolerations: [{ operator: 'Exists' }] }),
    }),
    manifest('v1', 'Pod', 'by-hand', {
      ...podSpec,
      nodeSelector: { 'kubernetes.io/hostname': nodeName(1) },
    }),
  ];
}

interface Pods {
  readonly items: readonly {
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

const LOOK_EVERY_MS = 200;

/** Resolves when every pod of the workloads is Ready; rejects with the numbers when that takes too long. */
export async function untilWorkloadsRun(kube: Kube, sizes: WorkloadSizes): Promise<void> {
  const expected = sizes.nodes * (sizes.podsPerNode + 1) + STATEFUL_REPLICAS + 1;
  const withinMs = 60_000 + expected * 200;
  const deadline = Date.now() + withinMs;
  for (;;) {
    const { items } = await kube.get<Pods>(`/api/v1/namespaces/${WORKLOADS_NAMESPACE}/pods`);
    const ready = items.filter(({ status }) =>
      status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ).length;
    if (ready >= expected) return;
    if (Date.now() > deadline)
      throw new Error(
        `the workloads do not run: ${ready} of ${expected} pods Ready after ${withinMs / 1_000} s`,
      );
    await pause(LOOK_EVERY_MS);
  }
}

const podSpec = { containers: [{ name: 'main', image: IMAGE }] };

function manifest(apiVersion: string, kind: string, name: string, spec?: object): Manifest {
  const metadata = { name, namespace: WORKLOADS_NAMESPACE };
  return { apiVersion, kind, metadata, ...present({ spec }) };
}

function matching(app: string) {
  return { matchLabels: { app } };
}

function podTemplate(app: string, more: object = {}) {
  return { metadata: { labels: { app } }, spec: { ...podSpec, ...more } };
}

function overNodes(app: string) {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: matching(app),
  };
}
