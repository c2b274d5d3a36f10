import type { EvictionAnswer } from '../../domain/eviction-answer.ts';
import { drainTiers } from '../../domain/drain-tiers.ts';
import { podName, type PodFacts } from '../../domain/pod-verdict.ts';
import { ask } from './evict.ts';
import { podsLeft, type Attempt, type Drain, type LeftPod } from './state.ts';

/** Long enough for most pods to stop in order; a deadline that has passed does not wait for the rest. */
const LAST_GRACE_MS = 30_000;

/**
 * Deletes what is left at the deadline, whatever its budget says. Never a pod whose eviction failed because of the API server:
 * nobody has refused it. A pod that was not asked so far is asked first.
 */
export async function deleteLeft(drain: Drain): Promise<void> {
  const left = podsLeft(drain);
  const inOrder = drainTiers(left.map(({ pod }) => pod)).flat();
  for (const pod of inOrder) {
    drain.signal.throwIfAborted();
    const one = left.find((candidate) => candidate.pod === pod);
    const attempt = drain.attempts.get(pod.uid);
    if (one && attempt) await makeLeave(drain, one, attempt);
  }
}

async function makeLeave(drain: Drain, left: LeftPod, attempt: Attempt): Promise<void> {
  const { pod, verdict } = left;
  if (verdict.action === 'evict' && attempt.answer === undefined) await ask(drain, left, attempt);
  // What is leaving goes whatever the answer to its delete: it must not end the wait for those deleted beside it.
  const isLeaving = verdict.action === 'leaving';
  if (isLeaving || goes(attempt.answer)) drain.awaited.add(pod.uid);
  const isDue = isLeaving ? !stopsInTime(drain, pod) : isRefused(attempt);
  if (isDue) await deleteOne(drain, pod, attempt);
}

const goes = (answer?: EvictionAnswer): boolean =>
  answer?.kind === 'evicted' || answer?.kind === 'gone';

function stopsInTime({ ports }: Drain, { deletionTimestampMs = 0 }: PodFacts): boolean {
  const restMs = deletionTimestampMs - ports.nowMs();
  return restMs > 0 && restMs <= LAST_GRACE_MS;
}

const isRefused = ({ answer }: Attempt): boolean => answer !== undefined && IS_REFUSAL[answer.kind];

/** Refused by somebody's rule, as against not answered. */
const IS_REFUSAL: Record<EvictionAnswer['kind'], boolean> = {
  'blocked-by-budget': true,
  'two-budgets': true,
  denied: true,
  'namespace-terminating': true,
  evicted: false,
  gone: false,
  forbidden: false,
  throttled: false,
  failed: false,
};

async function deleteOne(drain: Drain, pod: PodFacts, attempt: Attempt): Promise<void> {
  const graceMs = graceFor(drain, pod);
  const answer = await drain.ports.pods.delete(pod, { graceMs, signal: drain.signal });
  if (answer.kind === 'evicted') drain.deleted.push(podName(pod));
  if (goes(answer)) drain.awaited.add(pod.uid);
  if ('because' in answer) attempt.because = `deleting it: ${answer.because}`;
}

/** A pod past its grace period has had its time. */
function graceFor({ input, ports }: Drain, pod: PodFacts): number {
  const { deletionTimestampMs } = pod;
  if (deletionTimestampMs === undefined)
    return Math.min(input.options.gracePeriodMs ?? pod.gracePeriodMs, LAST_GRACE_MS);
  return deletionTimestampMs > ports.nowMs() ? LAST_GRACE_MS : 1_000;
}
