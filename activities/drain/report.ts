import {
  blockerLine,
  inTheWay,
  MOST_BLOCKERS,
  type Blocker,
  type DrainProgress,
} from '../../domain/drain-progress.ts';
import { ownerOf, podName, sayCameBack } from '../../domain/pod-verdict.ts';
import { warningLines } from '../../domain/pod-warnings.ts';
import { present } from '../../domain/present.ts';
import { lowestTier } from './evict.ts';
import { podsLeft, podsStaying, type Drain, type LeftPod } from './state.ts';
import { failure } from '../failure.ts';

/** How things stand, for the heartbeat. */
export function progressOf(drain: Drain): DrainProgress {
  return {
    podsLeft: podsLeft(drain).length,
    evicted: drain.evictions.length,
    blockers: blockersOf(drain).slice(0, MOST_BLOCKERS),
    warnings: warningsOf(drain),
    ...present({ trouble: drain.trouble, waits: drain.waits }),
  };
}

/** The drain's failure at its deadline: names what is in the way, and how long it has been. */
export function timedOut(drain: Drain) {
  const { node } = drain.input;
  const left = podsLeft(drain).length + drain.volumes.length;
  const blockers = inTheWay({
    ...present({ trouble: drain.trouble }),
    blockers: blockersOf(drain),
  });
  const counted = left === 1 ? '1 pod or volume left' : `${left} pods or volumes left`;
  const deleted = drain.deleted.length > 0 ? `, ${drain.deleted.length} deleted` : '';
  const words = blockerLine(blockers, drain.ports.nowMs());
  const message = `node ${node} was not empty in time (${counted}${deleted}): ${words}`;
  return failure('drain-timed-out', message);
}

/** What people should know of what was evicted, and of what is left because it comes back. */
export function warningsOf(drain: Drain): string[] {
  const left = podsStaying(drain).filter((pod) => (drain.cameBack[ownerOf(pod)] ?? 0) > 0);
  return warningLines([
    ...drain.evictions,
    ...left.map((pod) => ({ pod, warnings: ['comes-back'] as const })),
  ]);
}

/** What is waited for: first what was refused, then what is leaving, then what has to wait for its turn. */
function blockersOf(drain: Drain): Blocker[] {
  const left = podsLeft(drain);
  const turn = lowestTier(left);
  const ranked = left.map((one) => ({ rank: rankOf(drain, one), ...describe(drain, one, turn) }));
  const pods = ranked
    .toSorted((a, b) => a.rank - b.rank || a.sinceMs - b.sinceMs)
    .map(({ what, because, sinceMs }) => ({ what, because, sinceMs }));
  return [...pods, ...drain.volumes];
}

function rankOf(drain: Drain, { pod, verdict }: LeftPod): number {
  if (verdict.action === 'leaving') return 1;
  return drain.attempts.get(pod.uid)?.answer ? 0 : 2;
}

function describe(drain: Drain, one: LeftPod, turn: readonly LeftPod[]): Blocker {
  const { pod, verdict } = one;
  const what = podName(pod);
  const attempt = drain.attempts.get(pod.uid);
  const sinceMs = attempt?.sinceMs ?? drain.ports.nowMs();
  if (verdict.action === 'leaving') {
    const deletedMs = (pod.deletionTimestampMs ?? 0) - pod.gracePeriodMs;
    return { what, because: verdict.because, sinceMs: deletedMs };
  }
  if (attempt?.because) return { what, because: attempt.because, sinceMs };
  if (attempt?.cameBack) return { what, because: sayCameBack(pod, attempt.cameBack), sinceMs };
  const because = turn.includes(one)
    ? 'it is about to be evicted'
    : 'pods of lower priority go first';
  return { what, because, sinceMs };
}
