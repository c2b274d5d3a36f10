import { z } from 'zod';
import { blockingPods } from './blocking-pods-schema.ts';
import { kuredLock } from './kured-lock-schema.ts';
import { alerts } from './prometheus-schema.ts';

const GATES_RULE = 'write gates like { blockingPods: ["app=postgres"] }';

/** The gates of a pool that ask somebody else than the Node. */
export const gates = z
  .strictObject(
    {
      alerts: alerts
        .optional()
        .describe('Nothing is taken out while alerts are active; one Prometheus, or a list'),
      blockingPods,
      kuredLock,
    },
    { error: (issue) => (issue.code === 'invalid_type' ? GATES_RULE : undefined) },
  )
  .prefault({})
  .describe('What keeps nodes from being taken out, beside their windows');

export type Gates = z.output<typeof gates>;
