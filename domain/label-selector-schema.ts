import { z } from 'zod';
import { parseSelector } from './label-selector.ts';

const SELECTOR_RULE = 'write a label selector like agentpool=workers';

export const labelSelector = z
  .string(SELECTOR_RULE)
  .refine((text) => parseSelector(text) !== undefined, SELECTOR_RULE);
