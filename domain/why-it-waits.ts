import type { Blocker, DrainProgress } from './drain-progress.ts';
import { sayGate } from './gates/names.ts';
import { shortList } from './short-list.ts';
import type { RolloutStatus } from './status.ts';

/** What the server knows of an activity that is not done: the last failure, and the last heartbeat's details. */
export interface Pending {
  readonly failure?: string;
  readonly heartbeat?: unknown;
}

/** In one sentence why a rollout stands where it stands; empty when nothing holds it up. */
export function whyItWaits(status: RolloutStatus, pending: readonly Pending[]): string {
  const reasons = [
    status.paused && `paused by ${status.paused.by}: ${status.paused.reason}`,
    status.aborted && `aborted by ${status.aborted.by}: ${status.aborted.reason}`,
    status.because,
    status.queue && sayQueue(status.queue),
    status.waitingFor.map(sayGate).join('; '),
    ...pending.map(({ failure }) => failure),
    ...pending.map(({ heartbeat }) => sayHeartbeat(heartbeat)),
  ];
  return reasons.find((reason) => reason !== undefined && reason !== '') ?? '';
}

function sayQueue({ place, behind, because }: NonNullable<RolloutStatus['queue']>): string {
  const others = behind.length > 0 ? `, behind ${behind.join(', ')}` : '';
  const why = because === undefined ? '' : `: ${because}`;
  return `number ${place} in the queue${others}${why}`;
}

/** The drain's progress, or the reason a return is waited for. */
function sayHeartbeat(heartbeat: unknown): string | undefined {
  if (typeof heartbeat !== 'object' || heartbeat === null) return undefined;
  const { blockers, because } = heartbeat as Partial<DrainProgress> & { because?: string };
  if (blockers !== undefined)
    return shortList(blockers.map(sayBlocker), { most: 2, between: '; ' });
  return because;
}

/** Without how long: the table has its own clock, and a line that changes every second says nothing new. */
function sayBlocker({ what, because }: Blocker): string {
  return `${what}: ${because}`;
}
