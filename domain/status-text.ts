import type { Blocker } from './drain-progress.ts';
import { sayPhase } from './phases.ts';
import { shortList } from './short-list.ts';
import type { Pause, RolloutStatus } from './status.ts';

/** A rollout's status as short markdown, for the Web UI. */
export function describeStatus(status: RolloutStatus): string {
  return [
    `**${sayPhase(status.phase.at, status.node)}** since ${utc(status.phase.sinceMs)}`,
    ...(status.because === undefined ? [] : [status.because]),
    ...waits(status),
    ...drains(status),
    ...words(status),
  ].join('\n');
}

function waits({ waitingFor, queue }: RolloutStatus): string[] {
  const gates = waitingFor.map(
    ({ gate, because, sinceMs }) =>
      `- gate **${gate}** is closed: ${because} (since ${utc(sinceMs)})`,
  );
  if (!queue) return gates;
  const behind = queue.behind.length > 0 ? `, behind ${shortList(queue.behind)}` : '';
  const why = queue.because === undefined ? '' : `: ${queue.because}`;
  return [...gates, `- place ${queue.place} in the queue${behind}${why}`];
}

/** More would hide the first; the heartbeat of the drain, under Pending Activities, has them all. */
const MOST_SHOWN = 5;
/** A webhook may say a page. */
const MOST_WORDS = 300;

function drains({ drain }: RolloutStatus): string[] {
  if (!drain) return [];
  const { podsLeft, evicted, blockers, trouble, atMs } = drain;
  const left = podsLeft === 1 ? '1 pod is left' : `${podsLeft} pods are left`;
  const more = blockers.length - MOST_SHOWN;
  return [
    `- ${left}, ${evicted} evicted, as of ${utc(atMs)}`,
    ...(trouble ? [sayBlocker(trouble)] : []),
    ...blockers.slice(0, MOST_SHOWN).map(sayBlocker),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ];
}

function sayBlocker({ what, because, sinceMs }: Blocker): string {
  return `- waits for **${what}**: ${because.slice(0, MOST_WORDS)} (since ${utc(sinceMs)})`;
}

function words({ paused, aborted, skipped, notUnderstood }: RolloutStatus): string[] {
  return [
    ...(paused ? [`- ${sayPause(paused)}`] : []),
    ...(aborted ? [`- aborted by ${aborted.by}: ${aborted.reason}`] : []),
    ...skipped.map(({ gate, by, reason }) => `- gate **${gate}** skipped by ${by}: ${reason}`),
    ...notUnderstood.map((text) => `- signal not understood: ${text}`),
  ];
}

/** Who has paused, until when, and why. */
export function sayPause({ by, untilMs, reason }: Pause): string {
  return `paused by ${by}${until(untilMs)}: ${reason}`;
}

const utc = (atMs: number): string => new Date(atMs).toISOString();

const until = (atMs: number | undefined): string =>
  atMs === undefined ? '' : ` until ${utc(atMs)}`;
