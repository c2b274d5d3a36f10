import { formatDuration } from '../domain/durations.ts';
import type { Policy } from '../domain/policy.ts';
import { readMoment } from '../domain/window/local-time.ts';
import type { Opening } from '../domain/window/opening.ts';
import type { Plan } from '../domain/window/plan.ts';
import { instantAt } from '../domain/window/pool-windows.ts';
import { sayLocal, type WallClock } from '../domain/window/wall-clock.ts';
import { plansOf } from './calendars.ts';
import { columns } from './columns.ts';
import { policyIn, policyTextAt } from './policy-source.ts';
import { wrongOption, type Terminal } from './terminal.ts';

export interface WindowsOptions {
  readonly policy: string;
  readonly pool?: string;
  readonly from?: string;
  readonly count: number;
  readonly json?: true;
}

interface PoolOpenings {
  readonly pool: string;
  readonly clock: WallClock;
  readonly fromMs: number;
  readonly openings: readonly Opening[];
}

/** Prints the next openings, as a table for each pool or as JSON. */
export async function printWindows(options: WindowsOptions, terminal: Terminal): Promise<void> {
  const source = policyIn(await policyTextAt(options.policy));
  const wanted = indexesOf(source.policy, options.pool);
  const plans = await plansOf(source, wanted);
  const pools = plans.map((plan, at): PoolOpenings => {
    const pool = source.policy.pools[wanted[at] ?? 0]?.name ?? '';
    const fromMs = fromOf(options.from, plan.clock, terminal.nowMs());
    const openings = take(plan, fromMs, options.count);
    return { pool, clock: plan.clock, fromMs, openings };
  });
  terminal.out(options.json ? asJson(pools) : pools.map(asTable).join('\n'));
}

function indexesOf({ pools }: Policy, name: string | undefined): number[] {
  const names = pools.map((pool) => pool.name);
  if (name === undefined) return names.map((_, index) => index);
  const index = names.indexOf(name);
  if (index >= 0) return [index];
  throw wrongOption('--pool', `there is no pool named ${name}: write one of ${names.join(', ')}`);
}

function fromOf(text: string | undefined, clock: WallClock, nowMs: number): number {
  if (text === undefined) return nowMs;
  // Machines write fractions of a second, which nobody's window knows.
  const moment = readMoment(text.replace(/\.[0-9]+/, ''));
  if (moment) return instantAt(moment, clock);
  throw wrongOption(
    '--from',
    `write a day or time that exists, like 2027-03-01, 2027-03-01T08:00 or …T07:00Z, not "${text}"`,
  );
}

function take(plan: Plan, fromMs: number, count: number): Opening[] {
  const taken: Opening[] = [];
  for (const opening of plan.openings(fromMs)) {
    taken.push(opening);
    if (taken.length === count) break;
  }
  return taken;
}

const iso = (ms: number): string => new Date(ms).toISOString();

function asJson(pools: readonly PoolOpenings[]): string {
  const rows = pools.flatMap(({ pool, openings }) =>
    openings.map(({ opensMs, closesMs, from }) => ({
      ...(pools.length > 1 && { pool }),
      // Open for longer than anybody has looked back: it does not open at the moment asked for.
      opens: opensMs === -Infinity ? null : iso(opensMs),
      closes: closesMs === Infinity ? null : iso(closesMs),
      from: from.join(', '),
    })),
  );
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

function asTable({ pool, clock, fromMs, openings }: PoolOpenings): string {
  const title = `pool ${pool}, from ${sayLocal(clock, fromMs)} on, times in ${clock.name}\n`;
  if (openings.length === 0) return `${title}no window opens within ten years\n`;
  const rows = openings.map(({ opensMs, closesMs, from }) => [
    opensMs === -Infinity ? 'is open' : sayLocal(clock, opensMs),
    closesMs === Infinity ? 'never' : sayLocal(clock, closesMs),
    Number.isFinite(closesMs - opensMs) ? formatDuration(closesMs - opensMs) : '',
    from.join(', '),
  ]);
  return title + columns([['OPENS', 'CLOSES', 'LASTS', 'FROM'], ...rows]);
}
