import { z } from 'zod';
import { readDate, readMoment, readTimeOfDay } from './local-time.ts';
import { canonicalZone } from './wall-clock.ts';

/** What windows and freezes are written with. */

const ZONE_RULE = 'write an IANA time zone such as Europe/Zurich, or UTC';
export const timeZone = z
  .string(ZONE_RULE)
  .refine((name) => canonicalZone(name) !== undefined, ZONE_RULE)
  .transform((name) => canonicalZone(name) ?? name)
  .describe('IANA time zone in which days and times are read');

const TIME = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?';
const TIME_RULE = 'write a time like "22:00" or "22:00:30"';
const END_RULE = `${TIME_RULE}, or "24:00"`;

/** A time of day in milliseconds. */
export const timeOfDay = z
  .string(TIME_RULE)
  .regex(new RegExp(`^${TIME}$`), TIME_RULE)
  .transform((text) => readTimeOfDay(text) ?? 0);

/** A time of day at which something ends: the end of the day is one too. */
export const endOfDay = z
  .string(END_RULE)
  .regex(new RegExp(`^(${TIME}|24:00(:00)?)$`), END_RULE)
  .transform((text) => readTimeOfDay(text) ?? 0);

const DATE_RULE = 'write a day that exists, like 2026-12-05';

/** A day as its local midnight. */
export const date = z
  .string(DATE_RULE)
  .refine((text) => readDate(text) !== undefined, DATE_RULE)
  .transform((text) => readDate(text) ?? 0);

const MOMENT_RULE =
  'write a day that exists, like 2026-12-18, or a time on it, like 2026-12-18T12:00';

export const moment = z.string(MOMENT_RULE).transform((text, context) => {
  const read = readMoment(text);
  if (read) return read;
  context.addIssue({ code: 'custom', message: MOMENT_RULE });
  return z.NEVER;
});
