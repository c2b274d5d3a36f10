import { z } from 'zod';

const NAMESPACE_RULE = 'write the name of a namespace';

/** The name of a namespace. */
export const namespaceName = z
  .string(NAMESPACE_RULE)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, NAMESPACE_RULE);
