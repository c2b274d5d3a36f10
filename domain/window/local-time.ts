import { DAY_MS } from './wall-clock.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d))?$/;

/** Midnight of a date like 2026-12-05 as a local time; undefined when there is no such day. */
export function readDate(text: string): number | undefined {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC makes 3 March of 31 February, and 1999 of the year 99.
  return new Date(local || 0).toISOString().startsWith(`${year}-${month}-${day}T`) && year !== ''
    ? local
    : undefined;
}

/** A time of day like 22:00 or 22:00:30 in milliseconds; 24:00 is the end of the day. Undefined for anything else. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hour, minute, second = '0'] = TIME.exec(text) ?? [];
  if (hour === undefined || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ms = (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * 1_000;
  return ms <= DAY_MS ? ms : undefined;
}

/** A local time like 2026-12-05T22:00; undefined when no clock ever shows it. */
export function readLocal(text: string): number | undefined {
  const [date = '', time = '', ...rest] = text.split(/[T ]/);
  const day = readDate(date);
  const timeOfDay = readTimeOfDay(time);
  if (day === undefined || timeOfDay === undefined || rest.length > 0) return undefined;
  return day + timeOfDay;
}

/** A moment as people write it: a whole day or a local time, both of the policy's zone, or an instant. */
export type Moment =
  | { readonly kind: 'day'; readonly local: number }
  | { readonly kind: 'local'; readonly local: number }
  | { readonly kind: 'instant'; readonly ms: number };

/** 2026-12-18, 2026-12-18T12:00, or the latter with Z or an offset such as +01:00; undefined for anything else. */
export function readMoment(text: string): Moment | undefined {
  const day = readDate(text);
  if (day !== undefined) return { kind: 'day', local: day };
  const [, written = text, sign, hours, minutes] =
    /^(.+?)(?:Z|([+-])(\d\d):(\d\d))$/.exec(text) ?? [];
  const local = readLocal(written);
  if (local === undefined) return undefined;
  if (written === text) return { kind: 'local', local };
  const aheadMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return { kind: 'instant', ms: sign === '-' ? local + aheadMs : local - aheadMs };
}
