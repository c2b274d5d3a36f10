import { z } from 'zod';
import { SKIPPABLE } from './gates/names.ts';

/** What a rollout is started with, by the scan or by hand. Parsed in an activity: zod stays out of the workflow bundle. */
export const RolloutInput = z.strictObject({
  node: z
    .string()
    // A DNS-1123 subdomain, as Kubernetes requires of node names.
    .regex(
      /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
      'write the name of a node, as kubectl get nodes shows it',
    )
    .max(253),
  reason: z.string().max(500).optional(),
  requestedBy: z.string().max(200).optional(),
  skip: z.array(z.enum(SKIPPABLE)).default([]),
  evenIfNotRequired: z.boolean().default(false),
});

export type RolloutInput = z.input<typeof RolloutInput>;
export type RolloutRequest = z.output<typeof RolloutInput>;
