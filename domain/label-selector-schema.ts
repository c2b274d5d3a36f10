import { z } from 'zod';
import { parseSelector } from './label-selector.ts';

const SELECTOR_RULE = 'write a label selector like agentpool=workers';

/** Each look at the fleet matches it with every node. */
const MOST_CHARACTERS = 10_000;

export const labelSelector = z
  .string(SELECTOR_RULE)
  .max(MOST_CHARACTERS, `write at most ${MOST_CHARACTERS} characters`)
  .refine((text) => parseSelector(text) !== undefined, SELECTOR_RULE);
