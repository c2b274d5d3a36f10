import { requirementsIn } from '../../domain/label-selector.ts';
import { sharedLabels } from '../../domain/selector-overlap.ts';
import { loud, quiet, type Note, type Scheduling, type Term } from './kured.ts';

/** One condition on a node's labels. */
type Requirement = Term['matchExpressions'][number];

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const POOL = 'lockkeeper.io/pool';

/**
 * The nodes a DaemonSet runs on, as one label selector. What no selector can say (alternatives, Gt, Lt, names) becomes a
 * label that a person has to put on the nodes first: until then the pool is empty, and nothing is rebooted by mistake.
 */
export function nodesOf(scheduling: Scheduling, pool: string): { nodes: string; notes: Note[] } {
  const { said, unsaid, notes } = conditions(scheduling);
  const parts = said.map(sayRequirement);
  if (unsaid.length > 0) {
    parts.push(`${POOL}=${pool}`);
    const text = `no label selector says this: ${unsaid.join(' and ')}. Put the label on these nodes, or the pool stays empty: kubectl label node NODE ${POOL}=${pool}`;
    notes.push(loud('nodeAffinity', text));
  } else {
    if (parts.length === 0) parts.push('kubernetes.io/os=linux');
    const isTold = said.some(({ key }) => key === CONTROL_PLANE);
    if (!isTold && !toleratesControlPlane(scheduling)) parts.push(`!${CONTROL_PLANE}`);
  }
  return { nodes: parts.join(','), notes: [...notes, ...tolerationNote(scheduling, parts)] };
}

/** What a selector can say, and what it cannot. */
function conditions({ nodeSelector, affinity }: Scheduling) {
  const selector = Object.entries(nodeSelector ?? {}).map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const { terms, isPreferred } = affinity;
  const fromTerms = oneTerm(terms);
  const unsaid = selector.filter((one) => !isReadable(one)).map(sayCondition);
  if (fromTerms === undefined) unsaid.push(terms.map(sayTerm).join('; or '));
  const text = 'preferences exclude no node, so there is nothing to convert';
  const notes: Note[] = isPreferred ? [quiet('nodeAffinity', text)] : [];
  return { said: [...selector.filter(isReadable), ...(fromTerms ?? [])], unsaid, notes };
}

/** The selectors of two pools that are sure to share nodes and would be refused: one of them gets only nodes that a person has labelled. */
export function setApart(
  [earlier, later]: readonly [string, string],
  [name, other]: readonly [string, string],
): readonly [string, string] | undefined {
  const [first, second] = [requirementsIn(earlier), requirementsIn(later)];
  if (!first || !second || sharedLabels(first, second) === undefined) return undefined;
  const isLabelled = (nodes: string, pool: string) => nodes.split(',').includes(`${POOL}=${pool}`);
  if (isLabelled(earlier, name)) return [earlier, `${later},${POOL}!=${name}`];
  const labelled = isLabelled(later, other) ? later : `${later},${POOL}=${other}`;
  return [`${earlier},${POOL}!=${other}`, labelled];
}

/** Whether the selector that says it is read as just this. */
function isReadable(one: Requirement): boolean {
  if (!/^(In|NotIn|Exists|DoesNotExist)$/.test(one.operator)) return false;
  const values = one.operator.endsWith('In') ? one.values : [];
  const [read, second] = requirementsIn(sayRequirement(one)) ?? [];
  const isOne = read?.key === one.key && second === undefined;
  return isOne && String(read.values) === String(values);
}

function sayRequirement({ key, operator, values }: Requirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  const not = operator === 'NotIn';
  if (values.length < 2) return `${key}${not ? '!=' : '='}${values[0]}`;
  return `${key} ${not ? 'notin' : 'in'} (${values.join(',')})`;
}

const isSayable = ({ matchExpressions: all, matchFields }: Term): boolean =>
  matchFields.length === 0 && all.length > 0 && all.every(isReadable);

/** The conditions of all terms as one list, none for no terms, undefined where a selector cannot say it. */
function oneTerm(terms: readonly Term[]): readonly Requirement[] | undefined {
  const [first, second] = terms;
  if (!terms.every(isSayable)) return undefined;
  if (second === undefined) return first?.matchExpressions ?? [];
  // Alternatives that are all values of the same label are one "in".
  const key = first?.matchExpressions[0]?.key ?? '';
  const all = terms.flatMap(({ matchExpressions }) => matchExpressions);
  const alike = all.every((one) => one.key === key && one.operator === 'In');
  if (!alike || all.length > terms.length) return undefined;
  return [{ key, operator: 'In', values: [...new Set(all.flatMap(({ values }) => values))] }];
}

const sayTerm = ({ matchExpressions, matchFields }: Term): string =>
  [...matchExpressions, ...matchFields].map(sayCondition).join(' and ');

const sayCondition = ({ key, operator, values }: Requirement): string =>
  `${key} ${operator} ${values.join(',')}`.trim();

/** Without a toleration for it, kured did not run on a tainted control plane. */
const toleratesControlPlane = ({ tolerations }: Scheduling): boolean =>
  tolerations.some(
    ({ key, value, effect }) =>
      (!key || key === CONTROL_PLANE) && !value && (!effect || effect === 'NoSchedule'),
  );

/** Which nodes bear taints stands in no manifest, so people are shown how to look. */
function tolerationNote({ tolerations }: Scheduling, parts: readonly string[]): Note[] {
  const isAll = tolerations.some((one) => !one.key && one.operator === 'Exists' && !one.effect);
  if (isAll) return [];
  const out = `!${CONTROL_PLANE}`;
  const where = parts.includes(out)
    ? ` The control plane is left out, because kured did not tolerate its usual taint; where it bears none, as with k3s, kured ran there too: take ${out} away.`
    : '';
  const text = `kured ran only where its tolerations let it, and Lockkeeper's agent runs everywhere: nodes with other taints are in this pool too, unless the selector excludes them.${where} To see which nodes that is about: kubectl get nodes -o 'custom-columns=NODE:.metadata.name,TAINTS:.spec.taints[*].key'`;
  return [loud('tolerations', text)];
}
