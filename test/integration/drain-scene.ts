import {
  AppsV1Api,
  KubeConfig,
  type V1LabelSelector,
  type V1Pod,
  type V1Toleration,
  type V1Volume,
} from '@kubernetes/client-node';
import { randomUUID } from 'node:crypto';
import { drainNode } from '../../activities/drain/drain.ts';
import type { DrainOptions } from '../../activities/drain/state.ts';
import { kubeClient, statusOf, type KubeClient } from '../../activities/kube/client.ts';
import { podApi, type PodApi } from '../../activities/kube/pods.ts';
import type { DrainProgress, DrainResult } from '../../domain/drain-progress.ts';
import type { Workload } from '../../domain/workload.ts';
import { LAB_NODE } from '../../lab/cluster/contract.ts';
import { eventually } from './eventually.ts';

/** What a test does to the drain it starts. */
interface Settings extends Partial<DrainOptions> {
  readonly withinMs?: number;
  readonly guard?: () => Promise<void>;
  /** Instead of the real API, for counting. */
  readonly pods?: PodApi;
  readonly own?: readonly Workload[];
}

interface Draining {
  readonly outcome: Promise<DrainResult>;
  readonly reports: DrainProgress[];
  readonly stop: AbortController;
}

/** What is special about a pod. */
interface PodParts {
  readonly finalizers?: string[];
  readonly annotations?: Record<string, string>;
  readonly volumes?: V1Volume[];
}

/** One test's own namespace and its own nodes, which nobody else's pods can be put on. */
export interface Scene {
  readonly client: KubeClient;
  readonly pods: PodApi;
  readonly namespace: string;
  addNode(): Promise<string>;
  cordon(node: string): Promise<void>;
  /** A bare pod on this very node; resolves when it runs. */
  addPod(name: string, node: string, more?: PodParts): Promise<V1Pod>;
  /** A controller of pods labelled `app: <name>`, spread over the scene's nodes; resolves when they run. */
  addWorkload(
    kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
    name: string,
    count: number,
    tolerations?: V1Toleration[],
  ): Promise<void>;
  addBudget(name: string, minAvailable: number, selector?: V1LabelSelector): Promise<void>;
  podsOn(node: string): Promise<V1Pod[]>;
  drain(node: string, settings?: Settings): Draining;
  close(): Promise<void>;
}

/** The API as somebody else: the same server, another token. */
export function clientFor(kubeconfigPath: string, token: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`${kubeconfigPath} names no cluster`);
  const theirs = new KubeConfig();
  theirs.loadFromClusterAndUser(cluster, { name: 'somebody', token });
  return kubeClient(theirs);
}

export async function openScene(kubeconfigPath: string): Promise<Scene> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const client = kubeClient(config);
  const apps = config.makeApiClient(AppsV1Api);
  const namespace = `drain-${randomUUID().slice(0, 8)}`;
  const nodes: string[] = [];
  const open: Draining[] = [];
  const pods = podApi(client);
  await client.core.createNamespace({ body: { metadata: { name: namespace } } });
  await eventually(() => client.core.readNamespacedServiceAccount({ namespace, name: 'default' }));

  const podSpec = {
    containers: [{ name: 'main', image: 'none' }],
    tolerations: [{ key: 'drain-scene', operator: 'Equal', value: namespace }],
    nodeSelector: { 'drain-scene': namespace },
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
  };

  const podsOn = async (node: string): Promise<V1Pod[]> => {
    const fieldSelector = `spec.nodeName=${node}`;
    return (await client.core.listNamespacedPod({ namespace, fieldSelector })).items;
  };

  const running = (selector: string, count: number): Promise<void> =>
    eventually(async () => {
      const query = { namespace, labelSelector: selector };
      const { items } = await client.core.listNamespacedPod(query);
      const ready = items.filter(({ status }) => status?.phase === 'Running');
      if (ready.length < count) throw new Error(`${ready.length} of ${count} pods run`);
    });

  return {
    client,
    pods,
    namespace,
    podsOn,

    async addNode() {
      const name = `${namespace}-n${nodes.length}`;
      nodes.push(name);
      const room = { cpu: '32', memory: '64Gi', pods: '110' };
      const kubelet = { [LAB_NODE.kubelet.label]: LAB_NODE.kubelet.running };
      const metadata = {
        name,
        labels: { 'drain-scene': namespace, ...kubelet },
        annotations: { [LAB_NODE.bootIdAnnotation]: randomUUID() },
      };
      const taints = [{ key: 'drain-scene', value: namespace, effect: 'NoSchedule' }];
      const status = { capacity: room, allocatable: room };
      await client.core.createNode({ body: { metadata, spec: { taints }, status } });
      return name;
    },

    async cordon(node) {
      const body = [{ op: 'add', path: '/spec/unschedulable', value: true }];
      await client.core.patchNode({ name: node, body });
    },

    async addPod(name, node, { finalizers, annotations, ...parts } = {}) {
      const metadata = {
        name,
        labels: { app: name },
        ...(finalizers ? { finalizers } : {}),
        ...(annotations ? { annotations } : {}),
      };
      const body = { metadata, spec: { ...podSpec, nodeName: node, ...parts } };
      await client.core.createNamespacedPod({ namespace, body });
      return eventually(async () => {
        const made = await client.core.readNamespacedPod({ namespace, name });
        if (made.status?.phase !== 'Running') throw new Error(`${name} does not run yet`);
        return made;
      });
    },

    async addWorkload(kind, name, count, tolerations = podSpec.tolerations) {
      const labels = { app: name };
      const template = { metadata: { labels }, spec: { ...podSpec, tolerations } };
      const selector = { matchLabels: labels };
      const metadata = { name, labels };
      if (kind === 'Deployment') {
        const body = { metadata, spec: { replicas: count, selector, template } };
        await apps.createNamespacedDeployment({ namespace, body });
      } else if (kind === 'StatefulSet') {
        const body = { metadata, spec: { serviceName: name, replicas: count, selector, template } };
        await apps.createNamespacedStatefulSet({ namespace, body });
      } else {
        const body = { metadata, spec: { selector, template } };
        await apps.createNamespacedDaemonSet({ namespace, body });
      }
      await running(`app=${name}`, count);
    },

    async addBudget(name, minAvailable, selector = { matchLabels: { app: 'web' } }) {
      const body = { metadata: { name }, spec: { minAvailable, selector } };
      await client.policy.createNamespacedPodDisruptionBudget({ namespace, body });
      await eventually(async () => {
        const made = await client.policy.readNamespacedPodDisruptionBudget({ namespace, name });
        if (made.status?.currentHealthy !== made.status?.expectedPods || !made.status?.expectedPods)
          throw new Error('the budget has not counted its pods yet');
      });
    },

    drain(node, settings = {}) {
      const { withinMs = 60_000, guard = async () => undefined, ...rest } = settings;
      const reports: DrainProgress[] = [];
      const stop = new AbortController();
      const { pods: port = pods, own = [], ...options } = rest;
      const outcome = drainNode(
        {
          pods: port,
          progress: (progress) => reports.push(progress),
          guard,
          signal: stop.signal,
          nowMs: () => Date.now(),
        },
        {
          node,
          own,
          deadlineMs: Date.now() + withinMs,
          staysEmptyMs: 0,
          options: { atOnce: 20, onTimeout: 'undo', comesBack: 'leave', ...options },
        },
      );
      const draining = { outcome, reports, stop };
      open.push(draining);
      return draining;
    },

    async close() {
      for (const { stop, outcome } of open) {
        stop.abort();
        await outcome.catch(() => undefined);
      }
      await freeFinalizers(client, namespace);
      // From here on nobody makes new pods; the namespace itself takes seconds to go, and nobody needs it any more.
      await client.core.deleteNamespace({ name: namespace });
      await client.core.deleteCollectionNamespacedPod({ namespace, gracePeriodSeconds: 0 });
      for (const name of nodes) await client.core.deleteNode({ name });
    },
  };
}

async function freeFinalizers({ core }: KubeClient, namespace: string): Promise<void> {
  const { items } = await core.listNamespacedPod({ namespace });
  for (const { metadata } of items)
    if (metadata?.finalizers && metadata.name) {
      const body = [{ op: 'remove', path: '/metadata/finalizers' }];
      await core.patchNamespacedPod({ namespace, name: metadata.name, body });
    }
}

/** Throws while it is still there. */
export async function gone(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw error;
  }
  throw new Error('it is still there');
}
