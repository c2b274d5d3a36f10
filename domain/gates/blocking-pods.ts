import { parseSelector } from '../label-selector.ts';
import { podName, type PodFacts } from '../pod-verdict.ts';

export interface BlockingRule {
  readonly selector: string;
  /** Only pods of this namespace; absent: of any. */
  readonly namespace?: string;
  readonly phases: readonly string[];
}

/** The pods (`namespace/name`, sorted) of a node that keep it from being rebooted: those that one of the rules selects. */
export function blockingPodsIn(
  pods: readonly PodFacts[],
  rules: readonly BlockingRule[],
): readonly string[] {
  const tests = rules.map(({ selector, namespace, phases }) => {
    const selects = parseSelector(selector);
    return (pod: PodFacts): boolean =>
      (namespace === undefined || pod.namespace === namespace) &&
      phases.includes(pod.phase) &&
      selects?.(pod.labels) === true;
  });
  return pods
    .filter((pod) => tests.some((selects) => selects(pod)))
    .map(podName)
    .toSorted();
}
