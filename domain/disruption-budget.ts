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
  /** Why the disruption controller could not count, in its own words. */
  readonly failure?: string;
}

export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  return equal && (selector.matchExpressions ?? []).every((wanted) => holds(wanted, labels));
}

/** For people: `disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed)`, or why it cannot count. */
export function budgetLine(budget: DisruptionBudget): string {
  const { name, allowed } = budget;
  return `disruption budget ${name} allows ${allowed} disruptions${whyOf(budget)}`;
}

function whyOf({ allowed, healthy, desired, expected, failure }: DisruptionBudget): string {
  if (failure !== undefined) return `: ${failure}`;
  // Pods without a controller are not expected (kubernetes, pkg/controller/disruption, the Event UnmanagedPods).
  if (allowed === 0 && expected < healthy) {
    return `: it cannot count pods that no controller has made (${healthy} healthy, ${expected} expected); give it minAvailable as a number`;
  }
  return ` (${healthy} of ${expected} pods healthy, ${desired} needed)`;
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
