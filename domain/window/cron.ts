import { Cron } from 'croner';
import { DAY_MS } from './wall-clock.ts';

/** A cron pattern, taken apart: on which days, and when on each of them. */
export interface CronPattern {
  /** Times of day in milliseconds, in order. */
  readonly times: readonly number[];
  /** Midnights of the days it falls on, from the one given, in order; they are local times. */
  days(fromDay: number): Iterable<number>;
}

const RULE =
  'write a cron of five fields, such as "0 22 * * 2#2" for the second Tuesday: minute, hour, day of month, month, day of week';

/** Whoever opens more often wants `days`, or one long opening. */
const MOST_TIMES = 24;

/** Any year will do to ask whether a pattern ever falls; this one is a leap year and begins on a Monday. */
const SOME_DAY = Date.UTC(2024, 0, 1);

/** The pattern, or the rule it breaks. Days of month and of week are joined by "or", as cron does when both are given. */
export function parseCron(text: string): CronPattern | { readonly problem: string } {
  const [minute, hour, ...date] = text.trim().split(/\s+/);
  let onDays: Cron;
  let inDay: Cron;
  try {
    if (date.length !== 3) return { problem: RULE };
    // Days and times of day are walked apart in UTC, which stands for the clock on the wall.
    onDays = evenClock(`0 0 ${date.join(' ')}`);
    inDay = evenClock(`${minute} ${hour} * * *`);
  } catch {
    return { problem: RULE };
  }
  if (!onDays.nextRun(new Date(SOME_DAY))) {
    return { problem: 'this cron never fires: write a day that exists' };
  }
  const times = timesOf(inDay);
  if (times.length > MOST_TIMES) {
    return { problem: `write a cron that fires at most ${MOST_TIMES} times a day` };
  }
  return { times, days: (fromDay) => daysOf(onDays, fromDay) };
}

const evenClock = (pattern: string): Cron =>
  new Cron(pattern, { utcOffset: 0, mode: '5-part', paused: true });

function timesOf(cron: Cron): number[] {
  const runs = cron.nextRuns(MOST_TIMES + 1, new Date(SOME_DAY - 1));
  return runs.map((run) => run.getTime() - SOME_DAY).filter((time) => time < DAY_MS);
}

function* daysOf(cron: Cron, fromDay: number): Generator<number> {
  // nextRun is strictly after, and looks at whole seconds.
  let day = cron.nextRun(new Date(fromDay - 1_000));
  while (day) {
    yield day.getTime();
    day = cron.nextRun(day);
  }
}
