import { formatDuration } from '../durations.ts';
import { present } from '../present.ts';
import type { Opening } from './opening.ts';
import type { Plan } from './plan.ts';
import { sayTime } from './wall-clock.ts';

/** What the windows of a pool say about this moment. */
export type WindowState =
  | {
      readonly kind: 'open';
      /** Absent: it does not close within a year. */
      readonly closesMs?: number;
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
}

/** Whether work of this length, begun now, is done before the opening closes. */
export function fits(
  { opensMs, closesMs }: Pick<Opening, 'opensMs' | 'closesMs'>,
  { nowMs, neededMs }: WindowQuestion,
): boolean {
  return opensMs <= nowMs && nowMs < closesMs && nowMs + neededMs <= closesMs;
}

/** Whether the pool is open, and long enough; else why not and when it will be. */
export function evaluateWindows(plan: Plan, asked: WindowQuestion): WindowState {
  if (!plan.hasWindows) return { kind: 'closed', because: 'its pool has no window' };
  const { nowMs, neededMs } = asked;
  let underWay: Opening | undefined;
  for (const opening of plan.openings(nowMs)) {
    if (fits(opening, asked)) return isOpen(opening);
    if (opening.opensMs <= nowMs) underWay = opening;
    else if (opening.closesMs - opening.opensMs >= neededMs) {
      return closed(plan, asked, { underWay, next: opening });
    }
  }
  return closed(plan, asked, { underWay });
}

function isOpen({ closesMs }: Opening): WindowState {
  return closesMs === Infinity ? { kind: 'open' } : { kind: 'open', closesMs };
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

function sayWhen(
  plan: Plan,
  { nowMs, neededMs, by }: WindowQuestion,
  { underWay, next }: Seen,
): string {
  const { clock } = plan;
  const opens = next && sayTime(clock, next.opensMs);
  if (underWay) {
    const closes = sayTime(clock, underWay.closesMs);
    const then =
      opens === undefined ? 'no other opens within ten years' : `the next opens at ${opens}`;
    const length = formatDuration(neededMs) + (by === undefined ? '' : ` (${by})`);
    return `the window closes at ${closes} and a rollout may take ${length}; ${then}`;
  }
  const freeze = plan.freezeAt(nowMs);
  const until =
    freeze && freeze.toMs !== next?.opensMs ? ` until ${sayTime(clock, freeze.toMs)}` : '';
  const frozen = freeze ? ` (freeze${until}: ${freeze.because})` : '';
  return opens === undefined
    ? `closed: no window opens within ten years${frozen}`
    : `closed until ${opens}${frozen}`;
}
