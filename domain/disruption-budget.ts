/** What a PodDisruptionBudget says, for naming the one that blocks an eviction. Pure. */

type Labels = Readonly<Record<string, string>>;

/** A LabelSelector as Kubernetes writes it in objects. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface DisruptionBudget {
  readonly name: string;
  /** Absent selects no pod, an empty one every pod of the namespace (policy/v1). */
  readonly selector?: LabelSelector;
  readonly allowed: number;
  readonly healthy: number;
  readonly desired: number;
  readonly expected: number;
}

export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  return equal && (selector.matchExpressions ?? []).every((wanted) => holds(wanted, labels));
}

/** For people: `disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed)`. */
export function budgetLine({
  name,
  allowed,
  healthy,
  desired,
  expected,
}: DisruptionBudget): string {
  const numbers = `${healthy} of ${expected} pods healthy, ${desired} needed`;
  return `disruption budget ${name} allows ${allowed} disruptions (${numbers})`;
}

function holds(
  wanted: { key: string; operator: string; values?: readonly string[] },
  labels: Labels,
): boolean {
  const value = labels[wanted.key];
  const listed = value !== undefined && (wanted.values ?? []).includes(value);
  switch (wanted.operator) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // An operator of a newer Kubernetes: named as a possible blocker rather than passed over.
      return true;
  }
}
