import { markdown } from './markdown.ts';
import { sayOpened } from './opened-window.ts';
import { sayPhase } from './phases.ts';
import { shortList } from './short-list.ts';
import type { DrainNews, LockStatus, RolloutStatus } from './status.ts';
import { reasonsOf, sayPause, type Reason } from './why-it-waits.ts';

/** More is not read at a glance; the heartbeat of the drain, under Pending Activities, has them all. */
const MOST_SHOWN = 5;
/** As much of each; the whole of it stands under Pending Activities too. */
const LONGEST_REASON = 200;

/** A rollout's status as short Markdown, for the Web UI, whose frame for it has room for about ten lines. */
export function describeStatus(status: RolloutStatus): string {
  const { phase, node, skipped, window, notUnderstood } = status;
  const reasons = reasonsOf(status);
  return page(`**${sayPhase(phase.at, node)}** since ${utc(phase.sinceMs)}`, [
    ...('drain' in phase && phase.drain ? [sayDrain(phase.drain)] : []),
    ...firstOf(reasons.map((reason) => sayReason(reason, phase.sinceMs))),
    ...(window === undefined ? [] : [`gate **window**: ${markdown(window, LONGEST_REASON)}`]),
    ...skipped.map(
      ({ gate, by, reason }) =>
        `gate **${gate}** skipped by ${markdown(by)}: ${markdown(reason, LONGEST_REASON)}`,
    ),
    ...firstOf(notUnderstood.toReversed().map(sayUnread)),
  ]);
}

/** The status of a pool's lock as short Markdown. */
export function describeLock(status: LockStatus): string {
  const { permits, queue, troubles, window, notUnderstood } = status;
  return page(headlineOf(status), [
    ...(queue.length > 0 ? [`in the queue: ${names(queue)}`] : []),
    ...(permits.length > 0 ? [`permits not yet used: ${names(permits)}`] : []),
    ...(window ? [`window: ${markdown(sayOpened(window), LONGEST_REASON)}`] : []),
    ...firstOf(
      troubles.map(
        ({ node, because }) => `trouble with ${node}: ${markdown(because, LONGEST_REASON)}`,
      ),
    ),
    ...firstOf(notUnderstood.toReversed().map(sayUnread)),
  ]);
}

const names = (those: readonly { readonly node: string }[]): string =>
  shortList(those.map(({ node }) => node));

function headlineOf({ paused, because, permits, queue }: LockStatus): string {
  if (paused) return `**${markdown(sayPause(paused), LONGEST_REASON)}** since ${utc(paused.atMs)}`;
  if (because !== undefined) {
    return `**nobody is admitted**: ${markdown(because, LONGEST_REASON)}`;
  }
  if (permits.length > 0) return '**somebody has a turn**';
  return queue.length > 0 ? '**the nodes of the pool are being counted**' : '**nobody waits**';
}

/** A headline and a list; without the empty line the Web UI makes one paragraph of both. */
function page(headline: string, lines: readonly string[]): string {
  return [headline, ...(lines.length > 0 ? [''] : []), ...lines.map((line) => `- ${line}`)].join(
    '\n',
  );
}

function firstOf(lines: readonly string[]): string[] {
  const more = lines.length - MOST_SHOWN;
  return [...lines.slice(0, MOST_SHOWN), ...(more > 0 ? [`and ${more} more`] : [])];
}

const sayUnread = (text: string): string =>
  `signal not understood: ${markdown(text, LONGEST_REASON)}`;

/** What has begun with the phase says so there. */
function sayReason({ because, sinceMs }: Reason, phaseSinceMs: number): string {
  const since = sinceMs === undefined ? '' : utc(sinceMs);
  const words = markdown(because, LONGEST_REASON);
  return since === '' || since === utc(phaseSinceMs) ? words : `${words} (since ${since})`;
}

function sayDrain({ podsLeft, evicted, atMs }: DrainNews): string {
  const left = podsLeft === 1 ? '1 pod is left' : `${podsLeft} pods are left`;
  return `${left}, ${evicted} evicted, as of ${utc(atMs)}`;
}

const utc = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')} UTC`;
