import { ApiException, type CoreV1Api, type V1Status } from '@kubernetes/client-node';
import { DisruptionBudget } from '../../domain/disruption-budget.ts';
import {
  readEvictionAnswer,
  type Asked,
  type EvictionAnswer,
  type HttpAnswer,
} from '../../domain/eviction-answer.ts';
import { fieldsOf, parseJson } from '../../domain/fields.ts';
import { words } from '../../domain/outside.ts';
import type { PodFacts } from '../../domain/pod-verdict.ts';
import { present } from '../../domain/present.ts';
import { answerOf, asking, statusOf, type KubeClient } from './client.ts';
import { listAll, watchFrom } from './collection.ts';
import type { WatchRequest } from './follow.ts';
import { podFacts } from './pod-facts.ts';
import { limited } from './request-limit.ts';
import { volumesLeft } from './volumes.ts';

type PodRef = Pick<PodFacts, 'namespace' | 'name' | 'uid'>;

export interface PodList {
  readonly pods: readonly PodFacts[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** What a drain does with pods. Every call ends early when its `signal` aborts. */
export interface PodApi {
  /** Every pod of the node, in all namespaces. */
  list(node: string, signal: AbortSignal): Promise<PodList>;
  /** One watch of the node's pods, for whoever follows them. */
  watch(node: string, request: WatchRequest<PodFacts>): Promise<void>;
  /** Asks for exactly this pod's eviction, never for one of the same name; `graceMs` is rounded up to whole seconds, at least one. */
  evict(pod: PodRef, options: { graceMs?: number; signal: AbortSignal }): Promise<EvictionAnswer>;
  /** Deletes exactly this pod, whatever its budget says; the answer is of the same kinds as one to an eviction. */
  delete(pod: PodRef, options: { graceMs: number; signal: AbortSignal }): Promise<EvictionAnswer>;
  budgets(namespace: string, signal: AbortSignal): Promise<readonly DisruptionBudget[]>;
  /** Volumes still attached to the node, except those that the pods which stay there use. */
  volumesLeft(
    node: string,
    staying: readonly PodFacts[],
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

/** The PodApi of a real API server. */
export function podApi(client: KubeClient): PodApi {
  const { core } = client;
  return {
    list: (node, signal) => list(core, node, signal),
    watch: (node, request) =>
      watchFrom(
        client.watch,
        { path: '/api/v1/pods', fieldSelector: `spec.nodeName=${node}`, read: podFacts },
        request,
      ),
    evict: (pod, options) => evict(core, pod, options),
    delete: (pod, options) => remove(core, pod, options),
    budgets: (namespace, signal) => budgets(client, namespace, signal),
    volumesLeft: (node, staying, signal) => volumesLeft(client, { node, staying, signal }),
  };
}

async function list(core: CoreV1Api, node: string, signal: AbortSignal): Promise<PodList> {
  const picked = { fieldSelector: `spec.nodeName=${node}` };
  const { items, resourceVersion } = await asking(`listing the pods of node ${node}`, () =>
    listAll(
      (page) => core.listPodForAllNamespaces({ ...picked, ...page }, limited(signal)),
      podFacts,
    ),
  );
  return { pods: items, resourceVersion };
}

async function evict(
  core: CoreV1Api,
  { namespace, name, uid }: PodRef,
  { graceMs, signal }: { graceMs?: number; signal: AbortSignal },
): Promise<EvictionAnswer> {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { namespace, name },
    deleteOptions: {
      preconditions: { uid },
      ...(graceMs === undefined ? {} : { gracePeriodSeconds: wholeSeconds(graceMs) }),
    },
  };
  return answered('evict', () =>
    core.createNamespacedPodEviction({ namespace, name, body }, limited(signal)),
  );
}

async function remove(
  core: CoreV1Api,
  { namespace, name, uid }: PodRef,
  { graceMs, signal }: { graceMs: number; signal: AbortSignal },
): Promise<EvictionAnswer> {
  const body = { gracePeriodSeconds: wholeSeconds(graceMs), preconditions: { uid } };
  return answered('delete', () =>
    core.deleteNamespacedPod({ namespace, name, body }, limited(signal)),
  );
}

/** Never 0: that takes the pod out of the API while its containers may still run. */
const wholeSeconds = (durationMs: number): number => Math.max(1, Math.ceil(durationMs / 1_000));

async function answered(asked: Asked, call: () => Promise<unknown>): Promise<EvictionAnswer> {
  try {
    await call();
    return { kind: 'evicted' };
  } catch (error) {
    return readEvictionAnswer(httpAnswer(error), asked);
  }
}

function httpAnswer(error: unknown): HttpAnswer {
  const status = statusOf(error);
  const retryAfterMs =
    1_000 * Number(error instanceof ApiException && error.headers['retry-after']);
  return {
    message: answerOf(error),
    causes: causesOf(error),
    ...present({ status, retryAfterMs: retryAfterMs > 0 ? retryAfterMs : undefined }),
  };
}

/** client-node leaves the body of a failed call as text. */
function causesOf(error: unknown): HttpAnswer['causes'] {
  if (!(error instanceof ApiException) || typeof error.body !== 'string') return [];
  // A body that is no JSON comes from a proxy, not from the API server, and names no cause.
  const { details } = fieldsOf(parseJson(error.body)) as V1Status;
  return (details?.causes ?? []).map(({ reason = '', message = '' }) => ({
    reason,
    message: words(message),
  }));
}

async function budgets(
  { policy }: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<DisruptionBudget[]> {
  const { items } = await asking(`listing the disruption budgets of namespace ${namespace}`, () =>
    policy.listNamespacedPodDisruptionBudget({ namespace }, limited(signal)),
  );
  return items.map((object) => DisruptionBudget.parse(object));
}
