import { fieldsOf } from './fields.ts';
import type { NodeFacts } from './node-facts.ts';

/**
 * Whether the DaemonSet controller would put a pod of a DaemonSet on a node: by its node selector, required node affinity and
 * tolerations (kubernetes, pkg/controller/daemon, `NodeShouldRunDaemonPod`). Pure; the object is JSON that others wrote.
 */

type Node = Pick<NodeFacts, 'name' | 'labels' | 'taints'>;

/** What is written in a way that nobody knows counts as wanted: then its pod is waited for. */
export function wantsNode(daemonSet: unknown, node: Node): boolean {
  const { metadata, spec } = fieldsOf(daemonSet);
  if (fieldsOf(metadata)['deletionTimestamp'] !== undefined) return false;
  const pod = fieldsOf(fieldsOf(fieldsOf(spec)['template'])['spec']);
  return isSelected(pod, node) && isTolerated(pod, node);
}

type Fields = Readonly<Record<string, unknown>>;

function isSelected({ nodeName, nodeSelector, affinity }: Fields, node: Node): boolean {
  if (typeof nodeName === 'string' && nodeName !== '' && nodeName !== node.name) return false;
  const labels = Object.entries(fieldsOf(nodeSelector));
  if (labels.some(([key, value]) => node.labels[key] !== value)) return false;
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = fieldsOf(
    fieldsOf(affinity)['nodeAffinity'],
  );
  const terms = listOf(fieldsOf(required)['nodeSelectorTerms']);
  return required === undefined || terms.some((term) => holdsTerm(term, node));
}

/** All of a term has to hold, and one of the terms; a term with nothing in it selects no node. */
function holdsTerm({ matchExpressions, matchFields }: Fields, { name, labels }: Node): boolean {
  const wanted = [
    ...listOf(matchExpressions).map((one) => holds(one, labels[String(one['key'])])),
    // There is no other field than the name.
    ...listOf(matchFields).map((one) => holds(one, name)),
  ];
  return wanted.length > 0 && wanted.every(Boolean);
}

function holds({ operator, values }: Fields, value: string | undefined): boolean {
  const listed = Array.isArray(values) ? values : [];
  switch (operator) {
    case 'In':
      return value !== undefined && listed.includes(value);
    case 'NotIn':
      return value === undefined || !listed.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(listed[0]);
    case 'Lt':
      return Number(value) < Number(listed[0]);
    default:
      return true;
  }
}

/** Every pod of a DaemonSet tolerates these (kubernetes, `AddOrUpdateDaemonPodTolerations`). */
const ALWAYS_TOLERATED = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
].map((name) => `node.kubernetes.io/${name}`);

function isTolerated({ tolerations, hostNetwork }: Fields, { taints }: Node): boolean {
  const keys = [
    ...ALWAYS_TOLERATED,
    ...(hostNetwork === true ? ['node.kubernetes.io/network-unavailable'] : []),
  ];
  return taints
    .filter(({ key, effect }) => effect !== 'PreferNoSchedule' && !keys.includes(key))
    .every((taint) => listOf(tolerations).some((toleration) => covers(toleration, taint)));
}

function covers(
  { key, operator, value, effect }: Fields,
  taint: NodeFacts['taints'][number],
): boolean {
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false;
  if (key !== undefined && key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || (value ?? '') === (taint.value ?? '');
}

const listOf = (entries: unknown): Fields[] =>
  Array.isArray(entries) ? entries.map((entry) => fieldsOf(entry)) : [];
