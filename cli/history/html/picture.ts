import type { Opening } from '../../../domain/window/opening.ts';
import { DAY_MS, instantOf, localAt, type WallClock } from '../../../domain/window/wall-clock.ts';
import type { RolloutStory, Span, Stretch } from '../story.ts';

/** What is drawn of one pool. */
export interface Picture {
  /** Absent: nodes of which no pool is known. */
  readonly pool?: string;
  readonly clock: WallClock;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ticks: readonly number[];
  /** Absent: no policy was given. */
  readonly openings?: readonly Stretch[];
  /** Nodes that may be out of service at once, or why no line is drawn for it. */
  readonly budget: number | string;
  readonly rows: readonly Row[];
  /** How many nodes were out of service from each of these moments on. */
  readonly out: readonly Step[];
}

export interface Row {
  readonly node: string;
  readonly bars: readonly Bar[];
  /** Its rollouts, the first that began first; never none. */
  readonly stories: readonly RolloutStory[];
}

export interface Bar {
  readonly story: RolloutStory;
  /** Within the picture. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly span: Span;
}

interface Step {
  readonly atMs: number;
  readonly count: number;
}

/** What the policy says of a pool. */
export interface PoolFacts {
  readonly clock: WallClock;
  readonly budget: number | string;
  /** Those that close after a moment, in order; absent: no policy was given. */
  readonly openings?: (fromMs: number) => Iterable<Opening>;
}

export interface Extent {
  readonly sinceMs: number;
  readonly atMs: number;
}

/** What there is to draw of these rollouts of one pool; there has to be at least one. */
export function pictureOf(
  stories: readonly RolloutStory[],
  { clock, budget, openings }: PoolFacts,
  extent: Extent,
): Omit<Picture, 'pool'> {
  const { fromMs, toMs } = rangeOf(stories, extent);
  const within = (stretch: Stretch): Required<Stretch> | undefined => {
    const from = Math.max(fromMs, stretch.fromMs);
    const to = Math.min(toMs, stretch.toMs ?? extent.atMs);
    return from < to ? { fromMs: from, toMs: to } : undefined;
  };
  const byNode = Map.groupBy(stories, ({ node }) => node);
  const rows = [...byNode].map(([node, ofNode]) => ({
    node,
    stories: ofNode,
    bars: ofNode.flatMap((story) =>
      story.spans.flatMap((span) => {
        const drawn = within(span);
        return drawn ? [{ story, span, ...drawn }] : [];
      }),
    ),
  }));
  const out = [...byNode.values()].flatMap((ofNode) =>
    outOf(ofNode).flatMap((s) => within(s) ?? []),
  );
  return {
    clock,
    fromMs,
    toMs,
    ticks: ticksOf(clock, fromMs, toMs),
    budget,
    rows: rows.toSorted((one, other) => firstOut(one) - firstOut(other)),
    out: stepsOf(out, fromMs),
    ...(openings && {
      openings: drawnOpenings(openings(fromMs), toMs).flatMap((o) => within(o) ?? []),
    }),
  };
}

/** From the first that began to the last that ended, not before what was asked for, and a little more. */
function rangeOf(stories: readonly RolloutStory[], { sinceMs, atMs }: Extent) {
  const began = Math.max(sinceMs, Math.min(...stories.map(({ beganMs }) => beganMs)));
  const ended = Math.max(...stories.map(({ endedMs = atMs }) => endedMs));
  const more = Math.max(500, Math.ceil((ended - began) / 100));
  return { fromMs: began - more, toMs: ended + more };
}

function drawnOpenings(openings: Iterable<Opening>, toMs: number): Stretch[] {
  const drawn: Stretch[] = [];
  for (const { opensMs, closesMs } of openings) {
    if (opensMs >= toMs) break;
    drawn.push({ fromMs: opensMs, toMs: closesMs });
  }
  return drawn;
}

/** When a node was out of service; one that its rollout has left so is until the next rollout takes it on. */
function outOf(stories: readonly RolloutStory[]): Stretch[] {
  return stories.flatMap(({ outOfService }, at) =>
    outOfService.map(({ fromMs, toMs = stories[at + 1]?.beganMs }) => ({
      fromMs,
      ...(toMs !== undefined && { toMs }),
    })),
  );
}

/** Rows begin in the order in which their nodes went out of service; those that never did come last. */
const firstOut = ({ stories }: Row): number =>
  Math.min(...stories.flatMap(({ outOfService }) => outOfService.map(({ fromMs }) => fromMs)));

function stepsOf(out: readonly Required<Stretch>[], fromMs: number): Step[] {
  const changes = out
    .flatMap((stretch) => [
      { atMs: stretch.fromMs, by: 1 },
      { atMs: stretch.toMs, by: -1 },
    ])
    // At one moment the node that comes back makes room for the next.
    .toSorted((one, other) => one.atMs - other.atMs || one.by - other.by);
  let count = 0;
  const steps = changes.map(({ atMs, by }) => ({ atMs, count: (count += by) }));
  return [{ atMs: fromMs, count: 0 }, ...steps];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28].map((count) => count * DAY_MS),
];
const MOST_TICKS = 10;
/** What is written at a later one would stand out of the picture. */
const LAST_TICK = 0.94;

/** Round times on the clock, not more than can be read. */
function ticksOf(clock: WallClock, fromMs: number, toMs: number): number[] {
  const step = STEPS.find((one) => (toMs - fromMs) / one <= MOST_TICKS) ?? 365 * DAY_MS;
  const ticks: number[] = [];
  const last = localAt(clock, Math.floor(fromMs + LAST_TICK * (toMs - fromMs)));
  for (let local = Math.ceil(localAt(clock, fromMs) / step) * step; local < last; local += step) {
    const atMs = instantOf(clock, local);
    if (atMs > fromMs) ticks.push(atMs);
  }
  return ticks;
}
