import { markdown } from './markdown.ts';
import { sayPhase } from './phases.ts';
import type { DrainNews, RolloutStatus } from './status.ts';
import { reasonsOf, type Reason } from './why-it-waits.ts';

/** More would hide the first; the heartbeat of the drain, under Pending Activities, has them all. */
const MOST_SHOWN = 8;
/** A rollout's status as short markdown, for the Web UI. */
export function describeStatus(status: RolloutStatus): string {
  const { phase, node, skipped, window, notUnderstood } = status;
  const reasons = reasonsOf(status);
  const more = reasons.length - MOST_SHOWN;
  return [
    `**${sayPhase(phase.at, node)}** since ${utc(phase.sinceMs)}`,
    ...('drain' in phase && phase.drain ? [sayDrain(phase.drain)] : []),
    ...reasons.slice(0, MOST_SHOWN).map(sayReason),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(window === undefined ? [] : [`- gate **window**: ${markdown(window)}`]),
    ...skipped.map(
      ({ gate, by, reason }) =>
        `- gate **${gate}** skipped by ${markdown(by)}: ${markdown(reason)}`,
    ),
    ...notUnderstood.map((text) => `- signal not understood: ${markdown(text)}`),
  ].join('\n');
}

function sayReason({ because, sinceMs }: Reason): string {
  const since = sinceMs === undefined ? '' : ` (since ${utc(sinceMs)})`;
  return `- ${markdown(because)}${since}`;
}

function sayDrain({ podsLeft, evicted, atMs }: DrainNews): string {
  const left = podsLeft === 1 ? '1 pod is left' : `${podsLeft} pods are left`;
  return `- ${left}, ${evicted} evicted, as of ${utc(atMs)}`;
}

const utc = (atMs: number): string => new Date(atMs).toISOString();
