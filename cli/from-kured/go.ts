import { expressionProblem } from '../../domain/gates/label-matcher.ts';
import { parseSelector } from '../../domain/label-selector.ts';
import { canonicalZone } from '../../domain/window/wall-clock.ts';

/** Values as Go and kured read them. Each answers undefined for what kured would refuse to start with. */

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 0.001, µs: 0.001, ns: 0.000_001 };

/** time.ParseDuration, in milliseconds: "1h30m", "1.5h", "90s", "-1s", and "0" without a unit. */
function durationMs(text: string): number | undefined {
  const [, sign, parts = ''] = /^([-+]?)(.+)$/.exec(text) ?? [];
  if (parts === '0') return 0;
  if (!/^((\d+\.?\d*|\.\d+)(h|m|s|ms|us|µs|ns))+$/.test(parts)) return undefined;
  const sum = [...parts.matchAll(/(\d+\.?\d*|\.\d+)(ms|us|µs|ns|h|m|s)/g)].reduce(
    (ms, [, count, unit]) => ms + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  );
  return sign === '-' ? -sum : sum;
}

/** strconv.Atoi and ParseInt with base 0, without their octal and underscores; 64 bits, as there. */
function integer(text: string): number | undefined {
  const [, sign, digits] = /^([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(text) ?? [];
  if (digits === undefined || Number(digits) >= 2 ** 63) return undefined;
  return sign === '-' ? -Number(digits) : Number(digits);
}

/** strconv.ParseBool. */
function bool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** One line of comma-separated values, as pflag's string slices: quotes protect a comma; nothing is an empty list. */
function csv(text: string): string[] {
  if (text === '') return [];
  const cells = text.match(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)(?=,|$)/g) ?? [];
  return cells.map((cell) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}

/** The week from Monday on, as people list it. */
export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof WEEK)[number];

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** kured's names of days: 0 to 6 from Sunday, or two letters, three letters or all of them. */
function day(text: string): Day | undefined {
  const [number, name] = [integer(text), text.toLowerCase()];
  const found = DAYS.find(
    (full, index) => number === index || [full, full.slice(0, 3), full.slice(0, 2)].includes(name),
  );
  return found?.slice(0, 3) as Day | undefined;
}

const CLOCK_24 = /^([01]?\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d))?)?()$/;
/** With minutes Go demands two digits of the hour: "5:00pm" is refused, "05:00pm" and "5pm" are not. */
const CLOCK_12 = /^(0\d|1[0-2]|\d(?!:))(?::([0-5]\d))?()(am|pm)$/;

/** Seconds since midnight, in the formats kured tries: 15:04, 15:04:05, 03:04pm, 15, 03pm, 3pm. */
function timeOfDay(text: string): number | undefined {
  const [, hour, minute = 0, second = 0, half] = CLOCK_24.exec(text) ?? CLOCK_12.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const hours = half ? (Number(hour) % 12) + (half === 'pm' ? 12 : 0) : Number(hour);
  return hours * 3_600 + Number(minute) * 60 + Number(second);
}

/** Go's names of zones are IANA's, besides "Local". */
function zone(text: string): string | undefined {
  return text === 'Local' || canonicalZone(text || 'UTC') !== undefined ? text || 'UTC' : undefined;
}

function allDays(texts: readonly string[]): Day[] | undefined {
  const days = texts.map(day);
  return days.includes(undefined) ? undefined : (days as Day[]);
}

const asOne = (text: string): string[] => [text];
const last =
  <T>(read: (text: string) => T | undefined) =>
  (texts: readonly string[]): T | undefined =>
    read(texts.at(-1) ?? '');

/**
 * How the values of an option are read: each time it is given its text is split, lists grow, and what `read` does not
 * understand breaks the rule.
 */
export const TYPES = {
  text: { read: last((text) => text), rule: '' },
  bool: { read: last(bool), rule: 'true or false' },
  int: { read: last(integer), rule: 'a whole number' },
  duration: { read: last(durationMs), rule: 'a duration like 90s or 1h30m' },
  time: { read: last(timeOfDay), rule: 'a time like 22:00, 22:00:30, 10pm or 05:00pm' },
  zone: { read: last(zone), rule: 'the name of a time zone like Europe/Zurich' },
  // An expression stays as it is: both sides read it as RE2 does, unanchored.
  regexp: {
    read: last((text) => (text && expressionProblem(text) ? undefined : text)),
    rule: 'a regular expression of Go',
  },
  method: {
    read: last((text) => (/^(command|signal)$/.test(text) ? text : undefined)),
    rule: 'command or signal',
  },
  selector: {
    read: last((text) => (text && !parseSelector(text) ? undefined : text)),
    rule: 'a label selector',
    does: 'drains nothing',
  },
  days: { read: allDays, split: csv, rule: 'a list of days, as names or as 0 (Sunday) to 6' },
  texts: { read: (texts: readonly string[]) => texts, split: csv, rule: '' },
  selectors: { read: (texts: readonly string[]) => texts, split: asOne, rule: '' },
} as const;

export type Type = keyof typeof TYPES;
export type ValueOf<T extends Type> = NonNullable<ReturnType<(typeof TYPES)[T]['read']>>;

/** How each text of a list is split; undefined for what is no list, where the last text counts. */
export function splitOf(type: Type): ((text: string) => string[]) | undefined {
  const row = TYPES[type];
  return 'split' in row ? row.split : undefined;
}
