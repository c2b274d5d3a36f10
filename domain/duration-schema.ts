import { z } from 'zod';
import { DURATION, isDuration, parseDuration } from './durations.ts';

const RULE = 'write a duration like 90s, 30m, 1h30m or 14d';

/** A duration in words, as milliseconds. */
export const durationMs = z
  .string(RULE)
  .regex(DURATION, RULE)
  .refine((text) => !DURATION.test(text) || isDuration(text), 'write a duration of at most 3650d')
  .transform(parseDuration);

/** For what makes no sense without any length. */
export const longerThanZero = durationMs.refine(
  (ms) => ms >= 1_000,
  'write a duration of at least 1s',
);
