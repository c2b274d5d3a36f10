import {
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  type CoreV1Api,
  type CoreV1Event,
} from '@kubernetes/client-node';
import type { EventReason } from '../../domain/event-reasons.ts';
import { LIFECYCLE_REASON, type LifecycleCondition } from '../../domain/node-contract.ts';
import { nodeFacts, type NodeFacts, type NodeTaint } from '../../domain/node-facts.ts';
import { listAll, watchFrom } from './collection.ts';
import { eventMessage } from './event-message.ts';
import { follow, type Source } from './follow.ts';
import { limited } from './request-limit.ts';
import { failure } from '../failure.ts';
import { absent, answerOf, asking, statusOf, type KubeClient } from './client.ts';

/** One update of a Node: refused as a conflict when the node has changed since it was read. */
export interface NodeUpdate {
  readonly resourceVersion: string;
  readonly unschedulable?: boolean;
  /** null removes the annotation. */
  readonly annotations?: Readonly<Record<string, string | null>>;
  /** null removes the label. */
  readonly labels?: Readonly<Record<string, string | null>>;
  /** The whole list. */
  readonly taints?: readonly NodeTaint[];
}

/** What to write: true or false, or null to remove the condition. */
export type Lifecycle = Partial<Record<LifecycleCondition, boolean | null>>;

/** Removes all of them. */
export const NO_LIFECYCLE = {
  MaintenancePlanned: null,
  DrainInProgress: null,
  Drained: null,
  MaintenanceInProgress: null,
} satisfies Lifecycle;

export interface NodeEvent {
  readonly reason: EventReason;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
}

/** What the activities do with Nodes. */
export interface NodeApi {
  /** The node now, or undefined when there is none of that name. */
  read(name: string): Promise<NodeFacts | undefined>;
  list(selector?: string): Promise<NodeFacts[]>;
  update(name: string, update: NodeUpdate): Promise<'updated' | 'conflict' | 'gone'>;
  /** Sets the given lifecycle conditions and removes those given as null. */
  setLifecycle(name: string, conditions: Lifecycle, because: string): Promise<void>;
  /** Tells people on the node's Events; never fails, for a lost event must not hold up a node. */
  announce(name: string, event: NodeEvent): Promise<void>;
  /**
   * Calls `seen` with the node now and after every change (undefined once it is deleted) until `signal` aborts.
   * Survives closed streams and an API server that is away for a while.
   */
  follow(
    name: string,
    seen: (node: NodeFacts | undefined) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

const patching = (how: PatchStrategy) => setHeaderOptions('Content-Type', how, limited());

/** The NodeApi of a real API server. */
export function nodeApi(client: KubeClient): NodeApi {
  const { core } = client;
  return {
    read: (name) => read(core, name),
    list: (selector) => list(core, selector),
    update: (name, update) => updateNode(core, name, update),
    setLifecycle: (name, conditions, because) => setLifecycle(core, name, { conditions, because }),
    async announce(name, event) {
      const body = eventBody(name, event);
      await core
        .createNamespacedEvent({ namespace: 'default', body }, limited())
        .catch(() => undefined);
    },
    follow: (name, seen, signal) =>
      follow(
        nodeSource(client, `metadata.name=${name}`),
        (update) => {
          if (update.kind === 'listed') seen(update.items[0]);
          else if (update.kind === 'seen') seen(update.object);
          else if (update.kind === 'gone') seen(undefined);
        },
        { signal },
      ),
  };
}

/** The nodes that a field selector picks, all without one, for whoever follows them. */
export function nodeSource({ core, watch }: KubeClient, fieldSelector?: string): Source<NodeFacts> {
  const picked = fieldSelector === undefined ? {} : { fieldSelector };
  const watched = { path: '/api/v1/nodes', ...picked, read: nodeFacts };
  return {
    list: (signal) =>
      listAll((page) => core.listNode({ ...picked, ...page }, limited(signal)), nodeFacts),
    watch: (request) => watchFrom(watch, watched, request),
  };
}

async function read(core: CoreV1Api, name: string): Promise<NodeFacts | undefined> {
  const node = await asking(`reading node ${name}`, () => core.readNode({ name }, limited())).catch(
    absent,
  );
  return node && nodeFacts(node);
}

async function list(core: CoreV1Api, labelSelector: string | undefined): Promise<NodeFacts[]> {
  const picked = labelSelector ? { labelSelector } : {};
  const { items } = await asking('listing nodes', () =>
    listAll((page) => core.listNode({ ...picked, ...page }, limited()), nodeFacts),
  );
  return [...items];
}

async function updateNode(
  core: CoreV1Api,
  name: string,
  update: NodeUpdate,
): Promise<'updated' | 'conflict' | 'gone'> {
  const body = bodyOf(update);
  try {
    await asking(`updating node ${name}`, () =>
      core.patchNode({ name, body }, patching(PatchStrategy.MergePatch)),
    );
    return 'updated';
  } catch (error) {
    if (statusOf(error) === 409) return 'conflict';
    if (statusOf(error) === 404) return 'gone';
    if (statusOf(error) !== 422) throw error;
    // Such as annotations of others that leave no room for another.
    throw failure('kube-rejected', `updating node ${name}: ${answerOf(error)}`, error);
  }
}

/** As a merge patch. null removes a field: an uncordoned node, or one without taints, ends as if never touched. */
function bodyOf({ unschedulable, taints, ...metadata }: NodeUpdate): object {
  const spec = {
    ...(unschedulable === undefined ? {} : { unschedulable: unschedulable || null }),
    ...(taints ? { taints: taints.length > 0 ? taints : null } : {}),
  };
  return { metadata, ...(Object.keys(spec).length > 0 ? { spec } : {}) };
}

async function setLifecycle(
  core: CoreV1Api,
  name: string,
  { conditions, because }: { conditions: Lifecycle; because: string },
): Promise<void> {
  const now = new Date().toISOString();
  const written = Object.entries(conditions).map(([type, on]) => {
    if (on === null) return { type, $patch: 'delete' };
    const status = on ? 'True' : 'False';
    const times = { lastHeartbeatTime: now, lastTransitionTime: now };
    return { type, status, reason: LIFECYCLE_REASON, message: because, ...times };
  });
  const body = { status: { conditions: written } };
  await asking(`writing conditions of node ${name}`, () =>
    core.patchNodeStatus({ name, body }, patching(PatchStrategy.StrategicMergePatch)),
  ).catch(absent);
}

function eventBody(node: string, { reason, message, type }: NodeEvent): CoreV1Event {
  return {
    metadata: { generateName: `${node}.`, namespace: 'default' },
    // Events about cluster-scoped objects live in "default"; kubectl describe node matches uid = name.
    involvedObject: { apiVersion: 'v1', kind: 'Node', name: node, uid: node },
    reason,
    message: eventMessage(message),
    type,
    action: reason,
    eventTime: new V1MicroTime(),
    reportingComponent: 'lockkeeper',
    reportingInstance: 'lockkeeper-worker',
  };
}
