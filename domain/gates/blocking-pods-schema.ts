import { z } from 'zod';
import { labelSelector } from '../label-selector-schema.ts';
import type { BlockingRule } from './blocking-pods.ts';
import { eitherForm } from './written-forms.ts';

/** Pods that keep their node from being rebooted. */

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const;
const PHASES_RULE = `write phases of pods, like [Pending, Running]; there are ${PHASES.join(', ')}`;
const NAMESPACE_RULE = 'write the name of a namespace';
const FORM_RULE = 'write a label selector, or { selector: app=postgres, namespace: shop }';

/** As kured: it leaves out Succeeded, Failed and Unknown. */
const USUAL: (typeof PHASES)[number][] = ['Pending', 'Running'];

const selectorOnly = labelSelector.transform((selector): BlockingRule => ({
  selector,
  phases: USUAL,
}));

const full = z
  .strictObject(
    {
      selector: labelSelector.describe('Label selector of the pods'),
      namespace: z
        .string(NAMESPACE_RULE)
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, NAMESPACE_RULE)
        .optional()
        .describe('Only pods of this namespace; absent: of any'),
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
    ...(namespace && { namespace }),
  }));

export const blockingPods = z
  .array(
    eitherForm((written) => typeof written === 'string', selectorOnly, full),
    'write a list of label selectors, like ["app=postgres,role=primary"]',
  )
  .prefault([])
  .describe('A pod on the node that one of these selects keeps it from being rebooted');
