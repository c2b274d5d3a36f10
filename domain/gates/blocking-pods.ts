import { z } from 'zod';
import { labelSelector } from '../label-selector-schema.ts';
import { parseSelector } from '../label-selector.ts';
import { namespaceName } from '../namespace-schema.ts';
import { podName, type PodFacts } from '../pod-verdict.ts';
import { present } from '../present.ts';
import { NOT_IN_DRAIN } from './gate.ts';
import { fewOf, outsideGate, PODS } from './outside-gate.ts';
import { eitherForm } from './written-forms.ts';

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const;
const PHASES_RULE = `write phases of pods, like [Pending, Running]; there are ${PHASES.join(', ')}`;
const FORM_RULE = 'write a label selector, or { selector: app=postgres, namespace: shop }';

/** As kured: it leaves out Succeeded, Failed and Unknown. */
const USUAL: (typeof PHASES)[number][] = ['Pending', 'Running'];

interface BlockingRule {
  readonly selector: string;
  /** Only pods of this namespace; absent: of any. */
  readonly namespace?: string;
  readonly phases: readonly string[];
}

const selectorOnly = labelSelector.transform((selector): BlockingRule => ({
  selector,
  phases: USUAL,
}));

const full = z
  .strictObject(
    {
      selector: labelSelector.describe('Label selector of the pods'),
      namespace: namespaceName.optional().describe('Only pods of this namespace; absent: of any'),
      phases: z
        .array(z.enum(PHASES, PHASES_RULE), PHASES_RULE)
        .min(1, PHASES_RULE)
        .default(USUAL)
        .describe('Phases in which a pod blocks; the default is what kured does'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? FORM_RULE : undefined) },
  )
  .transform(({ selector, namespace, phases }): BlockingRule => ({
    selector,
    phases,
    ...present({ namespace }),
  }));

/** Closed while a pod on the node is selected by one of the rules. */
export const blockingPods = outsideGate({
  key: z
    .array(
      eitherForm((written) => typeof written === 'string', selectorOnly, full),
      'write a list of label selectors, like ["app=postgres,role=primary"]',
    )
    .prefault([])
    .describe('A pod on the node that one of these selects keeps it from being rebooted'),
  moments: NOT_IN_DRAIN,
  rights: [PODS],
  questions: (rules) => ({ pods: rules.length > 0 }),
  judge(rules, { pods }) {
    const blocking = blockingPodsIn(pods, rules);
    return blocking.length === 0 ? undefined : `on the node: ${fewOf(blocking)}`;
  },
});

function blockingPodsIn(
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
