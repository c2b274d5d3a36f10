import { Calendars } from '../activities/calendars.ts';
import { secretsOf } from '../activities/secrets.ts';
import type { Policy } from '../domain/policy.ts';
import type { CalendarCopy } from '../domain/window/plan.ts';
import { poolWindows } from '../domain/window/pool-windows.ts';

interface CalendarOptions {
  /** Relative paths are relative to this. */
  readonly directory: string;
  readonly pools: readonly number[];
  /** Which calendars are read; others are passed over. */
  readonly wanted: (place: string) => boolean;
}

export interface ReadCalendars {
  /** By the place that a window names. */
  readonly copies: ReadonlyMap<string, CalendarCopy>;
  /** Where one is named that cannot be read, such as pools[0].windows[2].calendar, and why. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The calendars that the windows of these pools name. */
export async function readCalendars(
  policy: Policy,
  { directory, pools, wanted }: CalendarOptions,
): Promise<ReadCalendars> {
  const shelf = new Calendars({
    directory,
    nowMs: Date.now,
    told: () => undefined,
    secrets: secretsOf(process.env),
  });
  const copies = new Map<string, CalendarCopy>();
  const problems = new Map<string, string>();
  const entries = pools.flatMap((index) => poolWindows(policy, index).entries);
  for (const { path, window } of entries) {
    if (window.kind !== 'calendar' || !wanted(window.calendar)) continue;
    const copy = copies.get(window.calendar) ?? (await shelf.read(window.calendar, window.tls));
    copies.set(window.calendar, copy);
    if (copy.problem !== undefined) problems.set(`${path}.calendar`, copy.problem);
  }
  return { copies, problems };
}
