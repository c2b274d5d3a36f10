import { fieldsOf } from './fields.ts';
import { requirementsIn, type Requirement } from './label-selector.ts';
import { sharedLabels } from './selector-overlap.ts';

/** A rule that is broken only by several pools together. */
export interface PoolProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A pool as far as it could be read. */
interface ReadPool {
  readonly name?: string;
  /** What its selector asks for. */
  readonly asks?: readonly Requirement[];
  readonly after: readonly unknown[];
  /** Where it sets which label. */
  readonly labels: readonly (readonly ['before' | 'after', string])[];
}

/** Each has a workflow of its own, and each is compared with every other. */
export const MOST_POOLS = 500;

/**
 * Pools of one name, pools that wait for each other, pools whose selectors share nodes, and labels that would move a node
 * from one to the other. Takes what is written, so that
 * it is told together with whatever is wrong inside the pools.
 */
export function poolProblems(written: unknown): PoolProblem[] {
  if (!Array.isArray(written)) return [];
  const pools = written.slice(0, MOST_POOLS).map(readPool);
  const waitsFor = allBefore(pools);
  return pools.flatMap((pool, index) => [
    ...sameName(pools, index),
    ...sameNodes(pools, index),
    ...waits(pool, index, waitsFor),
    ...movingLabels(pools, index),
  ]);
}

function readPool(written: unknown): ReadPool {
  const { name, nodes, after, labels } = fieldsOf(written);
  const asks = typeof nodes === 'string' ? requirementsIn(nodes) : undefined;
  return {
    ...(typeof name === 'string' && { name }),
    ...(asks && { asks }),
    after: Array.isArray(after) ? after : [],
    labels: (['before', 'after'] as const).flatMap((when) =>
      Object.keys(fieldsOf(fieldsOf(labels)[when])).map((key) => [when, key] as const),
    ),
  };
}

function sameName(pools: readonly ReadPool[], index: number): PoolProblem[] {
  const name = pools[index]?.name;
  if (name === undefined || pools.findIndex((other) => other.name === name) >= index) return [];
  return [{ path: [index, 'name'], message: `there is another pool named ${name}` }];
}

/** Only what the selectors themselves prove: nodes that happen to have the labels of two pools are left alone when they are seen. */
function sameNodes(pools: readonly ReadPool[], index: number): PoolProblem[] {
  const asks = pools[index]?.asks;
  if (asks === undefined) return [];
  return pools.slice(0, index).flatMap((earlier, at) => {
    const shared = earlier.asks && sharedLabels(earlier.asks, asks);
    if (shared === undefined) return [];
    const other = earlier.name === undefined ? `pools[${at}]` : `pool ${earlier.name}`;
    const message = `a node that matches ${shared} would be in ${other} too, and so be left alone: write selectors that exclude each other`;
    return [{ path: [index, 'nodes'], message }];
  });
}

function waits(
  { name, after }: ReadPool,
  index: number,
  waitsFor: ReadonlyMap<string, ReadonlySet<unknown>>,
): PoolProblem[] {
  return after.flatMap((first, at) => {
    if (typeof first !== 'string') return [];
    const path = [index, 'after', at];
    const before = waitsFor.get(first);
    if (!before) return [{ path, message: `there is no pool named ${first}` }];
    if (name === undefined || !(first === name || before.has(name))) return [];
    return [{ path, message: `pools ${name} and ${first} would wait for each other` }];
  });
}

/** A node that is no longer in its pool in mid-rollout, or is in another, would be left alone. */
function movingLabels(pools: readonly ReadPool[], index: number): PoolProblem[] {
  const labels = pools[index]?.labels ?? [];
  return labels.flatMap(([when, key]) => {
    const at = pools.findIndex(({ asks }) => asks?.some((requirement) => requirement.key === key));
    if (at < 0) return [];
    const reader = pools[at]?.name === undefined ? `pools[${at}]` : `pool ${pools[at].name}`;
    const message = `the selector of ${reader} reads this label, so a node would leave or enter that pool: take another`;
    return [{ path: [index, 'labels', when, key], message }];
  });
}

/** By the name of each pool, all those it has to wait for, directly or through others. */
function allBefore(pools: readonly ReadPool[]): ReadonlyMap<string, ReadonlySet<unknown>> {
  const direct = new Map<unknown, readonly unknown[]>();
  for (const { name, after } of pools.toReversed()) direct.set(name, after);
  const named = pools.flatMap(({ name }) => name ?? []);
  return new Map(
    named.map((name) => {
      const before = new Set(direct.get(name));
      // What is added meanwhile is gone through as well.
      for (const one of before) for (const next of direct.get(one) ?? []) before.add(next);
      return [name, before];
    }),
  );
}
