import type { Deps } from '../../activities/deps.ts';
import type { Activities } from '../../activities/index.ts';
import type { NodeApi } from '../../activities/kube/nodes.ts';
import type { Permit } from '../../domain/lock-state.ts';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import type { Rule } from './judge/contract.ts';
import type { PlannedEvent } from './plan.ts';

/** What is broken: what the activities act through, or the activities themselves. */
export interface Twist {
  readonly deps?: (deps: Deps) => Deps;
  readonly activities?: (activities: Activities) => Activities;
  /** What happens in every history besides, so that it shows. */
  readonly events?: readonly PlannedEvent[];
}

/** Something broken, and the guarantee that does not survive it. */
export interface Break extends Twist {
  readonly name: string;
  readonly rule: Rule;
}

const SLOW_MS = 3_000;
const VERY_SLOW_MS = 20_000;

/** Each guarantee can be broken, and the simulation sees it: a judge that never says anything would pass every history. */
export const BREAKS: readonly Break[] = [
  {
    name: 'overlooks-outages',
    rule: 'G1',
    deps: (deps) =>
      withNodes(deps, {
        list: async (selector) => (await deps.nodes.list(selector)).map(inService),
      }),
  },
  {
    name: 'overlooks-taints',
    rule: 'G1',
    // Others take nodes away just as the first of the fleet are taken.
    events: [1, 2, 3].map((node) => ({
      when: { node, step: 'wanted', plusMs: 0 } as const,
      what: { kind: 'node', node, how: 'take-away', forMs: 1_800_000 } as const,
    })),
    deps: (deps) =>
      withNodes(deps, {
        list: async (selector) =>
          (await deps.nodes.list(selector)).map((node) => ({ ...node, taints: [] })),
      }),
  },
  {
    // What is cordoned and down without a record is taken for returned.
    name: 'takes-a-removed-record-for-a-return',
    rule: 'G1',
    deps: (deps) =>
      withNodes(deps, {
        list: async (selector) =>
          (await deps.nodes.list(selector)).map((node) => (node.rollout ? node : inService(node))),
      }),
  },
  {
    name: 'forgets-an-unused-permit',
    rule: 'G1',
    activities: (activities) => ({
      ...activities,
      admitNext: (asked) => activities.admitNext({ ...asked, permits: [] }),
    }),
  },
  {
    // Cordons are slow, and locks are ended just after they have granted a permit.
    name: 'grants-before-a-new-lock-may',
    rule: 'G1',
    events: [0, 1, 2, 3].flatMap((node) =>
      [0, 1, 2].map((pool) => ({
        when: { node, step: 'granted', plusMs: 100 } as const,
        what: { kind: 'lock', pool, how: 'terminate', fraction: 0 } as const,
      })),
    ),
    deps: (deps) => ({
      ...withNodes(deps, {
        update: async (name, update) => {
          if (update.unschedulable) await new Promise((done) => setTimeout(done, VERY_SLOW_MS));
          return await deps.nodes.update(name, update);
        },
      }),
      temporal: { ...deps.temporal, formerLockEndedAt: async () => undefined },
    }),
  },
  {
    // Beside the record on its Node, as if that were another's: the pool comes to a stand.
    name: 'counts-a-permit-twice',
    rule: 'G7',
    activities: (activities) => {
      const granted = new Map<string, Permit>();
      return {
        ...activities,
        async admitNext(asked) {
          for (const one of asked.permits) {
            granted.set(one.grantId, {
              ...one,
              node: one.grantId,
              sinceMs: Number.MAX_SAFE_INTEGER,
            });
          }
          const others = [...granted.values()].filter(({ grantId }) =>
            grantId.startsWith(`${asked.pool}-`),
          );
          const permits = [...asked.permits, ...others];
          return await activities.admitNext({ ...asked, permits });
        },
      };
    },
  },
  {
    name: 'sees-no-pods',
    rule: 'G2',
    deps: (deps) => ({
      ...deps,
      pods: {
        ...deps.pods,
        list: async (node, signal) => ({ ...(await deps.pods.list(node, signal)), pods: [] }),
      },
    }),
  },
  {
    // Every owner is one that puts its pods back each time.
    name: 'leaves-what-has-not-come-back',
    rule: 'G2',
    activities: (activities) => {
      const cameBack = new Proxy<Record<string, number>>({}, { get: () => 9 });
      return {
        ...activities,
        orderReboot: (asked) => activities.orderReboot({ ...asked, cameBack }),
      };
    },
    // A pod that comes between drain and order, when its drain has had the last look.
    events: [20, 40, 60, 80].map((plusMs, node) => ({
      when: { node, step: 'emptied', plusMs } as const,
      what: { kind: 'pods', node, app: 0, how: 'bare-pod', forMs: 0 } as const,
    })),
  },
  {
    name: 'takes-every-node-for-ready',
    rule: 'G3',
    deps: (deps) =>
      withNodes(deps, {
        read: async (name) => ready(await deps.nodes.read(name)),
        follow: (name, seen, signal) =>
          deps.nodes.follow(name, (node) => seen(ready(node)), signal),
      }),
  },
  {
    name: 'overwrites-what-others-wrote',
    rule: 'G4',
    deps: (deps) =>
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
    deps: (deps) => ({
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
    name: 'excuses-every-trouble',
    rule: 'G5',
    deps: (deps) =>
      withNodes(deps, {
        list: async (selector) =>
          (await deps.nodes.list(selector)).map((node) => ({
            ...node,
            excusedAtMs: Date.now() - SLOW_MS,
          })),
      }),
  },
  {
    name: 'forgets-to-uncordon',
    rule: 'G6',
    deps: (deps) =>
      withNodes(deps, {
        update: (name, { unschedulable, ...update }) =>
          deps.nodes.update(name, { ...update, ...(unschedulable ? { unschedulable } : {}) }),
      }),
  },
  {
    name: 'forgets-the-labels',
    rule: 'G6',
    deps: (deps) =>
      withNodes(deps, {
        update: (name, { labels, ...update }) =>
          deps.nodes.update(name, { ...update, ...(update.unschedulable && labels && { labels }) }),
      }),
  },
  {
    name: 'leaves-its-taint',
    rule: 'G6',
    deps: (deps) =>
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
    deps: (deps) => ({
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
    deps: (deps) => ({
      ...deps,
      temporal: { ...deps.temporal, signalRollout: async () => undefined },
    }),
  },
  {
    name: 'hears-every-word',
    rule: 'cost',
    // Nodes wait for their window while somebody writes them all the time.
    events: [
      ...[0, 1].map((pool) => ({
        when: { atMs: 0 },
        what: { kind: 'policy', pool, change: { closedForMs: 900_000 } } as const,
      })),
      ...[0, 1].map((node) => ({
        when: { atMs: 420_000 },
        what: { kind: 'node', node, how: 'babble', forMs: 720_000 } as const,
      })),
    ],
    activities: (activities) => ({
      ...activities,
      passGates: (asked) => activities.passGates({ ...asked, known: [], notBeforeMs: 0 }),
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

function ready(node: NodeFacts | undefined): NodeFacts | undefined {
  return node && { ...node, ready: true, readySinceMs: 0, heartbeatAtMs: Date.now() };
}
