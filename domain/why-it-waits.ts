import { sayGate } from './gates/names.ts';
import { shortList } from './short-list.ts';
import type { QueuePlace } from './lock-state.ts';
import type { Pause, RolloutStatus, WaitingGate } from './status.ts';
import { inTheWay, type Blocker, type DrainProgress } from './drain-progress.ts';

/** One reason why a rollout stands where it stands; `sinceMs` where that is known. */
export interface Reason {
  readonly what: string;
  readonly because: string;
  readonly sinceMs?: number;
}

/** Every reason why a rollout waits, what people have said first. The one list that all who show it are made of. */
export function reasonsOf({ phase, paused, aborted }: RolloutStatus): Reason[] {
  return [
    ...(paused ? [{ what: 'pause', because: sayPause(paused), sinceMs: paused.atMs }] : []),
    ...(aborted
      ? [
          {
            what: 'abort',
            because: `aborted by ${aborted.by}: ${aborted.reason}`,
            sinceMs: aborted.atMs,
          },
        ]
      : []),
    ...reasonsOfPhase(phase),
  ];
}

function reasonsOfPhase(phase: RolloutStatus['phase']): Reason[] {
  if ('because' in phase) {
    return [{ what: phase.at, because: phase.because, sinceMs: phase.sinceMs }];
  }
  if (phase.at === 'waiting') return phase.closed.map(reasonOfGate);
  if (phase.at === 'queued' && phase.place) {
    return [{ what: 'queue', because: sayPlace(phase.place) }];
  }
  if (!('drain' in phase) || !phase.drain) return [];
  const { waits } = phase.drain;
  return [
    ...inTheWay(phase.drain).map(reasonOfBlocker),
    ...(waits === undefined ? [] : [{ what: 'drain', because: waits }]),
  ];
}

const reasonOfGate = (gate: WaitingGate): Reason => ({
  what: `gate ${gate.gate}`,
  because: sayGate(gate),
  sinceMs: gate.sinceMs,
});

const reasonOfBlocker = ({ what, because, sinceMs }: Blocker): Reason => ({
  what,
  because: `${what}: ${because}`,
  sinceMs,
});

/** Who has paused, until when, and why. */
export function sayPause({ by, untilMs, reason }: Pause): string {
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  return `paused by ${by}${until}: ${reason}`;
}

/** Why a lock admits nobody that a person has paused. */
export const sayPausedLock = (pause: Pause): string => `the lock is ${sayPause(pause)}`;

export function sayPlace({ place, of, behind, because }: QueuePlace): string {
  const others = behind.length > 0 ? `, behind ${shortList(behind)}` : '';
  return `number ${place} of ${of} in the queue${others}: ${because}`;
}

/** What the server knows of an activity that is not done: the last failure, and the last heartbeat's details. */
export interface Pending {
  readonly failure?: string;
  readonly heartbeat?: unknown;
}

/**
 * In one line why a rollout stands where it stands; empty when nothing holds it up. What the server knows of the activity that
 * is tried again is newer than what the rollout has taken in.
 */
export function whyItWaits(status: RolloutStatus, pending: readonly Pending[] = []): string {
  const person = status.paused ?? status.aborted;
  const newest = person
    ? []
    : pending.flatMap(({ failure, heartbeat }) => failure ?? sayHeartbeat(heartbeat) ?? []);
  const known = reasonsOf(status).map(({ because }) => because);
  return (newest.length > 0 ? newest : known).join('; ');
}

/** The drain's progress, or the reason a return is waited for. */
function sayHeartbeat(heartbeat: unknown): string | undefined {
  if (typeof heartbeat !== 'object' || heartbeat === null) return undefined;
  const { blockers, waits, because } = heartbeat as Partial<DrainProgress> & { because?: string };
  if (blockers === undefined) return because;
  if (waits !== undefined) return waits;
  // Without how long: the table has its own clock, and a line that changes every second says nothing new.
  const words = blockers.map((blocker) => reasonOfBlocker(blocker).because);
  return words.length > 0 ? shortList(words, { most: 2, between: '; ' }) : undefined;
}
