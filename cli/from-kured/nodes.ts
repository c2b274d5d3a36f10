import { requirementsIn } from '../../domain/label-selector.ts';
import type { Scheduling, Term } from './kured.ts';
import { loud, quiet, type Note } from './notes.ts';

/** One condition on a node's labels. */
interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface NodeChoice {
  /** For the pool's `nodes`. */
  readonly selector: string;
  readonly requirements: readonly Requirement[];
  readonly notes: readonly Note[];
}

const ALL: Requirement = { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] };
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const POOL = 'lockkeeper.io/pool';

/**
 * The nodes a DaemonSet runs on, as one label selector. What no selector can say (alternatives, Gt, Lt, names) becomes a
 * label that a person has to put on the nodes first: until then the pool is empty, and nothing is rebooted by mistake.
 */
export function nodesOf(scheduling: Scheduling, pool: string): NodeChoice {
  const terms = requiredTerms(scheduling);
  const fromSelector = Object.entries(scheduling.nodeSelector ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  );
  const said = fromSelector.filter(isReadable);
  const fromTerms = oneTerm(terms);
  const notes = [...preferenceNote(scheduling), ...tolerationNote(scheduling)];
  const unsaid = [
    ...fromSelector.filter((one) => !isReadable(one)).map(sayCondition),
    ...(fromTerms === undefined ? [sayTerms(terms)] : []),
  ];
  if (unsaid.length > 0) {
    const asked = [...said, ...(fromTerms ?? []), labelled(pool)];
    return choice(asked, [...notes, labelNote(unsaid.join(' and '), pool)]);
  }
  const asked = [...said, ...(fromTerms ?? [])];
  return choice([...(asked.length > 0 ? asked : [ALL]), ...workersOnly(scheduling, asked)], notes);
}

/** Of these nodes only those that a person has labelled for the pool. */
export function onlyLabelled(nodes: NodeChoice, pool: string): NodeChoice {
  if (isLabelled(nodes, pool)) return nodes;
  return choice([...nodes.requirements, labelled(pool)], nodes.notes);
}

/** Of these nodes only those that nobody has labelled for the pool. */
export function notLabelled(nodes: NodeChoice, pool: string): NodeChoice {
  const others: Requirement = { key: POOL, operator: 'NotIn', values: [pool] };
  return choice([...nodes.requirements, others], nodes.notes);
}

/** Whether they are chosen by the label that a person gives them for the pool. */
export function isLabelled({ requirements }: NodeChoice, pool: string): boolean {
  return requirements.some(
    ({ key, operator, values }) => key === POOL && operator === 'In' && String(values) === pool,
  );
}

const labelled = (pool: string): Requirement => ({ key: POOL, operator: 'In', values: [pool] });

/** Whether a node could match both: false only where one label proves that it cannot. */
export function mayOverlap(one: NodeChoice, other: NodeChoice): boolean {
  return !one.requirements.some((left) =>
    other.requirements.some((right) => left.key === right.key && exclude(left, right)),
  );
}

function exclude(left: Requirement, right: Requirement): boolean {
  return excludes(left, right) || excludes(right, left);
}

function excludes(left: Requirement, right: Requirement): boolean {
  if (right.operator === 'DoesNotExist') return ['In', 'Exists'].includes(left.operator);
  if (left.operator !== 'In') return false;
  if (right.operator === 'In') return !left.values.some((value) => right.values.includes(value));
  return right.operator === 'NotIn' && left.values.every((value) => right.values.includes(value));
}

function choice(requirements: readonly Requirement[], notes: readonly Note[]): NodeChoice {
  return { selector: requirements.map(sayRequirement).join(','), requirements, notes };
}

const SAYABLE = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Whether the selector that says it is read as just this. */
function isReadable(one: Requirement): boolean {
  if (!SAYABLE.includes(one.operator)) return false;
  const values = one.operator.endsWith('In') ? one.values : [];
  const [read, second] = requirementsIn(sayRequirement(one)) ?? [];
  if (read?.key !== one.key || second !== undefined) return false;
  return String(read.values) === String(values);
}

function sayRequirement({ key, operator, values }: Requirement): string {
  const [only, second] = values;
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'NotIn':
      return second === undefined ? `${key}!=${only}` : `${key} notin (${values.join(',')})`;
    default:
      return second === undefined ? `${key}=${only}` : `${key} in (${values.join(',')})`;
  }
}

const requiredTerms = ({ affinity }: Scheduling): readonly Term[] =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

/** The conditions of all terms as one list, none for no terms, undefined where a selector cannot say it. */
function oneTerm(terms: readonly Term[]): readonly Requirement[] | undefined {
  const [first, ...others] = terms;
  if (first === undefined) return [];
  if (others.length === 0) return isSayable(first) ? first.matchExpressions : undefined;
  return sameLabel(terms);
}

function isSayable({ matchExpressions, matchFields }: Term): boolean {
  return (
    matchFields.length === 0 && matchExpressions.length > 0 && matchExpressions.every(isReadable)
  );
}

/** Alternatives that are all values of the same label are one "in". */
function sameLabel(terms: readonly Term[]): readonly Requirement[] | undefined {
  const expressions = terms.flatMap((term) => (isSayable(term) ? term.matchExpressions : []));
  const [first] = expressions;
  const alike = terms.every(
    ({ matchExpressions: [one, second] }) =>
      one?.key === first?.key && one?.operator === 'In' && second === undefined,
  );
  if (first === undefined || !alike || expressions.length < terms.length) return undefined;
  const values = [...new Set(expressions.flatMap((one) => one.values))];
  return [{ key: first.key, operator: 'In', values }];
}

const sayTerms = (terms: readonly Term[]): string =>
  terms
    .map(({ matchExpressions, matchFields }) =>
      [...matchExpressions, ...matchFields].map(sayCondition).join(' and '),
    )
    .join('; or ');

const sayCondition = ({ key, operator, values }: Requirement): string =>
  `${key} ${operator} ${values.join(',')}`.trim();

function labelNote(said: string, pool: string): Note {
  const text = `no label selector says this: ${said}. Put the label on these nodes, or the pool stays empty: kubectl label node NODE lockkeeper.io/pool=${pool}`;
  return loud('nodeAffinity', text);
}

function preferenceNote({ affinity }: Scheduling): Note[] {
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  if (preferred.length === 0) return [];
  return [quiet('nodeAffinity', 'preferences exclude no node, so there is nothing to convert')];
}

/** Without a toleration for it, kured did not run on a tainted control plane. */
function workersOnly(scheduling: Scheduling, asked: readonly Requirement[]): Requirement[] {
  if (toleratesControlPlane(scheduling) || asked.some(({ key }) => key === CONTROL_PLANE))
    return [];
  return [{ key: CONTROL_PLANE, operator: 'DoesNotExist', values: [] }];
}

function toleratesControlPlane({ tolerations }: Scheduling): boolean {
  return tolerations.some(
    ({ key, value, effect }) =>
      (!key || key === CONTROL_PLANE) && !value && (!effect || effect === 'NoSchedule'),
  );
}

function tolerationNote(scheduling: Scheduling): Note[] {
  const { tolerations } = scheduling;
  if (tolerations.some(({ key, operator, effect }) => !key && operator === 'Exists' && !effect)) {
    return [];
  }
  const where = toleratesControlPlane(scheduling)
    ? ''
    : ' The control plane is left out, because kured did not tolerate its taint.';
  const text = `kured ran only where its tolerations let it, and Lockkeeper's agent runs everywhere: nodes with other taints are in this pool too, unless the selector excludes them.${where}`;
  return [quiet('tolerations', text)];
}
