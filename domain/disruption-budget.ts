import { z } from 'zod';
import { words } from './outside.ts';
import type { PodFacts } from './pod-verdict.ts';
import { present } from './present.ts';

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
  readonly namespace: string;
  readonly name: string;
  /** Absent selects no pod, an empty one every pod of the namespace (policy/v1). */
  readonly selector?: LabelSelector;
  readonly allowed: number;
  readonly healthy: number;
  readonly desired: number;
  readonly expected: number;
  /** `unhealthyPodEvictionPolicy: AlwaysAllow`: pods that are not Ready may go whatever is left. */
  readonly letsUnreadyGo?: true;
  /** Why the disruption controller could not count, in its own words. */
  readonly failure?: string;
}

const count = z.number().default(0);

/** A PodDisruptionBudget as the API server gives it (policy/v1); one without a status allows nothing yet. */
export const DisruptionBudget = z
  .object({
    metadata: z.object({ namespace: z.string(), name: z.string() }),
    spec: z
      .object({
        selector: z.custom<LabelSelector>().optional(),
        unhealthyPodEvictionPolicy: z.string().optional(),
      })
      .default({}),
    status: z
      .object({
        disruptionsAllowed: count,
        currentHealthy: count,
        desiredHealthy: count,
        expectedPods: count,
        conditions: z
          .array(z.object({ reason: z.string().optional(), message: z.string().optional() }))
          .default([]),
      })
      .prefault({}),
  })
  .transform(({ metadata: { namespace, name }, spec, status }): DisruptionBudget => {
    const { selector, unhealthyPodEvictionPolicy } = spec;
    // As the disruption controller says it: `DisruptionAllowed` with the reason SyncFailed.
    const failed = status.conditions.find(({ reason }) => reason === 'SyncFailed');
    return {
      namespace,
      name,
      allowed: status.disruptionsAllowed,
      healthy: status.currentHealthy,
      desired: status.desiredHealthy,
      expected: status.expectedPods,
      ...present({ selector, failure: failed && words(failed.message ?? '') }),
      ...(unhealthyPodEvictionPolicy === 'AlwaysAllow' && { letsUnreadyGo: true }),
    };
  });

/**
 * Why no eviction of a pod can ever succeed, however well the other pods are, until somebody changes something; undefined: it
 * can. The words have no number that changes by itself. As the API server decides (kubernetes,
 * pkg/registry/core/pod/storage/eviction.go).
 */
export function whyNever(
  { namespace, labels, phase, ready }: Evictable,
  budgets: readonly DisruptionBudget[],
): string | undefined {
  if (phase === 'Pending') return undefined;
  const its = budgets.filter(
    (budget) => budget.namespace === namespace && selects(budget.selector, labels),
  );
  if (its.length > 1) {
    return `several disruption budgets select it: ${its.map(({ name }) => name).join(', ')}`;
  }
  return its.map((budget) => (!ready && maySpareUnready(budget) ? undefined : neverOf(budget)))[0];
}

/** What the API server looks at of a pod that is to be evicted. */
type Evictable = Pick<PodFacts, 'namespace' | 'labels' | 'phase' | 'ready'>;

const maySpareUnready = ({ letsUnreadyGo, healthy, desired }: DisruptionBudget): boolean =>
  letsUnreadyGo === true || (healthy >= desired && desired > 0);

/** Whether there may be such a pod at all. */
export function someMayNever(budgets: readonly DisruptionBudget[]): boolean {
  const namespaces = new Set(budgets.map(({ namespace }) => namespace));
  return namespaces.size < budgets.length || budgets.some((budget) => neverOf(budget));
}

function neverOf(budget: DisruptionBudget): string | undefined {
  const { name, allowed, desired, expected } = budget;
  if (allowed > 0) return undefined;
  const uncounted = whyUncounted(budget);
  if (uncounted !== undefined) return `disruption budget ${name}: ${uncounted}`;
  return desired < expected ? undefined : `disruption budget ${name} needs all of its pods`;
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

function whyOf(budget: DisruptionBudget): string {
  const { healthy, desired, expected } = budget;
  const uncounted = whyUncounted(budget);
  return uncounted === undefined
    ? ` (${healthy} of ${expected} pods healthy, ${desired} needed)`
    : `: ${uncounted}`;
}

function whyUncounted({
  allowed,
  healthy,
  expected,
  failure,
}: DisruptionBudget): string | undefined {
  // Pods without a controller are not expected (kubernetes, pkg/controller/disruption, the Event UnmanagedPods).
  const uncounted =
    allowed === 0 && expected < healthy
      ? 'it cannot count pods that no controller has made; give it minAvailable as a number'
      : undefined;
  return failure ?? uncounted;
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
