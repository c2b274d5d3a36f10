import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { Found } from '../activities/lock.ts';
import type { PoolNews } from '../activities/watch-pool.ts';
import {
  addTrouble,
  adopt,
  emptyLock,
  endTrouble,
  grant,
  holderOf,
  lineOf,
  orphan,
  release as giveBack,
  stamped,
  withdraw,
  type LockState,
} from '../domain/lock-state.ts';
import type { Pause } from '../domain/status.ts';
import { pauseOver } from './control.ts';
import { looking } from './effects.ts';
import { interruptible } from './interrupt.ts';
import { openLock, type Lock } from './lock.ts';
import { tell, tellHead } from './lock-tells.ts';
import * as messages from './messages.ts';

export interface LockInput {
  readonly pool: string;
  /** What the former run of this lock handed over. */
  readonly carried?: { readonly state: LockState; readonly paused?: Pause };
}

/**
 * The lock of one pool: one serial authority that grants permits in turn, after counting the live cluster, and that keeps
 * the permit of a rollout that ended without giving it back until its node is seen in service. It never ends; it continues
 * as new when its history has grown, and takes everything along.
 */
export async function poolLock({ pool, carried }: LockInput): Promise<never> {
  const state = carried?.state ?? emptyLock(pool, '');
  const lock = openLock(state, carried?.paused);
  endPauses(lock).catch(unlessCancelled);
  if (!carried) await adoptHolders(lock);
  for (;;) {
    await condition(() => hasWork(lock) || workflowInfo().continueAsNewSuggested);
    if (workflowInfo().continueAsNewSuggested) await handOver(lock);
    await look(lock);
  }
}

/** A lock that takes the place of a lost one first learns who has a node out of service, and which nodes are in trouble. */
async function adoptHolders(lock: Lock): Promise<void> {
  const { pool } = lock.state;
  const { holders, troubles } = await findHolders(lock);
  for (const holder of holders) {
    const nowMs = Date.now();
    lock.change(adopt(stamped(lock.state, nowMs), holder, nowMs));
  }
  for (const trouble of troubles) {
    // What a rollout has said since is newer than what its node shows.
    if (lock.state.troubles.some(({ node }) => node === trouble.node)) continue;
    log.error('node is in trouble', { pool, ...trouble });
    lock.change(addTrouble(lock.state, trouble));
  }
}

/** Those who wait meanwhile are told why. */
async function findHolders(lock: Lock): Promise<Found> {
  const { pool } = lock.state;
  for (;;) {
    const known = lock.because;
    const found = await looking(`who holds a permit of ${pool}`).findHolders({
      pool,
      ...(known === undefined ? {} : { known }),
    });
    lock.because = 'because' in found ? found.because : undefined;
    lock.show();
    if (!('because' in found)) return found;
    await tellHead(lock);
  }
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

async function handOver(lock: Lock): Promise<never> {
  await condition(allHandlersFinished);
  const { state, paused } = lock;
  return await continueAsNew<typeof poolLock>({
    pool: state.pool,
    carried: { state, ...(paused ? { paused } : {}) },
  });
}

function lineFor({ paused, state }: Lock) {
  if (paused) return [];
  const troubled = state.troubles.map(({ node }) => node);
  return lineOf(state.queue, Date.now(), { troubled });
}

function hasWork(lock: Lock): boolean {
  const { holders, queue, troubles } = lock.state;
  return holders.length + troubles.length > 0 || (queue.length > 0 && !lock.paused);
}

/** Looks at the world until it has something new, unless something changes here meanwhile. */
async function look(lock: Lock): Promise<void> {
  const heard = lock.news;
  const changed = () => lock.news > heard || workflowInfo().continueAsNewSuggested;
  const line = lineFor(lock);
  const { pool, holders, troubles, lastReturn } = lock.state;
  const summary = line[0] ? `whose turn it is in ${pool}: ${line[0].node}` : `nodes out in ${pool}`;
  const news = await interruptible(
    () =>
      looking(summary).watchPool({
        pool,
        line: line.map(({ workflowId, runId, node, zone }) => ({
          workflowId,
          runId,
          node,
          ...(zone === undefined ? {} : { zone }),
        })),
        holders,
        troubles,
        ...(lastReturn ? { lastReturn } : {}),
        ...(lock.because === undefined ? {} : { known: lock.because }),
      }),
    changed,
  );
  // Whoever came or went meanwhile changes the count: look again.
  if (!news || lock.news > heard) return;
  await learn(lock, news);
}

async function learn(lock: Lock, { ended, free, well, turn }: PoolNews): Promise<void> {
  const nowMs = Date.now();
  const { pool } = lock.state;
  let state = endTrouble(orphan(lock.state, ended, nowMs), well);
  for (const grantId of free) {
    const holder = state.holders.find((known) => known.grantId === grantId);
    if (!holder) continue;
    log.warn('permit of an ended rollout is free again', { pool, node: holder.node, grantId });
    state = giveBack(state, { workflowId: holder.workflowId, grantId }, nowMs);
  }
  if (ended.length > 0) log.warn('rollouts ended with a permit', { pool, runIds: ended });
  lock.state = state;
  noteTurn(lock, turn);
  if (turn?.kind === 'grant') await grantTo(lock, turn);
  if (turn?.kind === 'ended') {
    log.warn('waiter is gone', { pool, workflowId: turn.workflowId });
    lock.state = giveBack(lock.state, { workflowId: turn.workflowId }, nowMs);
  }
  await tellHead(lock);
}

function noteTurn(lock: Lock, turn: PoolNews['turn']): void {
  lock.because = turn?.kind === 'wait' ? turn.because : undefined;
  lock.policy = turn?.policy ?? lock.policy;
  lock.show();
}

type Granted = Extract<PoolNews['turn'], { kind: 'grant' }>;

/** A waiter that is gone is dropped: it never had the node. */
async function grantTo(
  lock: Lock,
  { workflowId, runId, countedAtMs, policy }: Granted,
): Promise<void> {
  const waiter = lock.state.queue.find((known) => known.workflowId === workflowId);
  if (!waiter) return;
  lock.state = grant(stamped(lock.state, Date.now()), { ...waiter, runId });
  const holder = holderOf(lock.state, workflowId);
  if (!holder) return;
  const { node, grantId } = holder;
  const { pool } = lock.state;
  // A run that gives its permit back and asks again has to hear its place again, be it the same.
  lock.told.delete(waiter.runId);
  log.info('permit granted', { pool, node, grantId, policy });
  if (!(await tell(holder, messages.permitGranted, { grantId, countedAtMs }))) {
    lock.state = withdraw(lock.state, grantId);
    log.warn('waiter is gone', { pool, node });
  }
  lock.show();
}
