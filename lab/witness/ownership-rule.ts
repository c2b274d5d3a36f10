import { readRollout } from '../../domain/node-contract.ts';
import type { NodeChange, NodeSight, PodMoved } from './contract.ts';
import { isOurs } from './sight.ts';

/** A node in the worker's hands. */
interface Custody {
  readonly sinceMs: number;
  /** Whether it has to be unschedulable when it is handed back: as found, or as others have left it since. */
  unschedulable: boolean;
  /** Somebody else uncordoned it, and when. */
  uncordoned?: { readonly by: string; readonly atMs: number };
}

/** So long after a node was handed back or uncordoned, evictions that were under way may still be answered. */
const UNDER_WAY_MS = 5_000;

/**
 * G6, for every node:
 * - the record says truly whose the cordon is: its own only where the node was schedulable before;
 * - the worker touches the cordon only of a node that bears its record, in the same revision or before;
 * - it lifts no cordon of others, and does not cordon again what others have uncordoned;
 * - when the record goes, the node is exactly as schedulable as before it came, or as others have left it since;
 * - the worker evicts only from nodes that bear its record and that nobody else has uncordoned;
 * - at the end nothing of a rollout is left on a node without one: no order, no answer, no taint, no lifecycle condition.
 */
export class Ownership {
  readonly #custody = new Map<string, Custody>();
  /** When each node was last handed back. */
  readonly #handedBack = new Map<string, number>();

  /** A node that is deleted in mid-rollout is out of the worker's hands then. */
  forget(name: string, atMs: number): void {
    if (this.#custody.delete(name)) this.#handedBack.set(name, atMs);
  }

  judge(change: NodeChange): string[] {
    const { before, now } = change;
    const had = this.#custody.get(now.name);
    if (before === undefined) {
      // One of the same name that was there before is another node.
      this.#handedBack.delete(now.name);
      if (now.rollout !== undefined) this.#custody.set(now.name, found(change));
      return [];
    }
    if (had === undefined && now.rollout !== undefined) return this.#take(change);
    if (had === undefined) return judgeStray(change);
    if (now.rollout === undefined) return this.#handBack(change, had);
    return judgeHeld(change, had);
  }

  judgePod({ node, pod, how, atMs }: PodMoved): string[] {
    const custody = this.#custody.get(node);
    if (custody === undefined || atMs < custody.sinceMs) {
      const lastMs = this.#handedBack.get(node) ?? Number.NEGATIVE_INFINITY;
      if (atMs <= lastMs + UNDER_WAY_MS) return [];
      return [`the worker ${how} ${pod} from ${node}, which was not in its hands`];
    }
    const { uncordoned } = custody;
    if (uncordoned === undefined || atMs <= uncordoned.atMs + UNDER_WAY_MS) return [];
    const since = `${uncordoned.by} had uncordoned at ${new Date(uncordoned.atMs).toISOString()}`;
    return [`the worker ${how} ${pod} from ${node}, which ${since}`];
  }

  #take(change: NodeChange): string[] {
    const { before, now, atMs } = change;
    const wasCordoned = before?.unschedulable === true;
    this.#custody.set(now.name, { sinceMs: atMs, unschedulable: wasCordoned });
    const record = readRollout(now.rollout);
    if (!isOurs(change) || !record?.ok || record.value.cordonedByUs === !wasCordoned) return [];
    return [
      wasCordoned
        ? `the record on ${now.name} claims a cordon that was there before it`
        : `the record on ${now.name} denies its own cordon: nobody had cordoned the node before`,
    ];
  }

  #handBack(change: NodeChange, { unschedulable }: Custody): string[] {
    const { now, atMs } = change;
    this.#custody.delete(now.name);
    this.#handedBack.set(now.name, atMs);
    // Whoever else removes the record answers for the node.
    if (!isOurs(change) || now.unschedulable === unschedulable) return [];
    // Nothing shall be put on a node that is being deleted.
    if (now.deleting && now.unschedulable) return [];
    return [
      unschedulable
        ? `${now.name} was handed back uncordoned, although somebody else had cordoned it`
        : `${now.name} was handed back cordoned, although it has to be schedulable`,
    ];
  }
}

/** What is left of a rollout on a node that has none. */
export function leftovers({ name, rollout, order, answer, taint, lifecycle }: NodeSight): string[] {
  if (rollout !== undefined) return [];
  const left = [
    ...(order === undefined ? [] : ['its order']),
    ...(answer === undefined ? [] : ['the answer to its order']),
    ...(taint === undefined ? [] : [`its taint ${taint}`]),
    ...lifecycle.map((type) => `the condition ${type}`),
  ];
  return left.length > 0 ? [`a rollout left ${left.join(', ')} on ${name}`] : [];
}

/** A rollout that was there at the first sight: its record is all there is to go by. */
function found({ now, atMs }: NodeChange): Custody {
  const record = readRollout(now.rollout);
  const foreign = record?.ok === true && !record.value.cordonedByUs;
  return { sinceMs: atMs, unschedulable: foreign };
}

/** A node without a record, before and after. */
function judgeStray(change: NodeChange): string[] {
  const { before, now } = change;
  if (before?.unschedulable === now.unschedulable || !isOurs(change)) return [];
  const how = now.unschedulable ? 'cordoned' : 'uncordoned';
  return [`the worker ${how} ${now.name} without a record of a rollout on it`];
}

/** A node with a record, before and after. */
function judgeHeld(change: NodeChange, custody: Custody): string[] {
  const { before, now, by, atMs } = change;
  if (before?.unschedulable === now.unschedulable) return [];
  if (!isOurs(change)) {
    custody.unschedulable = now.unschedulable;
    delete custody.uncordoned;
    if (!now.unschedulable) custody.uncordoned = { by: by.name, atMs };
    return [];
  }
  if (now.unschedulable && custody.uncordoned)
    return [`the worker cordoned ${now.name} again, which ${custody.uncordoned.by} had uncordoned`];
  if (!now.unschedulable && custody.unschedulable)
    return [`the worker uncordoned ${now.name}, although somebody else had cordoned it`];
  return [];
}
