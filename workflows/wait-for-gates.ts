import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { GateAnswer } from '../activities/gates/pass-gates.ts';
import type { QueuePriority } from '../domain/queue-priority.ts';
import { backoffMs } from '../domain/backoff.ts';
import { sayGate, type ClosedGate } from '../domain/gates/names.ts';
import { polling, quick } from './activities.ts';
import { interruptible } from './interrupt.ts';
import { pauseOver } from './pause.ts';
import type { nodeRollout } from './node-rollout.ts';
import type { Rollout } from './rollout.ts';
import { over, saidBy, startOver } from './stop.ts';

/** So many answers about the gates are heard at once; each further one later, at most after so long. */
const MANY_ANSWERS = 4;
const PACE = { firstMs: 5_000, mostMs: 5 * 60_000 };

/** Waits until every gate is open, and answers what decides when it is the node's turn. */
export async function waitForGates(rollout: Rollout): Promise<QueuePriority> {
  const { signals } = rollout;
  let known: readonly ClosedGate[] = [];
  for (;;) {
    await untilResumed(rollout);
    if (signals.aborted) throw saidBy(signals);
    // It has nothing of the cluster here: what people have said and since when it waits is all there is to hand over.
    if (workflowInfo().continueAsNewSuggested) await continueWaiting(rollout);
    const found = await pollGates(rollout, known);
    // Whatever was said meanwhile counts before what was seen.
    known = found?.kind === 'closed' ? found.closed : [];
    if (found) rollout.answered();
    const priority = found && takeIn(rollout, found);
    if (priority) return priority;
  }
}

async function continueWaiting(rollout: Rollout): Promise<never> {
  await condition(allHandlersFinished);
  return await continueAsNew<typeof nodeRollout>(rollout.input, rollout.carried());
}

/** The next answer about the gates that is new; undefined when somebody said something meanwhile. */
async function pollGates(
  rollout: Rollout,
  known: readonly ClosedGate[],
): Promise<GateAnswer | undefined> {
  if (!rollout.waiting) rollout.waitFor([], 0);
  const { news } = rollout.signals;
  const heard = (): boolean => rollout.signals.news > news;
  const found = await interruptible(
    () =>
      polling(aboutGates(rollout.node, known)).passGates({
        ...rollout.gateQuestion(),
        ...quietUntil(rollout),
        known,
      }),
    heard,
  );
  return heard() ? undefined : found;
}

const aboutGates = (node: string, known: readonly ClosedGate[]): string =>
  known.length === 0 ? `gates of ${node}` : `${node}: ${known.map(sayGate).join('; ')}`;

/** Until when nothing but an end is news: the more has been new lately, the longer after the last of it. */
function quietUntil({ answeredMs }: Rollout): { notBeforeMs?: number } {
  const tooMany = answeredMs.length - MANY_ANSWERS;
  return tooMany > 0 ? { notBeforeMs: (answeredMs.at(-1) ?? 0) + backoffMs(PACE, tooMany) } : {};
}

/** Takes over what the gates have said; an answer where they are open. */
function takeIn(rollout: Rollout, found: GateAnswer): QueuePriority | undefined {
  switch (found.kind) {
    case 'gone':
      throw over('node-gone', found.because);
    case 'nothing-to-do':
      throw over('nothing-to-do', found.because);
    case 'open': {
      const { kind: _, policy, window, ...priority } = found;
      rollout.follow(policy);
      rollout.opened = window;
      return priority;
    }
    case 'closed':
      rollout.follow(found.policy);
      rollout.waitFor(found.closed, found.pollAgainMs);
      return undefined;
    case 'moved':
      rollout.move(found);
      return undefined;
    case 'left-behind':
      throw startOver(found.because);
    default:
      return found satisfies never;
  }
}

/** Returns once nobody has the rollout paused. */
export async function untilResumed(rollout: Rollout): Promise<void> {
  const { signals, node, place } = rollout;
  if (!signals.paused) return;
  // How long a person takes says nothing of how long a rollout takes.
  rollout.outSinceMs = undefined;
  rollout.enter({ at: 'paused' });
  await pauseOver(signals, async (because) => {
    await quick(`remind of the pause of ${node}`).remind({ ...place, because });
  });
}
