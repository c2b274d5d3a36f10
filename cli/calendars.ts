import { Calendars } from '../activities/calendars.ts';
import { secretsOf } from '../activities/secrets.ts';
import type { Policy } from '../domain/policy.ts';
import { Plan, type CalendarCopy } from '../domain/window/plan.ts';
import { poolWindows } from '../domain/window/pool-windows.ts';
import type { PolicySource } from './policy-source.ts';
import { CommandFailed } from './terminal.ts';

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

/** When these pools are open; a CommandFailed where a calendar cannot be read. */
export async function plansOf(source: PolicySource, pools: readonly number[]): Promise<Plan[]> {
  const { policy, directory } = source;
  const inputs = pools.map((index) => poolWindows(policy, index));
  const { copies, problems } = await readCalendars(policy, {
    directory,
    pools,
    wanted: () => true,
  });
  if (problems.size > 0) {
    throw new CommandFailed([...problems].map(([place, rule]) => source.say(place, rule)));
  }
  return inputs.map((input) => new Plan({ ...input, calendars: copies }));
}
