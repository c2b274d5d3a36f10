import { z } from 'zod';
import { SKIPPABLE } from './gates/names.ts';
import { words } from './outside.ts';

const NAME = 'write the name of a node, as kubectl get nodes shows it';

/** What a rollout is started with, by the scan or by hand. Parsed in an activity: zod stays out of the workflow bundle. */
export const RolloutInput = z.strictObject(
  {
    // A DNS-1123 subdomain, as Kubernetes requires of node names.
    node: z
      .string(NAME)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, NAME)
      .max(253, 'a name has at most 253 characters'),
    reason: z
      .string()
      .max(500)
      .transform((text) => words(text))
      .optional(),
    requestedBy: z
      .string()
      .max(200)
      .transform((text) => words(text))
      .optional(),
    skip: z.array(z.enum(SKIPPABLE)).default([]),
    evenIfNotRequired: z.boolean().default(false),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? 'write an object, such as {"node": "worker-7"}' : undefined,
  },
);

export type RolloutInput = z.input<typeof RolloutInput>;
export type RolloutRequest = z.output<typeof RolloutInput>;
