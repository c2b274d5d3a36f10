import { formatDuration } from './durations.ts';
import type { Policy, PoolPolicy } from './policy.ts';
import { rolloutLength } from './rollout-length.ts';
import { matchesNothing } from './selector-overlap.ts';
import { Plan, type CalendarCopy, type PlanInput } from './window/plan.ts';
import { poolWindows } from './window/pool-windows.ts';

/** Something that is allowed, and that nobody is likely to want. */
export interface PolicyWarning {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

interface AsOf {
  readonly nowMs: number;
  /** The calendars that were read, by the place that a window names. */
  readonly calendars: ReadonlyMap<string, CalendarCopy>;
}

/** What deserves a second look in a policy that is not refused: pools without nodes, windows that never open, labels without their counterpart. */
export function policyWarnings(policy: Policy, asOf: AsOf): PolicyWarning[] {
  const found = policy.pools.flatMap((pool, index) => [
    ...selectorWarnings(pool, index),
    ...labelWarnings(pool, index),
    ...windowWarnings(policy, index, asOf),
  ]);
  // The windows of the policy are those of several pools.
  const said = found.map((warning) => JSON.stringify(warning));
  return found.filter((_, at) => said.indexOf(said[at] ?? '') === at);
}

function selectorWarnings({ nodes }: PoolPolicy, index: number): PolicyWarning[] {
  if (!matchesNothing(nodes)) return [];
  return [{ path: ['pools', index, 'nodes'], message: 'no node can ever match this selector' }];
}

/** As kured: what is set before and not after stays on the node, which is seldom meant. */
function labelWarnings(
  { labels: { before = {}, after = {} } = {} }: PoolPolicy,
  index: number,
): PolicyWarning[] {
  const path = ['pools', index, 'labels'];
  return [
    ...keysOnlyIn(before, after).map((key) => ({
      path: [...path, 'before', key],
      message: 'nothing sets this label after the reboot: it stays as it is set here',
    })),
    ...keysOnlyIn(after, before).map((key) => ({
      path: [...path, 'after', key],
      message: 'nothing sets this label before the reboot, so it says nothing about one',
    })),
  ];
}

const keysOnlyIn = (own: object, other: object): string[] =>
  Object.keys(own).filter((key) => !Object.hasOwn(other, key));

function windowWarnings(policy: Policy, index: number, asOf: AsOf): PolicyWarning[] {
  const pool = policy.pools[index];
  if (!pool) return [];
  const path = ['pools', index];
  if (!(pool.windows ?? policy.windows)) {
    const message = `nodes of pool ${pool.name} are never taken out: it has no windows; write windows: [] if that is meant`;
    return [{ path, message }];
  }
  const input = poolWindows(policy, index);
  const isRead = ({ window }: PlanInput['entries'][number]): boolean =>
    window.kind !== 'calendar' || asOf.calendars.has(window.calendar);
  const spent = input.entries.flatMap((entry, at) => {
    if (!isRead(entry) || opens({ ...input, entries: [entry], freezes: [] }, asOf)) return [];
    const place = pool.windows ? [...path, 'windows', at] : ['windows', at];
    return [{ path: place, message: 'this window never opens again' }];
  });
  const never = input.entries.every(isRead) ? neverLongEnough(input, pool, asOf) : undefined;
  return [...spent, ...(never === undefined ? [] : [{ path, message: never }])];
}

type Windows = Omit<PlanInput, 'calendars'>;

const opens = (input: Windows, { nowMs, calendars }: AsOf): boolean =>
  !new Plan({ ...input, calendars }).openings(nowMs).next().done;

/** So many openings are enough to see that none is long enough. */
const MOST_OPENINGS = 1_000;

/** What only all windows and freezes together show. */
function neverLongEnough(
  input: Windows,
  pool: PoolPolicy,
  { nowMs, calendars }: AsOf,
): string | undefined {
  if (input.entries.length === 0) return undefined;
  const neededMs = rolloutLength(pool);
  let seen = 0;
  for (const { opensMs, closesMs } of new Plan({ ...input, calendars }).openings(nowMs)) {
    if (closesMs - Math.max(opensMs, nowMs) >= neededMs) return undefined;
    seen += 1;
    if (seen === MOST_OPENINGS) break;
  }
  if (seen === 0) return `pool ${pool.name} is not open within the next ten years`;
  return `pool ${pool.name} is never open for the ${formatDuration(neededMs)} that a rollout may take: write longer windows, or an expectedLength`;
}
