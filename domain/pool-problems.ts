import { fieldsOf } from './fields.ts';
import { requirementsIn } from './label-selector.ts';
import { sharedLabels } from './selector-overlap.ts';

/** A rule that is broken only by several pools together. */
export interface PoolProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A pool as far as it could be read. */
interface ReadPool {
  readonly name?: string;
  readonly nodes?: string;
  readonly after: readonly unknown[];
  /** Where it sets which label. */
  readonly labels: readonly (readonly ['before' | 'after', string])[];
}

/**
 * Pools of one name, pools that wait for each other, pools whose selectors share nodes, and labels that would move a node
 * from one to the other. Takes what is written, so that
 * it is told together with whatever is wrong inside the pools.
 */
export function poolProblems(written: unknown): PoolProblem[] {
  if (!Array.isArray(written)) return [];
  const pools = written.map(readPool);
  return pools.flatMap((_, index) => [
    ...sameName(pools, index),
    ...sameNodes(pools, index),
    ...waits(pools, index),
    ...movingLabels(pools, index),
  ]);
}

function readPool(written: unknown): ReadPool {
  const { name, nodes, after, labels } = fieldsOf(written);
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof nodes === 'string' && { nodes }),
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
  const nodes = pools[index]?.nodes;
  if (nodes === undefined) return [];
  return pools.slice(0, index).flatMap((earlier, at) => {
    const shared = earlier.nodes === undefined ? undefined : sharedLabels(earlier.nodes, nodes);
    if (shared === undefined) return [];
    const other = earlier.name === undefined ? `pools[${at}]` : `pool ${earlier.name}`;
    const message = `a node that matches ${shared} would be in ${other} too, and so be left alone: write selectors that exclude each other`;
    return [{ path: [index, 'nodes'], message }];
  });
}

function waits(pools: readonly ReadPool[], index: number): PoolProblem[] {
  const { name, after } = pools[index] ?? { after: [] };
  return after.flatMap((first, at) => {
    if (typeof first !== 'string') return [];
    const path = [index, 'after', at];
    if (!pools.some((other) => other.name === first)) {
      return [{ path, message: `there is no pool named ${first}` }];
    }
    if (name === undefined || !goesAfter(pools, first, name)) return [];
    return [{ path, message: `pools ${name} and ${first} would wait for each other` }];
  });
}

/** A node that is no longer in its pool in mid-rollout, or is in another, would be left alone. */
function movingLabels(pools: readonly ReadPool[], index: number): PoolProblem[] {
  const labels = pools[index]?.labels ?? [];
  return labels.flatMap(([when, key]) => {
    const at = pools.findIndex(({ nodes = '' }) =>
      requirementsIn(nodes)?.some((requirement) => requirement.key === key),
    );
    if (at < 0) return [];
    const reader = pools[at]?.name === undefined ? `pools[${at}]` : `pool ${pools[at].name}`;
    const message = `the selector of ${reader} reads this label, so a node would leave or enter that pool: take another`;
    return [{ path: [index, 'labels', when, key], message }];
  });
}

/** Whether a pool has to wait for another, directly or through others. */
function goesAfter(
  pools: readonly ReadPool[],
  name: unknown,
  other: string,
  seen: ReadonlySet<unknown> = new Set(),
): boolean {
  if (name === other) return true;
  if (seen.has(name)) return false;
  const after = pools.find((pool) => pool.name === name)?.after ?? [];
  return after.some((first) => goesAfter(pools, first, other, new Set([...seen, name])));
}
