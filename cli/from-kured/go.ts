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

/** Of several texts the last one counts; what `read` does not understand breaks the rule. */
const one = <T>(read: (text: string) => T | undefined, rule = '', does = 'does not start') => ({
  read: (texts: readonly string[]): T | undefined => read(texts.at(-1) ?? ''),
  split: undefined,
  rule,
  does,
});

/** Each time it is given its text is split, and the list grows. */
const list = <T>(
  split: (text: string) => string[],
  read: (texts: readonly string[]) => T | undefined,
  rule = '',
) => ({ read, split, rule, does: 'does not start' });

/** How the values of an option are read, the rule that they keep, and what kured does not do with those that break it. */
export const TYPES = {
  text: one((text) => text),
  bool: one(bool, 'true or false'),
  int: one(integer, 'a whole number'),
  duration: one(durationMs, 'a duration like 90s or 1h30m'),
  time: one(timeOfDay, 'a time like 22:00, 22:00:30, 10pm or 05:00pm'),
  zone: one(zone, 'the name of a time zone like Europe/Zurich'),
  method: one((text) => (/^(command|signal)$/.test(text) ? text : undefined), 'command or signal'),
  // Expressions and selectors stay as they are: both sides read them alike.
  regexp: one(
    (text) => (text && expressionProblem(text) ? undefined : text),
    'a regular expression of Go',
  ),
  selector: one(
    (text) => (text && !parseSelector(text) ? undefined : text),
    'a label selector',
    'drains nothing',
  ),
  days: list(csv, allDays, 'a list of days, as names or as 0 (Sunday) to 6'),
  texts: list(csv, (texts) => texts),
  selectors: list(
    (text) => [text],
    (texts) => texts,
  ),
} as const;

export type Type = keyof typeof TYPES;
export type ValueOf<T extends Type> = NonNullable<ReturnType<(typeof TYPES)[T]['read']>>;
