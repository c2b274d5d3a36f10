import { readRollout, type LabelChange } from '../../domain/node-contract.ts';
import type { NodeChange, NodeSight, PoolLimits } from './contract.ts';
import { isOurs } from './sight.ts';

type Labels = NodeSight['labels'];

/** What was seen of a node when it was taken. */
interface Taken {
  readonly bootId: string;
  /** The labels that were set with the record, and what was there before. */
  readonly set: ReadonlyMap<string, { readonly found: string | undefined; readonly set: string }>;
}

/**
 * G6, for the labels and taints of every node:
 * - the worker changes a label only together with the coming or going of its record, which says what was found;
 * - when it hands a node back without a reboot, the labels are as they were found, or as others have left them since;
 * - after a reboot they are as the policy wants them besides;
 * - it puts on and takes off no other taint than the one that its annotation names, and none that was there before it;
 * - a node that it takes bears that taint no more.
 */
export class Marks {
  readonly #taken = new Map<string, Taken>();

  forget(name: string): void {
    this.#taken.delete(name);
  }

  /** `pools`: what may rightly have been in force for the node; a text where it was in no pool. */
  judge(change: NodeChange, pools: readonly (PoolLimits | string)[]): string[] {
    const { before, now } = change;
    const taken = this.#taken.get(now.name);
    if (now.rollout === undefined) this.#taken.delete(now.name);
    else if (before?.rollout === undefined) this.#taken.set(now.name, takenIn(change));
    if (before === undefined || !isOurs(change)) return [];
    return [...judgeLabels({ before, now, taken, pools }), ...judgeTaints(before, now)];
  }
}

function takenIn({ before, now }: NodeChange): Taken {
  const record = readRollout(now.rollout);
  const labels = record?.ok ? (record.value.labels ?? {}) : {};
  const bootId = record?.ok ? record.value.bootIdBefore : now.bootId;
  // At the first sight its record is all there is to go by.
  const changed = before
    ? differing(before.labels, now.labels).map((key) => {
        return [key, { found: before.labels[key], set: now.labels[key] ?? '' }] as const;
      })
    : Object.entries(labels).map(([key, { found, set }]) => {
        return [key, { found: found ?? undefined, set }] as const;
      });
  return { bootId, set: new Map(changed) };
}

interface Sights {
  readonly before: NodeSight;
  readonly now: NodeSight;
  readonly taken: Taken | undefined;
  readonly pools: readonly (PoolLimits | string)[];
}

function judgeLabels({ before, now, taken, pools }: Sights): string[] {
  if (before.rollout === undefined && now.rollout !== undefined) return judgeRecord(before, now);
  if (now.rollout === undefined && taken) return judgeHandBack({ before, now, taken, pools });
  const changed = differing(before.labels, now.labels);
  return [
    ...changed.map((key) => `the worker changed the label ${key} of ${now.name} in between`),
    ...(JSON.stringify(labelsIn(before)) === JSON.stringify(labelsIn(now))
      ? []
      : [`the record on ${now.name} has forgotten what was found of its labels`]),
  ];
}

function labelsIn({ rollout }: NodeSight): Readonly<Record<string, LabelChange>> {
  const record = readRollout(rollout);
  return (record?.ok && record.value.labels) || {};
}

/** The record says of each label what was found and what was set. */
function judgeRecord(before: NodeSight, now: NodeSight): string[] {
  const said = labelsIn(now);
  const keys = new Set([...Object.keys(said), ...differing(before.labels, now.labels)]);
  return [...keys]
    .filter((key) => {
      const { found, set } = said[key] ?? {};
      return found !== (before.labels[key] ?? null) || set !== now.labels[key];
    })
    .map((key) => `the record on ${now.name} does not say what was found of its label ${key}`);
}

function judgeHandBack({ before, now, taken, pools }: Sights & { taken: Taken }): string[] {
  const found = undone(before.labels, taken);
  if (now.bootId === taken.bootId) {
    if (isSame(now.labels, found)) return [];
    return [`${now.name} was handed back with labels ${say(now.labels)} instead of ${say(found)}`];
  }
  const wanted = pools.map((pool) => {
    const after = typeof pool === 'string' ? undefined : pool.labelsAfter;
    return after ? { ...before.labels, ...after } : found;
  });
  const [first] = wanted;
  if (!first || wanted.some((labels) => isSame(now.labels, labels))) return [];
  const words = `with labels ${say(now.labels)} instead of ${say(first)}`;
  return [`${now.name} was handed back after its reboot ${words}`];
}

/** What was set is what was found again; another value is somebody else's. */
function undone(labels: Labels, { set }: Taken): Labels {
  const entries = Object.entries(labels).flatMap(([key, value]) => {
    const change = set.get(key);
    if (change?.set !== value) return [[key, value] as const];
    return change.found === undefined ? [] : [[key, change.found] as const];
  });
  return Object.fromEntries(entries);
}

function judgeTaints(before: NodeSight, now: NodeSight): string[] {
  const { name } = now;
  const isNamed = before.taint !== now.taint;
  const [mine, former] = isNamed ? [taintOf(now), taintOf(before)] : [];
  const added = differenceOf(now, before);
  const removed = differenceOf(before, now);
  const foreign = added.filter((taint) => taint !== mine);
  const lost = removed.filter((taint) => taint !== former);
  const claimed = mine !== undefined && !added.includes(mine);
  const left = former !== undefined && now.taints.includes(former);
  return [
    ...foreign.map((taint) => `the worker put the taint ${taint} on ${name} without naming it`),
    ...lost.map((taint) => `the worker took the taint ${taint} off ${name}, which is not its own`),
    ...(claimed ? [`the worker claims the taint ${mine} on ${name}, which it has not put on`] : []),
    ...(left ? [`the worker left its taint ${former} on ${name}, and names it no more`] : []),
    ...whoWaits(now),
  ];
}

/**
 * Kubernetes keeps this one in step with the cordon, by a write of its own. Where an API server was killed, nobody may have seen
 * that write by itself, and it shows together with the next.
 */
const OF_THE_CORDON = 'node.kubernetes.io/unschedulable:NoSchedule';

const differenceOf = ({ taints }: NodeSight, other: NodeSight): string[] =>
  taints.filter((taint) => taint !== OF_THE_CORDON && !other.taints.includes(taint));

function whoWaits({ name, taint, rollout }: NodeSight): string[] {
  if (taint === undefined || rollout === undefined) return [];
  return [`${name} is in a rollout and bears the taint ${taint} of those who wait`];
}

/** As it is seen, if it is as the worker writes it. */
function taintOf({ taint }: NodeSight): string | undefined {
  return taint === undefined ? undefined : `${taint}:PreferNoSchedule`;
}

function differing(one: Labels, other: Labels): string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => one[key] !== other[key]);
}

const isSame = (one: Labels, other: Labels): boolean => differing(one, other).length === 0;

const say = (labels: Labels): string =>
  Object.entries(labels)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
