import { sayOpened, type OpenedWindow } from '../opened-window.ts';
import { DAY_MS } from './wall-clock.ts';

/** A stretch of time in which nodes may be taken out of service: from `opensMs`, and no more at `closesMs`. */
export interface Opening {
  readonly opensMs: number;
  /** Infinity: it does not close within a year. */
  readonly closesMs: number;
  /** The entries of the policy it comes from. */
  readonly from: readonly string[];
}

/**
 * At least the openings that close after `fromMs`, in order of `opensMs`. They may never end, so take no more than needed,
 * and may be empty, where a change of the clocks swallows one.
 */
export type Openings = (fromMs: number) => Iterable<Opening>;

/** Nobody plans further; a search that finds nothing ends here. */
export const HORIZON_MS = 3_653 * DAY_MS;

/** Openings that follow on each other without a gap for this long are one that does not close. */
const UNCLOSED_MS = 366 * DAY_MS;

/** Several sequences in one, in order of `opensMs`, up to `untilMs`. */
export function* inOrder(all: readonly Iterable<Opening>[], untilMs: number): Generator<Opening> {
  const heads = all.flatMap((openings) => {
    const rest = openings[Symbol.iterator]();
    const first = rest.next();
    return first.done ? [] : [{ next: first.value, rest }];
  });
  while (heads.length > 0) {
    const head = heads.reduce((one, other) =>
      other.next.opensMs < one.next.opensMs ? other : one,
    );
    if (head.next.opensMs > untilMs) return;
    yield head.next;
    const following = head.rest.next();
    if (following.done) heads.splice(heads.indexOf(head), 1);
    else head.next = following.value;
  }
}

/** What overlaps or touches becomes one opening. `openings` are in order; those that close after `nowMs` are given. */
export function* joined(openings: Iterable<Opening>, nowMs: number): Generator<Opening> {
  let current: Opening | undefined;
  for (const next of openings) {
    if (next.closesMs <= next.opensMs) continue;
    if (current && next.opensMs <= current.closesMs) {
      current = together(current, next);
      if (current.closesMs < Math.max(current.opensMs, nowMs) + UNCLOSED_MS) continue;
      yield { ...current, closesMs: Infinity };
      return;
    }
    if (current && current.closesMs > nowMs) yield current;
    current = next;
  }
  if (current && current.closesMs > nowMs) yield current;
}

function together(one: Opening, other: Opening): Opening {
  return {
    opensMs: one.opensMs,
    closesMs: Math.max(one.closesMs, other.closesMs),
    from: [...new Set([...one.from, ...other.from])],
  };
}

/** A stretch in which nothing is open, whatever the windows say. */
export interface Freeze {
  readonly fromMs: number;
  readonly toMs: number;
  readonly because: string;
}

/** A stretch between two freezes. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the freezes leave of time, as far as it ends after `fromMs`. */
export function* spansBetween(freezes: readonly Freeze[], fromMs: number): Generator<Span> {
  let begin = -Infinity;
  for (const freeze of freezes.toSorted((one, other) => one.fromMs - other.fromMs)) {
    if (freeze.fromMs > Math.max(begin, fromMs)) yield { fromMs: begin, toMs: freeze.fromMs };
    begin = Math.max(begin, freeze.toMs);
  }
  yield { fromMs: begin, toMs: Infinity };
}

/** What of the openings, which are in order, lies within a span. */
export function* within(openings: Iterable<Opening>, span: Span): Generator<Opening> {
  for (const opening of openings) {
    const opensMs = Math.max(opening.opensMs, span.fromMs);
    const closesMs = Math.min(opening.closesMs, span.toMs);
    if (opensMs >= span.toMs) return;
    if (opensMs < closesMs) yield { ...opening, opensMs, closesMs };
  }
}

/** The openings, which are in order and close after `nowMs`, with those of the opened window among them. */
export function withOpened(
  openings: Iterable<Opening>,
  opened: OpenedWindow,
  { freezes, nowMs }: { readonly freezes: readonly Freeze[]; readonly nowMs: number },
): Generator<Opening> {
  const { fromMs, untilMs, despiteFreeze } = opened;
  const whole = {
    // Its lock knows it to be open, whatever the clock of this machine says.
    opensMs: Math.min(fromMs, nowMs),
    closesMs: untilMs,
    from: [sayOpened(opened)],
  };
  const spans = despiteFreeze ? [whole] : cutBy(freezes, whole);
  return joined(inOrder([openings, spans], Infinity), nowMs);
}

function* cutBy(freezes: readonly Freeze[], whole: Opening): Generator<Opening> {
  for (const span of spansBetween(freezes, whole.opensMs)) {
    if (span.fromMs >= whole.closesMs) return;
    yield* within([whole], span);
  }
}
