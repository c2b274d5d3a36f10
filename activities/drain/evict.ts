import { budgetLine, selects } from '../../domain/disruption-budget.ts';
import { drainTiers } from '../../domain/drain-tiers.ts';
import type { EvictionAnswer } from '../../domain/eviction-answer.ts';
import { pauseAfterMs } from '../../domain/eviction-pause.ts';
import { ownerOf, type PodFacts } from '../../domain/pod-verdict.ts';
import { present } from '../../domain/present.ts';
import { podsLeft, type Attempt, type BudgetLine, type Drain, type LeftPod } from './state.ts';
import { kindOf } from '../failure.ts';

/** Pods that wait for one budget share one look at it. */
const BUDGETS_KEPT_MS = 10_000;

/** Starts the evictions that are due now, lowest priority tier only, and says when the next one is. */
export function evictDue(drain: Drain): number {
  const nowMs = drain.ports.nowMs();
  const left = podsLeft(drain);
  const tier = lowestTier(left);
  let free = drain.input.options.atOnce - left.filter((one) => isBusy(drain, one, nowMs)).length;
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { pod, verdict } of tier) {
    const attempt = drain.attempts.get(pod.uid);
    if (verdict.action !== 'evict' || !attempt || attempt.asking) continue;
    if (attempt.nextMs > nowMs) nextMs = Math.min(nextMs, attempt.nextMs);
    else if (free > 0) {
      free -= 1;
      start(drain, { pod, verdict }, attempt);
    }
  }
  return nextMs;
}

/** The pods whose turn it is: the others wait until these are gone. */
export function lowestTier(left: readonly LeftPod[]): LeftPod[] {
  const [tier = []] = drainTiers(left.map(({ pod }) => pod));
  return left.filter(({ pod }) => tier.includes(pod));
}

/** Asked and not gone yet. A pod past its grace period has no place any more, or a few stuck ones would stop the drain. */
function isBusy(drain: Drain, { pod, verdict }: LeftPod, nowMs: number): boolean {
  const attempt = drain.attempts.get(pod.uid);
  if (verdict.action === 'leaving') return nowMs < (pod.deletionTimestampMs ?? 0);
  const accepted = attempt?.answer?.kind === 'evicted' && attempt.nextMs > nowMs;
  return attempt?.asking === true || accepted;
}

function start(drain: Drain, left: LeftPod, attempt: Attempt): void {
  attempt.asking = true;
  ask(drain, left, attempt)
    .catch((error: unknown) => {
      drain.broken ??= { error };
    })
    .finally(() => {
      attempt.asking = false;
      drain.changed.set();
    });
}

/** Asks for one eviction and keeps the answer in `attempt`. */
export async function ask(drain: Drain, left: LeftPod, attempt: Attempt): Promise<void> {
  const { gracePeriodMs } = drain.input.options;
  const answer = await drain.ports.pods.evict(left.pod, {
    ...present({ graceMs: gracePeriodMs }),
    signal: drain.signal,
  });
  if (drain.signal.aborted) return;
  settle(drain, attempt, answer);
  if (answer.kind === 'evicted') count(drain, left, attempt);
  else if (answer.kind === 'blocked-by-budget' || answer.kind === 'two-budgets') {
    drain.ports.refused?.();
    attempt.because = await nameBudgets(drain, left.pod, answer);
  }
}

function settle({ ports }: Drain, attempt: Attempt, answer: EvictionAnswer): void {
  const nowMs = ports.nowMs();
  const same = attempt.answer?.kind === answer.kind;
  attempt.tries = same ? attempt.tries + 1 : 1;
  attempt.sinceMs = same ? attempt.sinceMs : nowMs;
  attempt.answer = answer;
  attempt.because = 'because' in answer ? answer.because : 'it was asked to leave';
  const random = ports.random?.() ?? Math.random();
  attempt.nextMs = nowMs + pauseAfterMs(answer, attempt.tries, random);
}

function count(drain: Drain, { pod, verdict }: LeftPod, { cameBack, sinceMs }: Attempt): void {
  if (drain.evictions.some((one) => one.pod.uid === pod.uid)) return;
  const owner = ownerOf(pod);
  const known = drain.evictedOf.get(owner) ?? { times: 0, sinceMs };
  drain.evictedOf.set(owner, { ...known, times: Math.max(known.times, cameBack + 1) });
  const warnings = verdict.action === 'evict' ? verdict.warnings : [];
  drain.evictions.push({ pod, warnings });
}

/** The server's words, or better: each budget that selects the pod, with its numbers. */
async function nameBudgets(
  drain: Drain,
  { namespace, labels }: PodFacts,
  answer: Extract<EvictionAnswer, { because: string }>,
): Promise<string> {
  const lines = (await budgetsOf(drain, namespace))(labels);
  if (lines.length === 0) return answer.because;
  return answer.kind === 'two-budgets'
    ? `${answer.because}: ${lines.join(', ')}`
    : lines.join(', ');
}

function budgetsOf(drain: Drain, namespace: string): Promise<BudgetLine> {
  const { ports, budgetsAsked } = drain;
  const known = budgetsAsked.get(namespace);
  if (known && ports.nowMs() - known.atMs < BUDGETS_KEPT_MS) return known.line;
  const line = readBudgets(drain, namespace);
  budgetsAsked.set(namespace, { atMs: ports.nowMs(), line });
  return line;
}

async function readBudgets({ ports, signal }: Drain, namespace: string): Promise<BudgetLine> {
  try {
    const budgets = await ports.pods.budgets(namespace, signal);
    return (labels) => budgets.filter(({ selector }) => selects(selector, labels)).map(budgetLine);
  } catch (error) {
    // Only a nicer reason is lost; the eviction's own answer names the budget already.
    if (kindOf(error) === undefined) throw error;
    return () => [];
  }
}
