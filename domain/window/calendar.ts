import { words } from '../outside.ts';
import { present } from '../present.ts';
import { ruleText, readIcs, type Component, type Property } from './ics.ts';
import { zonesOf, type Zones } from './ics-zones.ts';
import { readDate, readLocal } from './local-time.ts';
import { parseRecurrence, type Recurrence } from './recurrence.ts';
import { DAY_MS, type WallClock } from './wall-clock.ts';

/** Events of an iCalendar text (RFC 5545), checked, and free of whoever reads them: floating times stay so. */
export interface Calendar {
  readonly events: readonly CalendarEvent[];
}

export interface CalendarEvent {
  /** Shared by an event and the changes to single occurrences of it. */
  readonly uid: string;
  readonly summary: string;
  readonly cancelled: boolean;
  /** Of two versions of an event the higher one counts. */
  readonly sequence: number;
  readonly start: CalendarTime;
  readonly length: Length;
  readonly rule?: Recurrence;
  /** Occurrences beside the rule. */
  readonly more: readonly { readonly start: CalendarTime; readonly length: Length }[];
  readonly except: readonly CalendarTime[];
  /** The occurrence of the event of this uid that this one replaces. */
  readonly replaces?: CalendarTime;
}

export type CalendarTime =
  | { readonly kind: 'day'; readonly local: number }
  /** A local time of whoever reads it, where `clock` is absent. */
  | { readonly kind: 'local'; readonly local: number; readonly clock?: WallClock }
  | { readonly kind: 'instant'; readonly ms: number };

/** Days are of the calendar, the rest is elapsed time; an end is taken as the time that elapses until then. */
export type Length =
  | { readonly kind: 'lasts'; readonly days: number; readonly ms: number }
  | { readonly kind: 'until'; readonly end: CalendarTime };

/** The calendar, or everything that keeps it from being understood. */
export function parseCalendar(text: string): Calendar | { readonly problems: readonly string[] } {
  const calendars = readIcs(text.replace(/^\uFEFF/, ''));
  if ('problem' in calendars) return { problems: [calendars.problem] };
  const read = calendars.flatMap(readEvents);
  const problems = read.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) return { problems };
  return { events: read.flatMap((one) => ('problem' in one ? [] : [one])) };
}

function readEvents(
  calendar: Component,
  at: number,
): (CalendarEvent | { readonly problem: string })[] {
  const zones = zonesOf(calendar);
  const allCancelled = isCancel(calendar.text('method'));
  return calendar.components('vevent').map((component, index) => {
    try {
      const event = readEvent(component, zones, `without a UID ${at}.${index}`);
      return { ...event, cancelled: event.cancelled || allCancelled };
    } catch (error) {
      if (!(error instanceof BadEvent)) throw error;
      return { problem: `event "${summaryOf(component)}": ${error.message}` };
    }
  });
}

class BadEvent extends Error {}

const summaryOf = (event: Component): string =>
  words(event.text('summary') ?? event.text('uid') ?? '', 80);

const isCancel = (text: string | undefined): boolean => /^cancel/i.test(text ?? '');

function readEvent(event: Component, zones: Zones, noUid: string): CalendarEvent {
  if (event.first('exrule')) throw new BadEvent('EXRULE is not supported: write EXDATE');
  const time = (property: Property, value = property.values[0]): CalendarTime =>
    readTime(property, value, zones);
  const times = (name: string): CalendarTime[] =>
    event.all(name).flatMap((property) => property.values.map((value) => time(property, value)));
  const dtstart = event.first('dtstart');
  if (!dtstart) throw new BadEvent('it has no DTSTART');
  const start = time(dtstart);
  const rule = ruleOf(event, start);
  const id = event.first('recurrence-id');
  if (id?.parameters['range'] !== undefined) {
    throw new BadEvent('RECURRENCE-ID with RANGE is not supported: write a new series');
  }
  const length = lengthOf(event, start, time);
  return {
    uid: event.text('uid') ?? noUid,
    summary: summaryOf(event),
    cancelled: isCancel(event.text('status')),
    sequence: Number(event.first('sequence')?.values[0] ?? 0),
    start,
    length,
    ...present({ rule }),
    more: moreOf(event, length, time),
    except: times('exdate'),
    ...(id && { replaces: time(id) }),
  };
}

type ReadTime = (property: Property, value?: unknown) => CalendarTime;

function readTime({ tzid }: Property, value: unknown, zones: Zones): CalendarTime {
  // A date without VALUE=DATE comes as a time without digits.
  const text = String(value).replace(/T::$/, '');
  const day = readDate(text);
  if (day !== undefined) return { kind: 'day', local: day };
  const local = readLocal(text.replace(/Z$/, ''));
  if (local === undefined) throw new BadEvent(`there is no such time as ${text}`);
  if (text.endsWith('Z')) return { kind: 'instant', ms: local };
  if (tzid === undefined) return { kind: 'local', local };
  const clock = zones(tzid);
  if (!clock) throw new BadEvent(`nobody knows the time zone ${tzid}`);
  return { kind: 'local', local, clock };
}

function ruleOf(event: Component, start: CalendarTime): Recurrence | undefined {
  const [first, second] = event.all('rrule');
  if (!first) return undefined;
  if (second) throw new BadEvent('several RRULE in one event are not supported');
  const local = start.kind === 'instant' ? start.ms : start.local;
  const rule = parseRecurrence(ruleText(first.values[0]), { local, counts: true });
  if ('problem' in rule) throw new BadEvent(`RRULE: ${rule.problem}`);
  return rule;
}

function lengthOf(event: Component, start: CalendarTime, time: ReadTime): Length {
  const end = event.first('dtend');
  if (end) return until(start, time(end));
  const duration = event.text('duration');
  if (duration !== undefined) return readDuration(duration);
  // RFC 5545 section 3.6.1: a day for a day, and no time at all for a time.
  return { kind: 'lasts', days: start.kind === 'day' ? 1 : 0, ms: 0 };
}

function until(start: CalendarTime, end: CalendarTime): Length {
  if (start.kind !== 'day' || end.kind !== 'day') return { kind: 'until', end };
  // Some programs end a day on itself instead of on the next one.
  return { kind: 'lasts', days: Math.max(1, (end.local - start.local) / DAY_MS), ms: 0 };
}

const DURATION = /^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

function readDuration(text: string): Length {
  const [, sign, ...numbers] = DURATION.exec(text) ?? [];
  if (sign === undefined || sign === '-' || numbers.every((one) => one === undefined)) {
    throw new BadEvent(`there is no such duration as ${text}`);
  }
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = numbers.map((one) =>
    Number(one ?? 0),
  );
  const ms = (hours * 3_600 + minutes * 60 + seconds) * 1_000;
  return { kind: 'lasts', days: weeks * 7 + days, ms };
}

/** RDATE: times, days, or periods with an end or a length of their own. */
function moreOf(event: Component, length: Length, time: ReadTime): CalendarEvent['more'] {
  return event.all('rdate').flatMap((property) =>
    property.values.map((value) => {
      const [from, to]: unknown[] = Array.isArray(value) ? value : [value];
      const start = time(property, from);
      if (typeof to !== 'string') return { start, length };
      return {
        start,
        length: to.startsWith('P') ? readDuration(to) : until(start, time(property, to)),
      };
    }),
  );
}
