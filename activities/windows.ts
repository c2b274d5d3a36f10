import type { Policy } from '../domain/policy.ts';
import { predictedLength } from '../domain/rollout-length.ts';
import type { LockStatus } from '../domain/status.ts';
import { evaluateWindows, type WindowState } from '../domain/window/evaluate.ts';
import { Plan, type CalendarCopy } from '../domain/window/plan.ts';
import { poolWindows } from '../domain/window/pool-windows.ts';
import type { Deps } from './deps.ts';

export interface WindowMoment {
  readonly pool: string;
  /** The node is out of service already: the window has to be open, and need not be long enough for a whole rollout. */
  readonly underWay: boolean;
  /** How old the word of the lock may be on what a person has opened or closed. */
  readonly maxAgeMs: number;
  readonly nowMs: number;
}

/**
 * What the windows of a pool say, by the policy in force and its calendars as they are at hand, and by what a person has
 * opened. Only where the policy does not let it go on, the lock of the pool is asked; one that cannot be asked opens nothing.
 */
export async function windowState(
  { policy, calendars, temporal }: Pick<Deps, 'policy' | 'calendars' | 'temporal'>,
  { pool, underWay, maxAgeMs, nowMs }: WindowMoment,
): Promise<WindowState> {
  const current = policy.current();
  const index = current.pools.findIndex(({ name }) => name === pool);
  const found = current.pools[index];
  if (!found) return { kind: 'closed', because: `pool ${pool} is not in the policy` };
  const plan = await planOf(current, index, calendars);
  const lookBy = (lock: Partial<Pick<LockStatus, 'window' | 'lengths'>>): WindowState => {
    const { window: opened, lengths = [] } = lock;
    if (underWay) return evaluateWindows(plan, { nowMs, neededMs: 0, opened });
    const { ms, by } = predictedLength(found, lengths);
    return evaluateWindows(plan, { nowMs, neededMs: ms, by, opened });
  };
  const byPolicy = lookBy({});
  if (byPolicy.kind === 'open') return byPolicy;
  const lock = await temporal.lockStatus(pool, maxAgeMs);
  return lock ? lookBy(lock) : byPolicy;
}

interface Made {
  readonly plan: Plan;
  readonly calendars: ReadonlyMap<string, CalendarCopy>;
}

/** Plans remember what they have worked out, so they are kept as long as the policy and the calendars they are made of. */
const made = new WeakMap<Policy, Map<number, Made>>();

async function planOf(policy: Policy, index: number, source: Deps['calendars']): Promise<Plan> {
  const input = poolWindows(policy, index);
  const places = input.entries.flatMap(({ window }) =>
    window.kind === 'calendar' ? [window] : [],
  );
  const copies = await Promise.all(
    places.map(
      async (place) => [place.calendar, await source.read(place.calendar, place.tls)] as const,
    ),
  );
  const calendars = new Map(copies);
  const plans = made.get(policy) ?? new Map<number, Made>();
  made.set(policy, plans);
  const known = plans.get(index);
  if (known && copies.every(([place, copy]) => known.calendars.get(place) === copy)) {
    return known.plan;
  }
  const plan = new Plan({ ...input, calendars });
  plans.set(index, { plan, calendars });
  return plan;
}
