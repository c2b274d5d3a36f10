import { CancellationScope, CancelledFailure, log } from '@temporalio/workflow';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { RolloutResult } from '../domain/status.ts';
import { causeOf, typeOf } from './cause.ts';
import { comeBack, endGone } from './come-back.ts';
import { local } from './effects.ts';
import { acquirePermit, claimPermit, passGates, releasePermit } from './permission.ts';
import { Rollout } from './rollout.ts';
import { abandon, RUN_CHANGED, takeOut } from './take-out.ts';

/**
 * Takes one node out of service, has it rebooted and brings it back. Cancelling it means the same as the signal `abort`:
 * before the agent has accepted the order everything is undone, after that the return is finished.
 */
export async function nodeRollout(input: RolloutInput): Promise<RolloutResult> {
  const rollout = new Rollout(input);
  const { control } = rollout;
  let cancelled = false;
  CancellationScope.current().cancelRequested.catch(() => {
    cancelled = true;
    control.aborted ??= { reason: 'cancelled', by: 'Temporal', atMs: Date.now() };
    control.news += 1;
    control.changed();
  });
  const result = await CancellationScope.nonCancellable(() => untilTheEnd(rollout, input));
  if (cancelled && result.outcome === 'aborted') throw new CancelledFailure(result.because);
  return result;
}

async function untilTheEnd(rollout: Rollout, input: RolloutInput): Promise<RolloutResult> {
  try {
    const result = await roll(rollout, input);
    rollout.enter(result.outcome === 'aborted' ? 'aborted' : 'done', result.because);
    log.info('rollout done', { ...result });
    return result;
  } catch (error) {
    const cause = causeOf(error);
    const message = cause instanceof Error ? cause.message : String(cause);
    rollout.enter('failed', message);
    log.error('rollout failed', { node: rollout.node, because: message });
    throw cause;
  }
}

async function roll(rollout: Rollout, input: RolloutInput): Promise<RolloutResult> {
  for (;;) {
    try {
      return await fromTheStart(rollout, input);
    } catch (error) {
      if (typeOf(error) !== RUN_CHANGED) throw error;
      // After a reset: whatever the run before was in the middle of is undone or finished first.
      log.warn('rollout starts over', { node: rollout.node });
    }
  }
}

/** Looks at the node first, and finishes or undoes what a former run has left behind. */
async function fromTheStart(rollout: Rollout, input: RolloutInput): Promise<RolloutResult> {
  const plan = await local('read the input and the node').planRollout(input);
  rollout.begin(plan);
  const { recovery } = plan;
  if (recovery.at === 'return') return await finishReturn(rollout, recovery.record);
  if (recovery.at === 'undo') {
    const { record, because } = recovery;
    const undone = await abandon(rollout, record, { because, failed: false });
    if (undone === 'too-late') return await finishReturn(rollout, record);
    if (undone === 'gone') return await endGone(rollout, record);
    // The run that was lost may have left a permit behind.
    await releasePermit(rollout);
    if (plan.pool === undefined) return rollout.end('aborted', because);
  }
  for (;;) {
    const end = await goThrough(rollout);
    if (end) return end;
  }
}

/** For a run that finds the order accepted already: the permit is still another run's, or nobody's. */
async function finishReturn(rollout: Rollout, record: RolloutRecord): Promise<RolloutResult> {
  await claimPermit(rollout);
  return await comeBack(rollout, record);
}

/** All the steps once; undefined when a gate has closed on the way or the pool has changed, so that it starts over. */
async function goThrough(rollout: Rollout): Promise<RolloutResult | undefined> {
  const end = await passGates(rollout);
  if (end) return end;
  if ((await acquirePermit(rollout)) === 'moved') return undefined;
  return await takeOut(rollout);
}
