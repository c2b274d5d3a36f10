import {
  ANNOTATION,
  LIFECYCLE_CONDITIONS,
  LIFECYCLE_REASON,
  REBOOT_REQUIRED,
} from '../../domain/node-contract.ts';
import {
  nodeFacts,
  type NodeFacts,
  type NodeObject,
  type NodeTaint,
} from '../../domain/node-facts.ts';
import { isProtected } from '../../domain/labels-and-taint-schema.ts';
import { removeTaint, undoLabels, type LabelPatch } from '../../domain/labels-and-taint.ts';
import { present } from '../../domain/present.ts';

/** What is ours on one Node. */
export interface Leftovers {
  readonly node: string;
  /** What was read: a write that names it is refused once the node has changed. */
  readonly resourceVersion: string;
  readonly annotations: readonly string[];
  readonly conditions: readonly string[];
  /** A rollout cordoned it and is not there any more to lift it. */
  readonly cordon: boolean;
  /** What a rollout has left of its labels, as they were found; null: not at all. */
  readonly labels?: LabelPatch;
  /** The taint of ours on it, and the list without it. */
  readonly taint?: { readonly key: string; readonly left: readonly NodeTaint[] };
  /** A person's word, which goes with the rest. */
  readonly hold?: string;
}

const PREFIX = 'lockkeeper.io/';

/** What of ours is on the node; undefined when there is nothing. */
export function leftoversOf(node: NodeObject): Leftovers | undefined {
  const annotations = node.metadata?.annotations ?? {};
  const ours = Object.keys(annotations).filter((key) => key.startsWith(PREFIX));
  const conditions = (node.status?.conditions ?? []).filter(isOurs).map(({ type }) => type);
  if (ours.length + conditions.length === 0) return undefined;
  const facts = nodeFacts(node);
  const { name, resourceVersion } = facts;
  const hold = annotations[ANNOTATION.hold];
  return {
    node: name,
    resourceVersion,
    annotations: ours,
    conditions,
    cordon: isCordonedByUs(facts),
    ...marksOf(facts),
    ...present({ hold }),
  };
}

/** A record is as good as who may write the Node: what no policy can name is not believed of it either. */
function marksOf(node: NodeFacts): Pick<Leftovers, 'labels' | 'taint'> {
  const { rollout, ourTaint: key } = node;
  const found = Object.entries(rollout?.ok ? undoLabels(node.labels, rollout.value) : {});
  const labels = Object.fromEntries(found.filter(([label]) => !isProtected(label)));
  const { taints: left } = removeTaint(node) ?? {};
  return {
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(key !== undefined && left ? { taint: { key, left } } : {}),
  };
}

function isCordonedByUs({ unschedulable, rollout }: NodeFacts): boolean {
  return unschedulable && rollout?.ok === true && rollout.value.cordonedByUs;
}

function isOurs({ type, reason }: { type: string; reason?: string }): boolean {
  if (type === REBOOT_REQUIRED) return true;
  return reason === LIFECYCLE_REASON && LIFECYCLE_CONDITIONS.some((ours) => ours === type);
}

/** For people: "worker-7: 2 annotations, RebootRequired, the cordon". */
export function sayLeftovers(found: Leftovers): string {
  const { node, annotations, conditions, cordon, labels = {}, taint, hold } = found;
  const count = annotations.length;
  const parts = [
    ...(count > 0 ? [`${count} ${count === 1 ? 'annotation' : 'annotations'}`] : []),
    ...conditions,
    ...(cordon ? ['the cordon'] : []),
    ...Object.keys(labels).map((key) => `the label ${key}`),
    ...(taint ? [`the taint ${taint.key}`] : []),
    ...(hold === undefined ? [] : [`the hold "${hold}"`]),
  ];
  return `${node}: ${parts.join(', ')}`;
}
