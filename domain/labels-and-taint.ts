import { labelOf, type Labels } from './label-selector.ts';
import { ANNOTATION, type LabelChange, type RolloutRecord } from './node-contract.ts';
import type { NodeFacts, NodeTaint } from './node-facts.ts';
import { present } from './present.ts';

/** What a pool may have written on its nodes for others to see: labels before and after a reboot, a taint while a node waits. */

const EFFECT = 'PreferNoSchedule';

/** Labels to write; null removes one. */
export type LabelPatch = Readonly<Record<string, string | null>>;

/** What is found of the labels that are about to be set. */
export function changesOf(found: Labels, before: Labels): Record<string, LabelChange> {
  const entries = Object.entries(before).map(([key, set]) => {
    return [key, { found: labelOf(found, key) ?? null, set }] as const;
  });
  return Object.fromEntries(entries);
}

/** The labels as they were found; one that somebody else has changed since is left to them. */
export function undoLabels(now: Labels, { labels = {} }: Pick<RolloutRecord, 'labels'>) {
  const ours = Object.entries(labels).filter(([key, { set }]) => labelOf(now, key) === set);
  return Object.fromEntries(ours.map(([key, { found }]) => [key, found])) satisfies LabelPatch;
}

/** A record of whose labels only those are left that the pool sets or has set before a reboot. */
export function withinPolicy(
  { labels, ...record }: RolloutRecord,
  pool: { readonly before?: Labels | undefined; readonly after?: Labels | undefined } = {},
): RolloutRecord {
  const keys = new Set([...Object.keys(pool.before ?? {}), ...Object.keys(pool.after ?? {})]);
  const left = Object.entries(labels ?? {}).filter(([key]) => keys.has(key));
  return { ...record, ...(left.length > 0 ? { labels: Object.fromEntries(left) } : {}) };
}

interface TaintPatch {
  /** The whole list; absent: as it is. */
  readonly taints?: readonly NodeTaint[];
  readonly annotations: Readonly<Record<string, string | null>>;
}

type Tainted = Pick<NodeFacts, 'taints' | 'ourTaint'>;

/** Puts the taint on, in place of a former one of ours; undefined where it is on already, or is somebody else's. */
export function addTaint(node: Tainted, key: string): TaintPatch | undefined {
  if (node.ourTaint === key) return undefined;
  const { taints = node.taints } = removeTaint(node) ?? {};
  if (taints.some((taint) => taint.key === key && taint.effect === EFFECT)) return undefined;
  return {
    taints: [...taints, { key, effect: EFFECT }],
    annotations: { [ANNOTATION.taint]: key },
  };
}

/** Takes off the taint that our annotation names; undefined without one. A taint that nobody says is ours is never touched. */
export function removeTaint({ taints, ourTaint }: Tainted): TaintPatch | undefined {
  if (ourTaint === undefined) return undefined;
  const left = taints.filter((taint) => !isOurs(taint, ourTaint));
  return {
    ...present({ taints: left.length < taints.length ? left : undefined }),
    annotations: { [ANNOTATION.taint]: null },
  };
}

/** We give it no value: with one it is somebody else's. */
function isOurs({ key, value = '', effect }: NodeTaint, ours: string): boolean {
  return key === ours && effect === EFFECT && value === '';
}
