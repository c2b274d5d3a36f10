import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { QueuePlace } from '../domain/lock-state.ts';
import { present } from '../domain/present.ts';
import type { QueuePriority } from '../domain/queue-priority.ts';
import { sayPlace } from '../domain/why-it-waits.ts';
import type { Deps } from './deps.ts';
import { notYet } from './failure.ts';
import { taintWaiting, untaintWaiting } from './labels-and-taint.ts';
import { leftBehind, thisRun, type LeftBehind } from './ownership.ts';
import { movedFrom, withPolicyNow, type Moved, type Place } from './pool.ts';

export interface TurnQuestion extends Place, QueuePriority {
  readonly node: string;
  /** The place that the rollout shows. */
  readonly known?: QueuePlace;
}

/** A permit, a place in the queue that is news, or what has become of the node meanwhile. */
export type Turn =
  { readonly kind: 'granted'; readonly grantId: string } | QueuePlace | Moved | LeftBehind;

/** The lock has answered by then, unless it has much to do. */
const ASK_AGAIN_MS = 1_500;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** The more wait, the more seldom each of them asks. */
const MANY = 100;

/**
 * Asks the lock of the pool for the node's turn, and joins its queue where the lock does not know the rollout: when it asks
 * for the first time, and when the lock was lost. Answers a grant, and a place as soon as there is one to be shown; while that
 * is all there is, it is tried again, with place and reason as its message.
 */
export async function awaitTurn(source: Deps, asked: TurnQuestion): Promise<Turn> {
  const deps = withPolicyNow(source);
  const { node, pool } = asked;
  const { workflowId, runId } = thisRun();
  const elsewhere = await whatElse(deps, asked);
  if (elsewhere) return elsewhere;
  const turn = await deps.temporal.turnOf(pool, workflowId);
  if (turn?.kind === 'granted') return turn;
  if (turn === undefined) {
    const last = (await deps.temporal.workerNodes()).has(node);
    const { zone, overdueAtMs } = asked;
    // An attempt that was given up must not join for a rollout that has left.
    cancellationSignal().throwIfAborted();
    await deps.temporal.requestPermit(pool, {
      workflowId,
      runId,
      node,
      ...present({ zone, overdueAtMs, last: last || undefined }),
    });
    throw notYet('no-room', `it has asked the lock of pool ${pool} for its turn`, ASK_AGAIN_MS);
  }
  await taintWaiting(deps, { node, pool }).catch((error: unknown) => {
    log.warn('waiting node not tainted', { node, because: String(error) });
  });
  if (isNews(turn, asked.known)) return turn;
  throw notYet('no-room', sayPlace(turn), pauseMs(deps, turn));
}

/** What is worth a place in the history: the first answer, and for the first in the queue another kind of reason. */
function isNews(turn: QueuePlace, known: QueuePlace | undefined): boolean {
  if (!known) return true;
  if (isFirst(turn) !== isFirst(known)) return true;
  return isFirst(turn) && turn.why !== 'counting' && turn.why !== known.why;
}

const isFirst = ({ place }: QueuePlace): boolean => place === 1;

function pauseMs({ pollAgainMs }: Deps, { of }: QueuePlace): number {
  const longestMs = Math.max(pollAgainMs, Math.min(5 * pollAgainMs, LONGEST_PAUSE_MS));
  const grownMs = pollAgainMs + ((longestMs - pollAgainMs) * Math.min(of, MANY)) / MANY;
  return Math.round(grownMs * (0.9 + Math.random() * 0.2));
}

/**
 * What has become of the node meanwhile. Its gates were evaluated just before the first attempt; a node that cannot be read
 * keeps its place: it is read again before anything is done to it.
 */
async function whatElse(deps: Deps, asked: TurnQuestion): Promise<Moved | LeftBehind | undefined> {
  if (activityInfo().attempt === 1 && !asked.known) return undefined;
  const { node: name } = asked;
  const shown = deps.fleet.node(name);
  // A record that has just been taken off may still be shown.
  const isKnown = shown !== undefined && shown.rollout === undefined;
  const node = isKnown ? shown : await deps.nodes.read(name).catch(() => undefined);
  return node && (movedFrom(asked, deps, node) ?? (await leftBehind(deps, node, thisRun())));
}

/** Gives up the place in the queue or the permit, and takes off the taint of the wait. */
export async function leaveQueue(
  deps: Deps,
  { node, pool }: { readonly node: string; readonly pool: string },
): Promise<void> {
  const { workflowId } = thisRun();
  await deps.temporal.signalLock(pool, 'permitPassed', { workflowId });
  // Whatever keeps the taint from being taken off must not keep the rollout: each scan looks for what was left.
  await untaintWaiting(deps, { node }).catch((error: unknown) => {
    log.warn('taint of a wait not taken off', { node, because: String(error) });
  });
}
