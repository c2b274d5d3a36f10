import { condition, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { GateAnswer } from '../activities/gates/pass-gates.ts';
import type { ClosedGate } from '../domain/gates/names.ts';
import type { Release } from '../domain/lock-state.ts';
import { lockId } from '../domain/names.ts';
import type { RolloutResult } from '../domain/status.ts';
import { pauseOver, type Control } from './control.ts';
import { local, looking, quick } from './effects.ts';
import { interruptible } from './interrupt.ts';
import { release, trouble } from './messages.ts';
import type { Rollout } from './rollout.ts';

/** A waiter repeats its request this often, and whenever it is made to look again, so that a lost lock is started anew. */
const REPEAT_REQUEST = '6h';

/** Waits until every gate is open. A result ends the rollout here: aborted, or nothing to do. */
export async function passGates(rollout: Rollout): Promise<RolloutResult | undefined> {
  const { control } = rollout;
  let known: readonly ClosedGate[] = [];
  for (;;) {
    if (control.paused || control.aborted) await waitNoMore(rollout);
    await untilResumed(rollout);
    if (control.aborted) return rollout.endAborted();
    const look = await lookAtGates(rollout, known);
    // Whatever was said meanwhile counts before what was seen.
    known = look?.kind === 'closed' ? look.closed : [];
    if (look === undefined) continue;
    const end = learn(rollout, look);
    if (end || look.kind === 'open') return end;
  }
}

/** Takes over what the gates have said; a result where that ends the rollout. */
function learn(rollout: Rollout, look: GateAnswer): RolloutResult | undefined {
  switch (look.kind) {
    case 'gone':
      return rollout.end('node-gone', look.because);
    case 'nothing-to-do':
      return rollout.end('nothing-to-do', look.because);
    case 'open': {
      const { kind: _, policy, taint, ...standing } = look;
      rollout.follow(policy);
      rollout.standing = standing;
      rollout.taint = taint;
      return undefined;
    }
    case 'closed':
      rollout.follow(look.policy);
      rollout.waitFor(look.closed, look.lookAgainMs);
      return undefined;
    case 'moved':
      rollout.move(look);
      return undefined;
    default:
      return look satisfies never;
  }
}

/** The next answer about the gates that is new; undefined when somebody said something meanwhile. */
async function lookAtGates(
  rollout: Rollout,
  known: readonly ClosedGate[],
): Promise<GateAnswer | undefined> {
  rollout.enter('waiting');
  const { news } = rollout.control;
  const heard = (): boolean => rollout.control.news > news;
  const look = await interruptible(
    () => looking(`gates of ${rollout.node}`).passGates({ ...rollout.gateQuestion(), known }),
    heard,
  );
  return heard() ? undefined : look;
}

/** Returns once nobody has the rollout paused. */
export async function untilResumed(rollout: Rollout): Promise<void> {
  const { control } = rollout;
  if (!control.paused) return;
  // How long a person takes says nothing of how long a rollout takes.
  rollout.outSinceMs = undefined;
  rollout.enter('paused');
  await pauseOver(control, async (because) => {
    const { node, pool } = rollout;
    const asked = { node, ...(pool === undefined ? {} : { pool }), because };
    await quick(`remind of the pause of ${node}`).remind(asked);
  });
}

/**
 * Joins the queue of the pool's lock and waits for the grant, or for an abort. `moved`: the node is in another pool now, so it
 * has left the queue.
 */
export async function acquirePermit(rollout: Rollout): Promise<'moved' | undefined> {
  const { control, node, pool = '' } = rollout;
  rollout.enter('queued', `it has asked the lock of pool ${pool} for a permit`);
  control.asking = true;
  let marked = rollout.taint === undefined;
  for (let again = false; control.grantId === undefined && !control.aborted; again = true) {
    const { news } = control;
    const asked = { pool, node, ...rollout.standing, ...askedBefore(control, again) };
    const moved = await local(`ask pool ${pool} for a permit`).requestPermit(asked);
    if (moved) {
      await releasePermit(rollout);
      await waitNoMore(rollout);
      rollout.move(moved);
      return 'moved';
    }
    marked = await untilHeard(rollout, { news, marked });
  }
  return undefined;
}

/**
 * Waits until there is a grant, an abort or other news than `news`. A node that has to wait for that bears its taint from then
 * on; answers whether that was `marked` once in this wait.
 */
async function untilHeard(
  rollout: Rollout,
  { news, marked }: { news: number; marked: boolean },
): Promise<boolean> {
  const { control, node, pool = '' } = rollout;
  const isOver = (): boolean =>
    control.grantId !== undefined || control.aborted !== undefined || control.news > news;
  const isWaiting = (): boolean => !marked && control.place !== undefined;
  const summary = `the lock of pool ${pool}`;
  await condition(() => isOver() || isWaiting(), REPEAT_REQUEST, { summary });
  if (isOver() || !isWaiting()) return marked;
  rollout.tainted = true;
  await quick(`taint ${node} while it waits`).markWaiting({ node, pool });
  await condition(isOver, REPEAT_REQUEST, { summary });
  return true;
}

function askedBefore({ hasLeft }: Control, again: boolean): { again?: true; anew?: true } {
  if (again) return { again };
  return hasLeft ? { anew: true } : {};
}

/** Takes off the taint of a node that a person keeps from the queue; elsewhere the next look at gates or node does so. */
async function waitNoMore(rollout: Rollout): Promise<void> {
  if (!rollout.tainted) return;
  rollout.tainted = false;
  await quick(`take the taint off ${rollout.node}`).unmarkWaiting({ node: rollout.node });
}

/**
 * Claims a permit for a node that is out of service already; it does not wait for the answer. Also where it remembers one:
 * after a reset that is a former run's, which the lock takes for left behind.
 */
export async function claimPermit({ control, node, pool }: Rollout): Promise<void> {
  if (pool === undefined) return;
  control.asking = true;
  await local(`claim a permit of pool ${pool}`).requestPermit({ pool, node, holding: true });
}

/** What the lock is told about the node with its permit. */
type Word = Pick<Release, 'trouble' | 'fine' | 'tookMs'>;

/** Gives back the permit, or the place in the queue. A lock that is gone has nothing to take back. */
export async function releasePermit(
  { control, node, pool }: Rollout,
  word: Word = {},
): Promise<void> {
  if (pool === undefined) return;
  const { workflowId } = workflowInfo();
  const { grantId } = control;
  if (grantId !== undefined) control.givenBack.push(grantId);
  control.grantId = undefined;
  control.asking = false;
  control.hasLeft = true;
  control.place = undefined;
  await getExternalWorkflowHandle(lockId(pool))
    .signal(release, {
      workflowId,
      ...(grantId === undefined ? {} : { grantId }),
      ...aboutNode(word, node),
    })
    .catch(() => undefined);
}

/** Halts the pool for a node that is lost; its permit is kept. */
export async function reportTrouble({ node, pool }: Rollout, because: string): Promise<void> {
  if (pool === undefined) return;
  await getExternalWorkflowHandle(lockId(pool))
    .signal(trouble, { node, because })
    .catch(() => undefined);
}

function aboutNode(word: Word, node: string): Omit<Release, 'node'> {
  return word.trouble === undefined ? word : { ...word, of: node };
}
