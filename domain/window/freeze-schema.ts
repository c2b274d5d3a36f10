import { z } from 'zod';
import { moment, timeZone } from './field-schemas.ts';

const FREEZE_RULE = 'write a freeze like { from: 2026-12-18, to: 2027-01-04, because: year end }';

const freeze = z.strictObject(
  {
    from: moment.describe('Its first day, or the time at which it begins'),
    to: moment.describe('Its last day, included, or the time at which it ends'),
    because: z
      .string('write why')
      .trim()
      .min(1, 'write why')
      .describe('The reason that waiting rollouts give'),
    timeZone: timeZone.optional(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? FREEZE_RULE : undefined) },
);

export type WrittenFreeze = z.output<typeof freeze>;

export const freezes = z
  .array(freeze, 'write a list of freezes')
  .prefault([])
  .describe('When nothing is taken out of service, whatever the windows say');
