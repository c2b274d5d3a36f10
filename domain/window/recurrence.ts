import { RRuleTemporal } from 'rrule-temporal';
import { checkRule, type RuleParts } from './recurrence-rule.ts';
import { instantOf, type WallClock } from './wall-clock.ts';

/** The rule is walked in UTC, which stands for the clock on the wall; what is not a whole day comes from `anchor`. */
interface Anchor {
  /** The local time of the first occurrence there may be. */
  readonly local: number;
  /** Whether that time counts although the rule does not name it, as the DTSTART of a calendar does. */
  readonly counts: boolean;
}

/** A recurrence rule (RFC 5545 section 3.3.10) whose smallest step is a day. */
export interface Recurrence {
  /** Local times it falls on, from the one given, in order. */
  from(local: number, clock: WallClock): Iterable<number>;
}

/** The rule, or what is wrong with it. */
export function parseRecurrence(
  text: string,
  anchor: Anchor,
): Recurrence | { readonly problem: string } {
  const rule = checkRule(text);
  if ('problem' in rule) return rule;
  let walker: RRuleTemporal;
  try {
    walker = walkerOf(rule, anchor);
  } catch {
    return { problem: 'write a rule as in RFC 5545, such as FREQ=MONTHLY;BYDAY=1MO' };
  }
  if (next(walker, anchor.local, true) === undefined) {
    return { problem: 'this rule never falls on a day: write one that exists' };
  }
  if (!rule.parts.has('COUNT')) {
    return { from: (local, clock) => walk(walker, rule, { local, clock }) };
  }
  // Every step would count again from the first one.
  const all = walker.all().map(({ epochMilliseconds }) => epochMilliseconds);
  return { from: (local) => all.filter((at) => at >= local) };
}

function walkerOf({ rule }: RuleParts, { local, counts }: Anchor): RRuleTemporal {
  const start = new Date(local).toISOString().replace(/[-:]|\.000/g, '');
  return new RRuleTemporal({
    rruleString: `DTSTART:${start}\nRRULE:${rule}`,
    strict: true,
    includeDtstart: counts,
  });
}

function* walk(
  walker: RRuleTemporal,
  { until }: RuleParts,
  { local, clock }: { local: number; clock: WallClock },
): Generator<number> {
  const over = (at: number): boolean => {
    if (until === undefined) return false;
    return until.kind === 'local' ? at > until.local : instantOf(clock, at) > until.ms;
  };
  let at = next(walker, local, true);
  while (at !== undefined && !over(at)) {
    yield at;
    at = next(walker, at, false);
  }
}

/** Undefined too when the library gives up looking: then it would be centuries away. */
function next(walker: RRuleTemporal, local: number, inclusive: boolean): number | undefined {
  try {
    return walker.next(new Date(local), inclusive)?.epochMilliseconds;
  } catch {
    return undefined;
  }
}
