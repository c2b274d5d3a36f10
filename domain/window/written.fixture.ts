import { z } from 'zod';
import { pathOf } from '../policy.ts';
import type { CalendarCopy } from './plan.ts';
import { parseCalendar } from './calendar.ts';
import { timeZone } from './field-schemas.ts';
import { freezes } from './freeze-schema.ts';
import { Plan } from './plan.ts';
import { poolWindows } from './pool-windows.ts';
import { windows } from './window-schema.ts';

const Written = z.strictObject({
  timeZone: timeZone.default('Europe/Zurich'),
  windows: windows.default([]),
  freezes,
});

/** What is wrong with windows as they would be written in a policy, as "path: rule". */
export function problemsIn(written: unknown): string[] {
  const { error } = Written.safeParse(written);
  return error?.issues.map(({ path, message }) => `${pathOf(path)}: ${message}`) ?? [];
}

/** The plan of a pool whose policy has these windows; calendars by their place. */
export function planOf(
  written: object,
  calendars: Readonly<Record<string, string | CalendarCopy>> = {},
): Plan {
  const policy = Written.parse(written);
  const copies = Object.entries(calendars).map(([place, is]) => [place, copyOf(is)] as const);
  return new Plan({
    ...poolWindows({ ...policy, pools: [{ freezes: [] }] }, 0),
    calendars: new Map(copies),
  });
}

function copyOf(is: string | CalendarCopy): CalendarCopy {
  if (typeof is !== 'string') return is;
  const calendar = parseCalendar(is);
  if ('problems' in calendar) throw new Error(calendar.problems.join('; '));
  return { calendar };
}

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** The next openings in UTC, such as "2026-12-08T21:00 2026-12-09T01:00". */
export function openingsFrom(plan: Plan, from: string, count = 3): string[] {
  const said: string[] = [];
  for (const { opensMs, closesMs } of plan.openings(Date.parse(from))) {
    const opens = opensMs === -Infinity ? 'ever' : minute(opensMs);
    said.push(`${opens} ${closesMs === Infinity ? 'never' : minute(closesMs)}`);
    if (said.length === count) break;
  }
  return said;
}
