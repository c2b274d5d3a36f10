import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { Admitted, PoolAnswer } from '../activities/admit-next.ts';
import {
  candidatesOf,
  dropPermits,
  dropWaiter,
  emptyLock,
  grant,
  markEnded,
} from '../domain/lock-state.ts';
import { polling, quick } from './activities.ts';
import { interruptible } from './interrupt.ts';
import { endWindows, tellOfWindows } from './lock-window.ts';
import { Lock, type Carried } from './lock.ts';
import { signal } from './messages.ts';
import { pauseOver } from './pause.ts';

interface LockInput {
  readonly pool: string;
  /** What the former run of this lock handed over. */
  readonly carried?: Carried;
}

/**
 * The lock of one pool: one serial authority that gives turns, first come first served, after counting the live cluster. Who is
 * out of service stands on the Nodes alone, so that a lock that takes the place of a lost one has nothing to learn: it only waits
 * until what that one has granted must be seen on them. It never ends; it continues as new when its history has grown.
 */
export async function poolLock({ pool, carried }: LockInput): Promise<never> {
  const lock = new Lock(carried ?? { state: emptyLock(pool) });
  for (const beside of [endPauses, endWindows, tellOfWindows]) beside(lock).catch(unlessCancelled);
  for (let settled: string | undefined; ;) {
    if (!hasWork(lock)) lock.forgetCount();
    await condition(() => hasWork(lock) || workflowInfo().continueAsNewSuggested);
    if (workflowInfo().continueAsNewSuggested) await handOver(lock);
    if (lock.resumed) await writeExcuse(lock);
    settled = await countAndAdmit(lock, settled);
  }
}

function hasWork({ state, paused, resumed }: Lock): boolean {
  const isAsked = state.queue.length > 0 && !paused;
  return isAsked || state.permits.length > 0 || resumed !== undefined;
}

async function handOver(lock: Lock): Promise<never> {
  await condition(allHandlersFinished);
  return await continueAsNew<typeof poolLock>({ pool: lock.state.pool, carried: lock.carried() });
}

/** A pause that is given an end ends by itself; one without is reminded of in the log. */
async function endPauses(lock: Lock): Promise<never> {
  const { pool } = lock.state;
  for (;;) {
    await condition(() => lock.paused !== undefined);
    const end = await pauseOver(lock, async (because) => {
      log.warn('still paused', { pool, because });
    });
    // Whoever resumes it is heard where that is said.
    if (end === 'in-time') lock.change(lock.state);
  }
}

/** A lock that is cancelled says so itself. */
function unlessCancelled(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** Writes a person's word to go on where every lock reads it: on the nodes that halt the pool. */
async function writeExcuse(lock: Lock): Promise<void> {
  const { resumed, state } = lock;
  if (!resumed) return;
  const excuse = quick(`excuse the troubles of ${state.pool}`);
  lock.excused(resumed, await excuse.excuseTroubles({ pool: state.pool, ...resumed }));
}

/**
 * Counts until there is somebody to admit or something else is new, unless something changes here meanwhile. Answers which
 * run knows what a former lock has granted to be settled.
 */
async function countAndAdmit(lock: Lock, settled: string | undefined): Promise<string | undefined> {
  const heard = lock.news;
  const changed = () => lock.news > heard || workflowInfo().continueAsNewSuggested;
  const { pool, queue, permits, lastReturn } = lock.state;
  const troubled = lock.troubles.map(({ node }) => node);
  const candidates = lock.paused ? [] : candidatesOf(queue, Date.now(), { troubled });
  const [first] = candidates;
  if (!first && permits.length === 0) return settled;
  const answer = await interruptible(
    () =>
      polling(aboutCount(lock, first?.node)).admitNext({
        pool,
        candidates: candidates.map(({ workflowId, runId, node, zone }) => ({
          workflowId,
          runId,
          node,
          ...(zone === undefined ? {} : { zone }),
        })),
        permits,
        ...(lastReturn ? { lastReturn } : {}),
        ...(settled === undefined ? {} : { settled }),
        ...(lock.waits ? { known: lock.waits.because } : {}),
      }),
    changed,
  );
  if (!answer) return settled;
  // Whoever came or went meanwhile changes the count: count again.
  if (lock.news === heard) await takeIn(lock, answer);
  return answer.settled;
}

function aboutCount({ state: { pool }, waits }: Lock, first: string | undefined): string {
  if (first === undefined) return `permits of ${pool}`;
  return waits ? `nobody in ${pool}: ${waits.because}` : `who is next in ${pool}: ${first}`;
}

async function takeIn(lock: Lock, answer: PoolAnswer): Promise<void> {
  const { used, ended, lapsed, admission, troubles = lock.troubles } = answer;
  const { pool } = lock.state;
  if (lapsed.length > 0) log.warn('permits are void: no rollout counts on them', { pool, lapsed });
  lock.state = markEnded(dropPermits(lock.state, [...used, ...lapsed]), ended, Date.now());
  lock.troubles = troubles;
  lock.waits = whyWaiting(admission);
  lock.policy = admission?.policy ?? lock.policy;
  if (admission?.kind === 'grant') await grantTo(lock, admission);
  if (admission?.kind === 'gone') {
    log.warn('waiter is gone', { pool, workflowId: admission.workflowId });
    lock.state = dropWaiter(lock.state, admission.workflowId);
  }
  lock.show();
}

function whyWaiting(admission: Admitted | undefined): Lock['waits'] {
  const waits = admission?.kind === 'wait' || admission?.kind === 'halted';
  return waits ? { why: admission.kind, because: admission.because } : undefined;
}

type Granted = Extract<Admitted, { kind: 'grant' }>;

/** A run that does not hear of its permit never had it; the run that follows it asks anew. */
async function grantTo(
  lock: Lock,
  { workflowId, runId, countedAtMs, policy }: Granted,
): Promise<void> {
  const waiter = lock.state.queue.find((known) => known.workflowId === workflowId);
  if (!waiter) return;
  const { state, permit } = grant(
    lock.state,
    { ...waiter, runId },
    { countedAtMs, nowMs: Date.now() },
  );
  lock.state = state;
  const { node, grantId } = permit;
  log.info('permit granted', { pool: state.pool, node, grantId, policy });
  const run = getExternalWorkflowHandle(workflowId, runId);
  await run.signal(signal('permitGranted'), { grantId }).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    log.warn('permit was not heard of', { pool: state.pool, node });
    lock.state = dropPermits(lock.state, [grantId]);
  });
}
