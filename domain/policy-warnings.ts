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
function labelWarnings({ labels = {} }: PoolPolicy, index: number): PolicyWarning[] {
  const { before = {}, after = {} } = labels;
  const lone = (when: 'before' | 'after', words: string): PolicyWarning[] => {
    const [own, other] = when === 'before' ? [before, after] : [after, before];
    return Object.keys(own)
      .filter((key) => !Object.hasOwn(other, key))
      .map((key) => ({ path: ['pools', index, 'labels', when, key], message: words }));
  };
  return [
    ...lone('before', 'nothing sets this label after the reboot: it stays as it is set here'),
    ...lone('after', 'nothing sets this label before the reboot, so it says nothing about one'),
  ];
}

function windowWarnings(policy: Policy, index: number, asOf: AsOf): PolicyWarning[] {
  const pool = policy.pools[index];
  if (!pool) return [];
  const own = pool.windows ?? policy.windows;
  if (!own) {
    const message = `nodes of pool ${pool.name} are never taken out: it has no windows; write windows: [] if that is meant`;
    return [{ path: ['pools', index], message }];
  }
  const path = pool.windows ? ['pools', index, 'windows'] : ['windows'];
  const input = poolWindows(policy, index);
  const isRead = input.entries.every(
    ({ window }) => window.kind !== 'calendar' || asOf.calendars.has(window.calendar),
  );
  return [...spentEntries(input, path, asOf), ...(isRead ? never(input, pool, asOf) : [])].map(
    ({ path: place = ['pools', index], message }) => ({ path: place, message }),
  );
}

type Found = Partial<PolicyWarning> & Pick<PolicyWarning, 'message'>;

/** Windows whose last day is over. */
function spentEntries(
  input: Omit<PlanInput, 'calendars'>,
  path: readonly PropertyKey[],
  { nowMs, calendars }: AsOf,
): Found[] {
  return input.entries.flatMap((entry, at) => {
    if (entry.window.kind === 'calendar' && !calendars.has(entry.window.calendar)) return [];
    const plan = new Plan({ ...input, entries: [entry], freezes: [], calendars });
    if (!plan.openings(nowMs).next().done) return [];
    return [{ path: [...path, at], message: 'this window never opens again' }];
  });
}

/** So many openings are enough to see that none is long enough. */
const MOST_OPENINGS = 1_000;

/** What only all windows and freezes together show. */
function never(
  input: Omit<PlanInput, 'calendars'>,
  pool: PoolPolicy,
  { nowMs, calendars }: AsOf,
): Found[] {
  if (input.entries.length === 0) return [];
  const neededMs = rolloutLength(pool);
  let seen = 0;
  for (const { opensMs, closesMs } of new Plan({ ...input, calendars }).openings(nowMs)) {
    if (closesMs - Math.max(opensMs, nowMs) >= neededMs) return [];
    seen += 1;
    if (seen === MOST_OPENINGS) break;
  }
  if (seen === 0) return [{ message: `pool ${pool.name} is not open within the next ten years` }];
  const message = `pool ${pool.name} is never open for the ${formatDuration(neededMs)} that a rollout may take: write longer windows, or an expectedLength`;
  return [{ message }];
}
