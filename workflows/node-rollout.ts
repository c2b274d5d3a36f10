import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  ContinueAsNew,
  log,
} from '@temporalio/workflow';
import { messageOf } from '../domain/message-of.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { RolloutResult } from '../domain/status.ts';
import { causeOf } from './cause.ts';
import { handBack } from './hand-back.ts';
import { Rollout, type Carried } from './rollout.ts';
import * as step from './steps.ts';
import { stopOf } from './stop.ts';
import { waitForGates } from './wait-for-gates.ts';
import { waitForTurn } from './wait-for-turn.ts';

/**
 * Takes one node out of service, has it rebooted and brings it back. Cancelling it means the same as the signal `abort`:
 * before the agent has accepted the order everything is undone, after that the return is finished.
 */
export async function nodeRollout(input: RolloutInput, carried?: Carried): Promise<RolloutResult> {
  const rollout = new Rollout(input, carried);
  let cancelled = false;
  CancellationScope.current().cancelRequested.catch(() => {
    cancelled = true;
    rollout.signals.cancel(Date.now());
  });
  const result = await CancellationScope.nonCancellable(() => untilTheEnd(rollout, input));
  if (cancelled && result.outcome === 'aborted') throw new CancelledFailure(result.because);
  return result;
}

/** The steps, as often as something stops them half-way; what has stopped them says what comes next. */
async function untilTheEnd(rollout: Rollout, input: RolloutInput): Promise<RolloutResult> {
  try {
    for (;;) {
      const end = await roll(rollout, input).catch((thrown: unknown) =>
        handBack(rollout, stopOf(thrown)),
      );
      if (end === 'too-late') return await done(rollout, await bringBack(rollout));
      if (end !== 'again') return await done(rollout, end);
    }
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const cause = causeOf(error);
    const because = messageOf(cause);
    rollout.enter({ at: 'failed', because });
    log.error('rollout failed', { node: rollout.node, because });
    await condition(allHandlersFinished);
    throw cause;
  }
}

/** One node from its sentinel to its return, each step as soon as the one before is through. */
async function roll(rollout: Rollout, input: RolloutInput): Promise<RolloutResult> {
  const found = await step.readNode(rollout, input);
  if (found.at === 'return') return await bringBack(rollout);

  const priority = await waitForGates(rollout);
  const given = await waitForTurn(rollout, priority);
  await step.cordon(rollout, given);
  let order: step.Ordered | undefined;
  while (!order) {
    const drained = await step.drain(rollout);
    order = await step.proveAndOrder(rollout, drained);
  }
  return await bringBack(rollout, order);
}

/** From the order on. Once the agent has accepted it there is only forward. */
async function bringBack(rollout: Rollout, order?: step.Ordered): Promise<RolloutResult> {
  const back = await step.awaitReboot(rollout, order);
  const result = await step.uncordon(rollout, back);
  // It is away again: it is waited for once more, as one whose order is accepted.
  return result ?? (await bringBack(rollout));
}

/** Whoever has said something to it is told how it ended. */
async function done(rollout: Rollout, result: RolloutResult): Promise<RolloutResult> {
  const { outcome, because } = result;
  rollout.enter({ at: outcome === 'aborted' ? 'aborted' : 'done', because });
  log.info('rollout done', { ...result });
  await condition(allHandlersFinished);
  return result;
}
