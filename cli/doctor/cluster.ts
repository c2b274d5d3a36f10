import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  VersionApi,
  type V1DaemonSet,
  type V1Deployment,
  type V1Pod,
  type V1PodSpec,
  type V1StatefulSet,
} from '@kubernetes/client-node';
import { limited } from '../../activities/kube/request-limit.ts';
import { present } from '../../domain/present.ts';
import { readKubeConfig } from '../access.ts';

const ANSWER_WITHIN_MS = 15_000;

/** Options of a call that nobody waits long for. */
export const soon = () => limited(AbortSignal.timeout(ANSWER_WITHIN_MS));

/** What is asked of Kubernetes. */
export interface Cluster {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly admission: AdmissionregistrationV1Api;
  readonly authentication: AuthenticationV1Api;
  readonly authorization: AuthorizationV1Api;
  /** Such as v1.34.4. */
  readonly version: string;
  /** What its clock has said in the answer, where it has. */
  readonly clock?: Reading;
}

/** What somebody's clock said, and between which moments of ours. */
export interface Reading {
  readonly saysMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** What it leaves out, such as the fractions of a second. */
  readonly coarseMs: number;
}

/** Connects as kubectl would; rejects when the API server does not answer. */
export async function openCluster(nowMs: () => number): Promise<Cluster> {
  const config = readKubeConfig();
  const askedMs = nowMs();
  const { data, headers } = await config.makeApiClient(VersionApi).getCodeWithHttpInfo({}, soon());
  const saysMs = Date.parse(headers['date'] ?? '');
  const reading = { saysMs, askedMs, answeredMs: nowMs(), coarseMs: 1_000 };
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    admission: config.makeApiClient(AdmissionregistrationV1Api),
    authentication: config.makeApiClient(AuthenticationV1Api),
    authorization: config.makeApiClient(AuthorizationV1Api),
    version: data.gitVersion,
    ...(!Number.isNaN(saysMs) && { clock: reading }),
  };
}

/** The Deployment or StatefulSet of the worker. */
export interface WorkerFound {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
  readonly replicas: number;
  readonly pod?: V1PodSpec;
}

/** What the chart has made of worker and agents, as it is now. */
export interface Workloads {
  readonly worker?: WorkerFound;
  readonly workerPods: readonly V1Pod[];
  readonly agents?: V1DaemonSet;
  readonly agentPods: readonly V1Pod[];
}

const COMPONENT = 'app.kubernetes.io/component';

/** Finds them by the labels of the chart, whatever the release is called. */
export async function workloadsIn(
  { apps, core }: Pick<Cluster, 'apps' | 'core'>,
  namespace: string,
): Promise<Workloads> {
  const ours = (component: string) => ({ namespace, labelSelector: `${COMPONENT}=${component}` });
  const [deployments, statefulSets, daemonSets, workerPods, agentPods] = await Promise.all([
    apps.listNamespacedDeployment(ours('worker'), soon()),
    apps.listNamespacedStatefulSet(ours('worker'), soon()),
    apps.listNamespacedDaemonSet(ours('agent'), soon()),
    core.listNamespacedPod(ours('worker'), soon()),
    core.listNamespacedPod(ours('agent'), soon()),
  ]);
  const [worker] = [
    ...deployments.items.map((found) => workerIn('Deployment', found)),
    ...statefulSets.items.map((found) => workerIn('StatefulSet', found)),
  ];
  const [agents] = daemonSets.items;
  return {
    ...present({ worker, agents }),
    workerPods: workerPods.items,
    agentPods: agentPods.items,
  };
}

function workerIn(
  kind: WorkerFound['kind'],
  { metadata, spec }: V1Deployment | V1StatefulSet,
): WorkerFound {
  const { replicas = 1, template } = spec ?? {};
  return { kind, name: metadata?.name ?? '', replicas, ...present({ pod: template?.spec }) };
}

/** What the name of an object of the chart begins with. */
export function releaseOf({ worker, agents }: Workloads): string {
  const name = worker?.name ?? agents?.metadata?.name ?? '';
  return name.replace(/-(worker|agent)$/, '') || 'lockkeeper';
}
