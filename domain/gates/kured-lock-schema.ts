import { z } from 'zod';

const RULE = 'write kuredLock like { namespace: kube-system, daemonSet: kured }';
const NAME_RULE = 'write the name as kubectl shows it';
const name = z.string(NAME_RULE).regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, NAME_RULE);

export const kuredLock = z
  .strictObject(
    {
      namespace: name.default('kube-system').describe('Its ds-namespace'),
      daemonSet: name.default('kured').describe('Its ds-name'),
      annotation: z
        .string(NAME_RULE)
        .min(1, NAME_RULE)
        .default('weave.works/kured-node-lock')
        .describe('Its lock-annotation'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? RULE : undefined) },
  )
  .optional()
  .describe('During a migration: nothing is taken out while kured holds its lock');
