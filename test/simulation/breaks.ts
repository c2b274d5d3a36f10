import type { Deps } from '../../activities/deps.ts';
import type { NodeApi } from '../../activities/kube/nodes.ts';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import type { Rule } from './judge/contract.ts';

/** Something broken in the place of what the activities act through, and the guarantee that does not survive it. */
export interface Break {
  readonly name: string;
  readonly rule: Rule;
  readonly twist: (deps: Deps) => Deps;
}

const SLOW_MS = 3_000;

/** Each guarantee can be broken, and the simulation sees it: a judge that never says anything would pass every history. */
export const BREAKS: readonly Break[] = [
  {
    name: 'overlooks-outages',
    rule: 'G1',
    twist: (deps) =>
      withNodes(deps, {
        list: async (selector) => (await deps.nodes.list(selector)).map(inService),
      }),
  },
  {
    name: 'sees-no-pods',
    rule: 'G2',
    twist: (deps) => ({
      ...deps,
      pods: {
        ...deps.pods,
        list: async (node, signal) => ({ ...(await deps.pods.list(node, signal)), pods: [] }),
      },
    }),
  },
  {
    name: 'takes-every-node-for-ready',
    rule: 'G3',
    twist: (deps) =>
      withNodes(deps, {
        read: async (name) => ready(await deps.nodes.read(name)),
        follow: (name, seen, signal) =>
          deps.nodes.follow(name, (node) => seen(ready(node)), signal),
      }),
  },
  {
    name: 'overwrites-what-others-wrote',
    rule: 'G4',
    twist: (deps) =>
      withNodes(deps, {
        update: async (name, update) => {
          // What has changed meanwhile is lost: the longer, the more.
          await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
          const node = await deps.nodes.read(name);
          const resourceVersion = node?.resourceVersion ?? update.resourceVersion;
          return await deps.nodes.update(name, { ...update, resourceVersion });
        },
      }),
  },
  {
    name: 'never-halts',
    rule: 'G5',
    twist: (deps) => ({
      ...deps,
      policy: {
        current: () => {
          const policy = deps.policy.current();
          return { ...policy, pools: policy.pools.map((pool) => ({ ...pool, failureBudget: 99 })) };
        },
        get hash() {
          return deps.policy.hash;
        },
      },
    }),
  },
  {
    name: 'forgets-a-halt-with-its-lock',
    rule: 'G5',
    twist: (deps) =>
      withNodes(deps, {
        list: async (selector) => (await deps.nodes.list(selector)).map(withoutPast),
      }),
  },
  {
    name: 'forgets-to-uncordon',
    rule: 'G6',
    twist: (deps) =>
      withNodes(deps, {
        update: (name, { unschedulable, ...update }) =>
          deps.nodes.update(name, { ...update, ...(unschedulable ? { unschedulable } : {}) }),
      }),
  },
  {
    name: 'forgets-the-labels',
    rule: 'G6',
    twist: (deps) =>
      withNodes(deps, {
        update: (name, { labels, ...update }) =>
          deps.nodes.update(name, { ...update, ...(update.unschedulable && labels && { labels }) }),
      }),
  },
  {
    name: 'leaves-its-taint',
    rule: 'G6',
    twist: (deps) =>
      withNodes(deps, {
        update: (name, { taints, ...update }) => {
          const puts = typeof update.annotations?.[ANNOTATION.taint] === 'string';
          return deps.nodes.update(name, { ...update, ...(puts && taints && { taints }) });
        },
      }),
  },
  {
    name: 'starts-no-second-rollout',
    rule: 'G7',
    twist: (deps) => ({
      ...deps,
      temporal: {
        ...deps.temporal,
        startRollout: async (input) =>
          input.reason?.startsWith('a former') ? false : await deps.temporal.startRollout(input),
      },
    }),
  },
  {
    name: 'keeps-the-drain-to-itself',
    rule: 'G8',
    twist: (deps) => ({
      ...deps,
      temporal: { ...deps.temporal, tellDrain: async () => undefined },
    }),
  },
];

function withNodes(deps: Deps, changes: Partial<NodeApi>): Deps {
  return { ...deps, nodes: { ...deps.nodes, ...changes } };
}

function inService(node: NodeFacts): NodeFacts {
  const { rollout: _, ...rest } = node;
  return { ...rest, ready: true, unschedulable: false, deleting: false };
}

function withoutPast(node: NodeFacts): NodeFacts {
  const { past: _, ...rest } = node;
  return rest;
}

function ready(node: NodeFacts | undefined): NodeFacts | undefined {
  return node && { ...node, ready: true, readySinceMs: 0, heartbeatAtMs: Date.now() };
}
