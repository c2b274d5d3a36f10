/** Values as Go and kured read them. Each answers undefined for what kured would refuse to start with. */

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 0.001, µs: 0.001, ns: 0.000_001 };

/** time.ParseDuration, in milliseconds: "1h30m", "1.5h", "90s", "-1s", and "0" without a unit. */
export function durationMs(text: string): number | undefined {
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
export function integer(text: string): number | undefined {
  const [, sign, digits] = /^([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(text) ?? [];
  if (digits === undefined || Number(digits) >= 2 ** 63) return undefined;
  return sign === '-' ? -Number(digits) : Number(digits);
}

/** strconv.ParseBool. */
export function bool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** One line of comma-separated values, as pflag's string slices: quotes protect a comma; nothing is an empty list. */
export function csv(text: string): string[] {
  if (text === '') return [];
  const cells = text.match(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)(?=,|$)/g) ?? [];
  return cells.map((cell) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const FULL = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
export type Day = (typeof DAYS)[number];

/** The week from Monday on, as people list it. */
export const WEEK: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** kured's names of days: 0 to 6 from Sunday, or two letters, three letters or all of them. */
export function day(text: string): Day | undefined {
  const number = integer(text);
  if (number !== undefined) return DAYS[number];
  const name = text.toLowerCase();
  return DAYS.find(
    (short, index) => name === short || name === short.slice(0, 2) || name === FULL[index],
  );
}

/** Seconds since midnight, in the formats kured tries: 15:04, 15:04:05, 03:04pm, 15, 03pm, 3pm. */
export function timeOfDay(text: string): number | undefined {
  return twentyFourHours(text) ?? twelveHours(text);
}

function twentyFourHours(text: string): number | undefined {
  const [, hour, minute = '0', second = '0'] =
    /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  return h < 24 && m < 60 && s < 60 ? h * 3_600 + m * 60 + s : undefined;
}

function twelveHours(text: string): number | undefined {
  // With minutes Go demands two digits of the hour: "5:00pm" is refused, "05:00pm" and "5pm" are not.
  const [, hour, minute = '0', half] =
    /^(\d{2}(?=:)|\d{1,2}(?!:))(?::(\d{2}))?(am|pm)$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const [h, m] = [Number(hour), Number(minute)];
  if (h > 12 || m > 59) return undefined;
  return ((h % 12) + (half === 'pm' ? 12 : 0)) * 3_600 + m * 60;
}
