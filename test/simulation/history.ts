import './temporal/sdk-globals.ts';
import { maybeGetActivator } from '@temporalio/workflow/lib/global-attributes.js';
import type { Twist } from './breaks.ts';
import { inVirtualTime } from './time/virtual-time.ts';
import { judgeEnding, sayRestless } from './judge/ending.ts';
import { judgeHalt } from './judge/halt.ts';
import { Judge } from './judge/judge.ts';
import { judgeReasons } from './judge/reasons.ts';
import type { Broken, Rule } from './judge/contract.ts';
import type { Plan } from './plan.ts';
import { Events } from './world/events.ts';
import { Steps } from './world/steps.ts';
import { heal } from './world/heal.ts';
import { World } from './world/world.ts';

export interface HistoryOptions {
  readonly trace?: (line: string) => void;
  readonly twist?: Twist;
  /** Guarantees that are not judged. */
  readonly without?: ReadonlySet<Rule>;
  /** A history that takes more steps than this is taken for one that never ends. */
  readonly mostSteps?: number;
  /** Asked at every step; then the history breaks off, unjudged. */
  readonly stopped?: () => boolean;
}

export interface History {
  readonly broken: readonly Broken[];
  /** What it took, for a report. */
  readonly hours: number;
  readonly steps: number;
  readonly rollouts: number;
  readonly reboots: number;
}

const MINUTE_MS = 60_000;
/** After the last trouble everything has to come to rest within this. */
const REST_WITHIN_MS = 30 * 60 * MINUTE_MS;
/** The longest of ten thousand histories has taken a third of this. */
const MOST_STEPS = 500_000;
/** Every so often the answers to "why does it wait?" are read. */
const ASK_EVERY_MS = 4 * MINUTE_MS;

/** Lives one history from beginning to end, as far as the first broken guarantee. */
export async function live(planned: Plan, options: HistoryOptions = {}): Promise<History> {
  const { events = [] } = options.twist ?? {};
  const plan = { ...planned, events: [...planned.events, ...events] };
  const judge = new Judge();
  const world = new World(plan, { ...options, observer: judge });
  const { clock, random } = world;
  const nowMs = (): number => maybeGetActivator()?.now ?? clock.nowMs;
  return await inVirtualTime({ clock, random, nowMs }, () => unfold(world, judge, options));
}

async function unfold(world: World, judge: Judge, options: HistoryOptions): Promise<History> {
  const { clock, plan } = world;
  const events = new Events(world);
  judge.watch(world, events);
  const { found, isOver } = endOf(world, judge, options);
  return await listening(judge, async () => {
    judgeHalt(world, events, judge);
    world.steps = new Steps(world, events, plan);
    world.begin();
    ask(world, judge);
    await clock.runUntil(isOver, clock.nowMs + plan.troubleForMs);
    if (!isOver()) heal(world, events);
    const rests = await comeToRest(world, judge, isOver);
    if (rests && !isOver()) await judgeEnding({ world, events, judge }, isOver);
    await rejectionsHeard();
    const lived = report(world, found());
    await world.end();
    return lived;
  });
}

/** A history is over when it has broken a guarantee, is not waited for any longer, or goes round in circles. */
function endOf(world: World, judge: Judge, options: HistoryOptions) {
  const { without, mostSteps = MOST_STEPS, stopped } = options;
  const found = (): Broken[] => judge.broken.filter(({ rule }) => !without?.has(rule));
  const { clock } = world;
  let endless = false;
  const isOver = (): boolean => {
    if (!endless && clock.rung > mostSteps) {
      endless = true;
      judge.say('G7', `it never ends: more than ${mostSteps} steps in ${sayHours(world)} hours`);
    }
    return endless || found().length > 0 || stopped?.() === true;
  };
  return { found, isOver };
}

const hoursOf = (world: World): number => world.sinceBeginMs / (60 * MINUTE_MS);
const sayHours = (world: World): string => hoursOf(world).toFixed(1);

/** A promise whose failure nobody handles would end a real worker. */
async function listening<T>(judge: Judge, run: () => Promise<T>): Promise<T> {
  const rejected = (error: unknown): void => judge.say('G7', `nobody heard this: ${String(error)}`);
  process.on('unhandledRejection', rejected);
  // Nobody reads the stacks of failures that are part of the story, and they cost more than the story itself.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 2;
  try {
    return await run();
  } finally {
    // What the end itself has set off belongs to this history too, and not to the next.
    await rejectionsHeard();
    process.off('unhandledRejection', rejected);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Node tells of rejections when the event loop turns. */
const rejectionsHeard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** False when it is over before, or waited for in vain: whatever else is judged, it is not waited for any longer. */
async function comeToRest(world: World, judge: Judge, isOver: () => boolean): Promise<boolean> {
  const { clock } = world;
  const deadlineMs = clock.nowMs + REST_WITHIN_MS;
  while (!isOver()) {
    await clock.runUntil(isOver, clock.nowMs + MINUTE_MS);
    const restless = sayRestless(world);
    if (restless === undefined) return true;
    if (clock.nowMs < deadlineMs) continue;
    judge.say('G7', `long after the last trouble it has not come to rest: ${restless}`);
    return false;
  }
  return false;
}

function ask(world: World, judge: Judge): void {
  world.clock.after(ASK_EVERY_MS, () => {
    judgeReasons(world, judge);
    ask(world, judge);
  });
}

function report(world: World, broken: readonly Broken[]): History {
  const machines = [...world.machines.values()];
  return {
    broken,
    hours: hoursOf(world),
    steps: world.clock.rung,
    rollouts: world.server.runs.filter(({ type }) => type === 'nodeRollout').length,
    reboots: machines.reduce((sum, { ordered }) => sum + ordered.length, 0),
  };
}
