import { ApplicationFailure } from '@temporalio/workflow';
import type { Cordoned } from '../activities/cordon.ts';
import type { UndoRequest } from '../activities/restore.ts';
import type { FailureKind } from '../domain/failures.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { RolloutResult } from '../domain/status.ts';
import { causeOf, typeOf } from './cause.ts';
import { awaitReturn, comeBack, endGone, handBack, type Ordered } from './come-back.ts';
import { whyStopped } from './control.ts';
import { proving, quick, waiting } from './effects.ts';
import { interruptible } from './interrupt.ts';
import { releasePermit, untilResumed } from './permission.ts';
import type { Rollout } from './rollout.ts';

/** A rollout that was reset starts over from what it sees. */
export const RUN_CHANGED = 'run-changed' satisfies FailureKind;

/** Why a node is handed back without a reboot, and what comes after. */
interface GivenUp {
  readonly kind: 'given-up';
  readonly because: string;
  /** again: from the gates on. abort: a person wanted it. An error: the rollout ends as failed. */
  readonly next: 'again' | 'abort' | Error;
}

type NotObeyed = Exclude<Awaited<ReturnType<typeof awaitReturn>>, { kind: 'returned' | 'gone' }>;

/** Failures after which the pool goes on: a person's word or a deleted node, not a sign that something is wrong with nodes. */
const NO_TROUBLE: ReadonlySet<string> = new Set([
  'cordon-lost',
  'not-ours',
  'no-pool',
] satisfies FailureKind[]);

/** From the cordon to the return. Undefined: a gate has closed meanwhile, the node is handed back and it starts over. */
export async function takeOut(rollout: Rollout): Promise<RolloutResult | undefined> {
  const cordoned = await cordon(rollout);
  if (cordoned?.kind !== 'cordoned') return await leaveAsItIs(rollout, cordoned);
  const { record } = cordoned;
  // 0: it was cordoned before, nobody knows when.
  rollout.outSinceMs = cordoned.atMs || undefined;
  const vacated = await vacate(rollout, cordoned.atMs).catch(failed);
  if (vacated.kind === 'given-up') return await giveUp(rollout, record, vacated);

  const end = await awaitReturn(rollout, record, vacated).catch(failed);
  return end.kind === 'returned' || end.kind === 'gone'
    ? await handBack(rollout, record, end)
    : await giveUp(rollout, record, noReturn(rollout, end));
}

/** A node that was not touched: the permit goes back, except where a former run's mark is to be undone first. */
async function leaveAsItIs(
  rollout: Rollout,
  cordoned: Exclude<Cordoned, { kind: 'closed' | 'cordoned' }> | undefined,
): Promise<RolloutResult | undefined> {
  if (cordoned?.kind === 'run-changed') throw failureOf(RUN_CHANGED, cordoned.because);
  await releasePermit(rollout);
  if (cordoned?.kind === 'moved') return rollout.move(cordoned);
  return cordoned && rollout.end('node-gone', 'its Node object was deleted');
}

/** An order that came to nothing: why, and what comes after. */
function noReturn(rollout: Rollout, end: GivenUp | NotObeyed): GivenUp {
  switch (end.kind) {
    case 'given-up':
      return end;
    case 'interrupted':
      return onPeoplesWord(rollout, end.because);
    case 'refused':
      return stopped('order-refused', `the agent refused: ${end.because}`);
    case 'silent':
      return stopped('agent-silent', end.because);
    default:
      return end satisfies never;
  }
}

/** Hands a node back that a former run has left in the middle; `too-late` when its order has been accepted. */
export async function abandon(
  rollout: Rollout,
  record: RolloutRecord,
  why: Pick<UndoRequest, 'because' | 'failed' | 'trouble'>,
): Promise<'undone' | 'too-late' | 'gone'> {
  rollout.enter('undoing', why.because);
  const { node, pool } = rollout;
  const { kind } = await quick(`hand ${node} back`).undoNode({
    node,
    ...(pool === undefined ? {} : { pool }),
    record,
    ...why,
  });
  return kind;
}

/** Undefined when it is not to be taken out after all: a gate has closed, or a person has said so. */
async function cordon(
  rollout: Rollout,
): Promise<Exclude<Cordoned, { kind: 'closed' }> | undefined> {
  const { control, node } = rollout;
  if (control.paused || control.aborted) return undefined;
  rollout.enter('cordoning');
  try {
    const cordoned = await quick(`cordon ${node}`).cordonNode({
      ...rollout.gateQuestion(),
      grantId: control.grantId ?? '',
      countedAtMs: control.countedAtMs ?? 0,
    });
    if ('policy' in cordoned) rollout.follow(cordoned.policy);
    return cordoned.kind === 'closed' ? undefined : cordoned;
  } catch (error) {
    await releasePermit(rollout);
    throw error;
  }
}

/** Drains until the node is proved empty and the order is written, both in one step. */
async function vacate(rollout: Rollout, cordonedAtMs: number): Promise<Ordered | GivenUp> {
  const { control, node } = rollout;
  const stop = (): boolean => control.paused !== undefined || control.aborted !== undefined;
  let startedAtMs = Date.now();
  for (;;) {
    if (control.paused) {
      await untilResumed(rollout);
      startedAtMs = Date.now();
    }
    if (control.aborted) {
      return { kind: 'given-up', because: `aborted: ${control.aborted.reason}`, next: 'abort' };
    }
    rollout.enter('draining');
    const drained = await interruptible(
      () =>
        waiting(`drain ${node}`).drainNode({
          ...rollout.gateQuestion(),
          startedAtMs,
          cordonedAtMs,
        }),
      stop,
    );
    if (!drained || stop()) continue;
    if ('closed' in drained) {
      rollout.follow(drained.policy);
      return { kind: 'given-up', because: drained.closed, next: 'again' };
    }

    const ordered = await order(rollout, stop);
    if (ordered?.kind === 'ordered') return { ...ordered, daemonSets: drained.daemonSetsReady };
    if (ordered) return ordered;
  }
}

/** Proves the node empty and writes the order in one step; undefined when it is not empty after all. */
async function order(
  rollout: Rollout,
  stop: () => boolean,
): Promise<Omit<Ordered, 'daemonSets'> | GivenUp | undefined> {
  rollout.enter('ordering');
  const ordered = await interruptible(
    () => proving(`prove ${rollout.node} empty and order`).orderReboot(rollout.gateQuestion()),
    stop,
  );
  // Nobody knows whether the order was written: undoing withdraws it in the same update.
  if (!ordered) return onPeoplesWord(rollout, whyStopped(rollout.control));
  if (ordered.kind === 'not-empty') return undefined;
  rollout.follow(ordered.policy);
  if (ordered.kind === 'ordered') return ordered;
  return { kind: 'given-up', because: ordered.because, next: 'again' };
}

/** Undoes everything, unless the agent has accepted the order meanwhile: then it only goes forward. */
async function giveUp(
  rollout: Rollout,
  record: RolloutRecord,
  { because, next }: GivenUp,
): Promise<RolloutResult | undefined> {
  if (typeOf(next) === RUN_CHANGED) throw next;
  const trouble = isTrouble(next);
  const undone = await abandon(rollout, record, { because, failed: next !== 'again', trouble });
  if (undone === 'too-late') return await comeBack(rollout, record);
  if (undone === 'gone') return await endGone(rollout, record);
  await releasePermit(rollout, trouble ? { trouble: because } : {});
  if (next === 'again') return undefined;
  if (next === 'abort') return rollout.endAborted();
  throw next;
}

function isTrouble(next: GivenUp['next']): boolean {
  if (typeof next === 'string') return false;
  return !NO_TROUBLE.has(typeOf(next) ?? '');
}

/** A pause before the agent's answer: the node is handed back, and after the pause it starts from the gates. */
function onPeoplesWord({ control }: Rollout, because: string): GivenUp {
  return { kind: 'given-up', because, next: control.aborted ? 'abort' : 'again' };
}

function failed(error: unknown): GivenUp {
  const cause = causeOf(error);
  if (!(cause instanceof Error)) throw error;
  return { kind: 'given-up', because: cause.message, next: cause };
}

function stopped(type: FailureKind, because: string): GivenUp {
  return { kind: 'given-up', because, next: failureOf(type, because) };
}

function failureOf(type: FailureKind, because: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message: because, nonRetryable: true });
}
