import { log } from '@temporalio/workflow';
import type { RolloutResult } from '../domain/status.ts';
import { quick } from './activities.ts';
import type { Holding, Rollout } from './rollout.ts';
import { isTrouble, type Stop } from './stop.ts';

/** `too-late`: the agent has accepted the order, so the node can only be brought back. A result ends the rollout. */
export type WhatComesNext = 'again' | 'too-late' | RolloutResult;

/** Gives back whatever the rollout has of the cluster, and says what comes next. A failure is thrown after that. */
export async function handBack(rollout: Rollout, stop: Stop): Promise<WhatComesNext> {
  const { node, holding } = rollout;
  if (holding.kind === 'turn') {
    await quick(`take ${node} out of the queue`).leaveQueue({
      node,
      pool: holding.pool,
    });
    rollout.has({ kind: 'nothing' });
  }
  if (holding.kind === 'node') {
    const kind = await undo(rollout, holding, stop);
    if (kind === 'too-late') {
      rollout.signals.accepted ??= {};
      return kind;
    }
    rollout.has({ kind: 'nothing' });
    if (kind === 'gone') {
      const { bootIdBefore } = holding.record;
      return { ...result(rollout, 'node-gone', 'its Node object was deleted'), bootIdBefore };
    }
  }
  return whatComesNext(rollout, stop);
}

async function undo(
  rollout: Rollout,
  { record, cordonedAtMs }: Extract<Holding, { kind: 'node' }>,
  stop: Stop,
): Promise<'undone' | 'too-late' | 'gone'> {
  const { kind: why, because } = stop;
  // Whose mark stands on the node now is for the new start to see.
  if (why === 'start-over') return 'undone';
  rollout.enter({ at: 'undoing', because });
  const { kind } = await quick(`hand ${rollout.node} back: ${because}`).undoNode({
    ...rollout.place,
    record,
    cordonedAtMs,
    why,
    because,
    trouble: isTrouble(stop),
    lost: stop.kind === 'abort' && stop.lost,
  });
  return kind;
}

function whatComesNext(rollout: Rollout, stop: Stop): 'again' | RolloutResult {
  switch (stop.kind) {
    case 'gate':
    case 'pause':
      return 'again';
    case 'interrupted':
      // Nobody knows the rules for a node that is in no pool any more.
      return rollout.pool === undefined ? result(rollout, 'aborted', stop.because) : 'again';
    case 'start-over':
      log.warn('rollout starts over', { node: rollout.node, because: stop.because });
      rollout.isPlanned = false;
      return 'again';
    case 'abort':
      return result(rollout, 'aborted', stop.because);
    case 'over':
      return result(rollout, stop.outcome, stop.because);
    case 'failure':
      throw stop.failure;
    default:
      return stop satisfies never;
  }
}

const result = (
  { node }: Rollout,
  outcome: RolloutResult['outcome'],
  because: string,
): RolloutResult => ({ node, outcome, because });
