import { formatDuration } from '../durations.ts';
import { present } from '../present.ts';
import { sayOpened, type OpenedWindow } from '../opened-window.ts';
import { withOpened, type Opening } from './opening.ts';
import type { Plan } from './plan.ts';
import { sayTime } from './wall-clock.ts';

/** What the windows of a pool say about this moment. */
export type WindowState =
  | {
      readonly kind: 'open';
      /** Absent: it does not close within a year. */
      readonly closesMs?: number;
      /** The window that a person has opened, in words, where the pool is open by that. */
      readonly opened?: string;
    }
  | {
      readonly kind: 'closed';
      /** The same words at every look until something changes. */
      readonly because: string;
      /** Absent: nothing opens within ten years. */
      readonly opensMs?: number;
    };

export interface WindowQuestion {
  readonly nowMs: number;
  /** What has to fit before it closes; 0 for what is under way and only needs it open. */
  readonly neededMs: number;
  /** How that is known, in words. */
  readonly by?: string;
  /** What a person has opened beside the windows of the plan; it counts until it is over. */
  readonly opened?: OpenedWindow | undefined;
}

/** Whether work of this length, begun now, is done before the opening closes. */
export function fits(
  { opensMs, closesMs }: Pick<Opening, 'opensMs' | 'closesMs'>,
  { nowMs, neededMs }: WindowQuestion,
): boolean {
  return opensMs <= nowMs && nowMs < closesMs && nowMs + neededMs <= closesMs;
}

/** Whether the pool is open, and long enough; else why not and when it will be. */
export function evaluateWindows(plan: Plan, question: WindowQuestion): WindowState {
  const { nowMs, neededMs, opened } = question;
  if (opened && opened.untilMs <= nowMs) {
    return evaluateWindows(plan, { ...question, opened: undefined });
  }
  if (!plan.hasWindows && !opened) return { kind: 'closed', because: 'its pool has no window' };
  let underWay: Opening | undefined;
  for (const opening of openingsOf(plan, question)) {
    if (fits(opening, question)) return isOpen(opening, question);
    if (opening.opensMs <= nowMs) underWay = opening;
    else if (opening.closesMs - opening.opensMs >= neededMs) {
      return closed(plan, question, { underWay, next: opening });
    }
  }
  return closed(plan, question, { underWay });
}

/** The openings of the pool that close after this moment, in order, with what a person has opened and is not over. */
export function openingsOf(
  plan: Plan,
  { nowMs, opened }: Pick<WindowQuestion, 'nowMs' | 'opened'>,
): Iterable<Opening> {
  const openings = plan.openings(nowMs);
  if (!opened || opened.untilMs <= nowMs) return openings;
  return withOpened(openings, opened, { freezes: plan.freezes, nowMs });
}

function isOpen(opening: Opening, asked: WindowQuestion): WindowState {
  const closesMs = opening.closesMs === Infinity ? undefined : opening.closesMs;
  return { kind: 'open', ...present({ closesMs, opened: sayWho(opening, asked) }) };
}

/** In words what a person has opened, where that is a part of the opening. */
function sayWho({ from }: Opening, { opened }: WindowQuestion): string | undefined {
  return opened && from.find((place) => place === sayOpened(opened));
}

interface Seen {
  readonly underWay?: Opening | undefined;
  /** The next one that is long enough. */
  readonly next?: Opening;
}

function closed(plan: Plan, asked: WindowQuestion, seen: Seen): WindowState {
  const { next, underWay } = seen;
  // Without its calendar nobody knows whether anything opens.
  const isBlind = !next && !underWay && plan.problems.length > 0;
  const when = isBlind ? [] : [sayWhen(plan, asked, seen)];
  const because = (isBlind ? 'closed: ' : '') + [...when, ...plan.problems].join('; ');
  return { kind: 'closed', because, ...present({ opensMs: next?.opensMs }) };
}

function sayWhen(plan: Plan, asked: WindowQuestion, { underWay, next }: Seen): string {
  const { clock } = plan;
  const opens = next && sayTime(clock, next.opensMs);
  if (underWay) {
    const then =
      opens === undefined ? 'no other opens within ten years' : `the next opens at ${opens}`;
    return `${sayTooShort(plan, asked, underWay)}; ${then}`;
  }
  const freeze = plan.freezeAt(asked.nowMs);
  const until =
    freeze && freeze.toMs !== next?.opensMs ? ` until ${sayTime(clock, freeze.toMs)}` : '';
  const frozen = freeze ? ` (freeze${until}: ${freeze.because})` : '';
  return opens === undefined
    ? `closed: no window opens within ten years${frozen}`
    : `closed until ${opens}${frozen}`;
}

function sayTooShort({ clock }: Plan, asked: WindowQuestion, underWay: Opening): string {
  const { neededMs, by } = asked;
  const who = sayWho(underWay, asked);
  const window = who === undefined ? 'the window' : `the window (${who})`;
  const length = formatDuration(neededMs) + (by === undefined ? '' : ` (${by})`);
  return `${window} closes at ${sayTime(clock, underWay.closesMs)} and a rollout may take ${length}`;
}
