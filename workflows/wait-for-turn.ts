import type { Turn } from '../activities/await-turn.ts';
import type { QueuePlace } from '../domain/lock-state.ts';
import { present } from '../domain/present.ts';
import type { QueuePriority } from '../domain/queue-priority.ts';
import { polling } from './activities.ts';
import { interruptible } from './interrupt.ts';
import type { Rollout } from './rollout.ts';
import { gateClosed, saidBy, startOver } from './stop.ts';

/** A permit, and since when it was waited for. */
export interface Given {
  readonly grantId: string;
  readonly askedAtMs: number;
}

/**
 * Waits until the lock of the pool says that it is the node's turn, and answers with the permit. Waiting is one activity that
 * is tried again, as at the gates: it joins the queue wherever the lock does not know the rollout, so that a lost lock is
 * healed by the next try. The grant comes by signal and ends the wait at once.
 */
export async function waitForTurn(rollout: Rollout, priority: QueuePriority): Promise<Given> {
  const { signals, pool = '' } = rollout;
  const askedAtMs = Date.now();
  rollout.has({ kind: 'turn', pool });
  for (let known: QueuePlace | undefined; ;) {
    rollout.enter({ at: 'queued', ...present({ place: known }) });
    const turn = await pollTurn(rollout, priority, known);
    if (signals.aborted) throw saidBy(signals);
    if (turn?.kind === 'granted') signals.grantId = turn.grantId;
    if (signals.grantId !== undefined) return { grantId: signals.grantId, askedAtMs };
    if (turn && turn.kind !== 'granted') known = placeIn(rollout, turn);
  }
}

/** The place in the queue; what has become of the node meanwhile ends the wait. */
function placeIn(rollout: Rollout, turn: Exclude<Turn, { kind: 'granted' }>): QueuePlace {
  switch (turn.kind) {
    case 'waiting':
      return turn;
    case 'moved':
      rollout.move(turn);
      throw gateClosed(turn.because);
    case 'left-behind':
      throw startOver(turn.because);
    default:
      return turn satisfies never;
  }
}

/** The next answer of the lock that is new; undefined when there is a grant, an abort or other news. */
async function pollTurn(
  rollout: Rollout,
  priority: QueuePriority,
  known: QueuePlace | undefined,
): Promise<Turn | undefined> {
  const { signals, node, pool = '' } = rollout;
  const { before } = rollout.gateQuestion();
  const { news } = signals;
  const isOver = (): boolean =>
    signals.grantId !== undefined || signals.aborted !== undefined || signals.news > news;
  const about = known
    ? `${node}: ${known.because} (number ${known.place} of ${known.of})`
    : `turn of ${node} in ${pool}`;
  return await interruptible(
    () =>
      polling(about).awaitTurn({
        node,
        pool,
        ...priority,
        ...present({ before, known }),
      }),
    isOver,
  );
}
