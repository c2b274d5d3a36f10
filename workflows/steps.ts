import type { Ordered as OrderedBy } from '../activities/order.ts';
import type { Return, ReturnQuestion } from '../activities/return.ts';
import type { DrainResult } from '../domain/drain-progress.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { CameBack } from '../domain/pod-verdict.ts';
import { present } from '../domain/present.ts';
import { sayMissing } from '../domain/return.ts';
import type { Recovery } from '../domain/recovery.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { RolloutResult } from '../domain/status.ts';
import { lasting, local, proving, quick } from './activities.ts';
import { interruptible } from './interrupt.ts';
import type { Holding, Rollout } from './rollout.ts';
import { failed, gateClosed, nodeGone, saidBy, startOver, Stopped } from './stop.ts';
import { untilResumed } from './wait-for-gates.ts';
import type { Given } from './wait-for-turn.ts';

/** An order that has been written, and the DaemonSets whose pods were Ready before. */
export type Ordered = Extract<OrderedBy, { kind: 'ordered' }> & {
  readonly daemonSets: readonly string[];
};

export type Back = Extract<Return, { kind: 'returned' | 'gone' }>;

/** Reads the node first, where that has not been done: a former run may have left it in the middle. */
export async function readNode(
  rollout: Rollout,
  input: RolloutInput,
): Promise<Pick<Recovery, 'at'>> {
  if (rollout.isPlanned) return { at: 'start' };
  const plan = await local('read the input and the node').planRollout(input);
  rollout.begin(plan);
  const { recovery } = plan;
  if (recovery.at === 'start') return recovery;
  // Nobody knows since when it has been out.
  rollout.has({
    kind: 'node',
    record: recovery.record,
    cordonedAtMs: 0,
    drainingSinceMs: 0,
    cameBack: {},
  });
  if (recovery.at === 'return') {
    rollout.signals.accepted = {};
    return recovery;
  }
  throw new Stopped({ kind: 'interrupted', because: recovery.because });
}

/** Ensures that the node is cordoned by this run; what has changed since the permit was asked for stops the rollout. */
export async function cordon(rollout: Rollout, given: Given): Promise<void> {
  const { node, signals } = rollout;
  if (signals.stops) throw saidBy(signals);
  rollout.enter({ at: 'cordoning' });
  const cordoned = await quick(`cordon ${node}`).cordonNode({
    ...rollout.gateQuestion(),
    ...given,
  });
  if ('policy' in cordoned) rollout.follow(cordoned.policy);
  // Used or passed: the activity has told the lock.
  rollout.has({ kind: 'nothing' });
  switch (cordoned.kind) {
    case 'cordoned': {
      const { record, atMs } = cordoned;
      rollout.outSinceMs = atMs === 0 ? undefined : atMs;
      const drainingSinceMs = Date.now();
      rollout.has({ kind: 'node', record, cordonedAtMs: atMs, drainingSinceMs, cameBack: {} });
      return;
    }
    case 'moved':
      rollout.move(cordoned);
      throw gateClosed(cordoned.because);
    case 'closed':
      throw gateClosed(cordoned.because);
    case 'left-behind':
      throw startOver(cordoned.because);
    case 'gone':
      throw nodeGone();
    default:
      cordoned satisfies never;
  }
}

/** Evicts until the node is observed empty. A pause stops further evictions and keeps the node; an abort hands it back. */
export async function drain(rollout: Rollout): Promise<DrainResult> {
  const { signals, node } = rollout;
  for (;;) {
    if (signals.paused) {
      await untilResumed(rollout);
      rollout.has({ ...taken(rollout), drainingSinceMs: Date.now() });
    }
    if (signals.aborted) throw saidBy(signals);
    rollout.enter({ at: 'draining' });
    const { record, cordonedAtMs, drainingSinceMs, cameBack } = taken(rollout);
    const drained = await interruptible(
      () =>
        lasting(`drain ${node}`).drainNode({
          ...rollout.gateQuestion(),
          startedAtMs: drainingSinceMs,
          cordonedAtMs,
          cameBack,
          ...present({ nodeUid: record.nodeUid }),
        }),
      () => signals.stops,
    );
    if (!drained || signals.stops) continue;
    if (!('closed' in drained)) {
      rollout.has({ ...taken(rollout), cameBack: { ...cameBack, ...drained.cameBack } });
      return drained;
    }
    rollout.follow(drained.policy);
    throw gateClosed(drained.closed);
  }
}

/** Proves the node empty and writes the order, both in one step; undefined when it is not empty after all. */
export async function proveAndOrder(
  rollout: Rollout,
  { daemonSetsReady: daemonSets }: DrainResult,
): Promise<Ordered | undefined> {
  const { signals, node } = rollout;
  const { record, cameBack } = taken(rollout);
  const asked = { ...rollout.gateQuestion(), cameBack, ...present({ nodeUid: record.nodeUid }) };
  rollout.enter({ at: 'ordering' });
  const ordered = await interruptible(
    () => proving(`prove ${node} empty and order`).orderReboot(asked),
    () => signals.stops,
  );
  // Nobody knows whether the order was written: undoing withdraws it in the same update.
  if (!ordered) throw saidBy(signals);
  if (ordered.kind === 'not-empty') {
    rollout.has({ ...taken(rollout), cameBack: seenAgain(cameBack, ordered.owners) });
    return undefined;
  }
  rollout.follow(ordered.policy);
  if (ordered.kind === 'closed') throw gateClosed(ordered.because);
  return { ...ordered, daemonSets };
}

/** Of an owner that is seen for the first time nobody knows whether its pod has come back, or was there too late for the drain. */
function seenAgain(cameBack: CameBack, owners: readonly string[]): CameBack {
  const counts = owners.map((owner) => [owner, (cameBack[owner] ?? -1) + 1] as const);
  return { ...cameBack, ...Object.fromEntries(counts) };
}

/**
 * Waits for the agent's answer and the proof of the reboot. A node that does not come back in time is lost: it keeps its place,
 * people are told, and it is waited for all the same. Abort and pause are heard only until the agent has accepted; an abort once
 * more when the node is lost, for whoever gives it up.
 */
export async function awaitReboot(rollout: Rollout, order: Ordered | undefined): Promise<Back> {
  const { signals, place } = rollout;
  const question = { ...place, record: taken(rollout).record, ...expected(order) };
  rollout.enter({ at: 'rebooting' });
  for (let late: string | undefined; ;) {
    const lost = late !== undefined;
    const back = await answerOf(rollout, { ...question, lost }, late);
    switch (back?.kind) {
      case undefined:
      case 'interrupted':
        throw saidBy(signals, lost);
      case 'refused':
        throw failed('order-refused', `the agent refused: ${back.because}`);
      case 'silent':
        throw failed('agent-silent', back.because);
      case 'late':
        late = back.because;
        rollout.enter({ at: 'lost', because: late });
        break;
      case 'returned':
      case 'gone':
        return back;
      default:
        back satisfies never;
    }
  }
}

/** The next answer about the return; undefined when a person ends the wait. */
async function answerOf(
  { signals, node }: Rollout,
  question: ReturnQuestion,
  late: string | undefined,
): Promise<Return | undefined> {
  const { lost, order } = question;
  const about = lost ? `${node} is lost: ${late}` : `reboot of ${node}`;
  // What was said before the node was lost was said of something else.
  const { aborted } = signals;
  const isGivenUp = (): boolean => signals.aborted !== aborted;
  const isStopped = (): boolean => order !== undefined && signals.stops;
  return await interruptible(
    () => lasting(about).awaitReturn(question),
    lost ? isGivenUp : isStopped,
  );
}

/** A run that finds the order accepted knows neither when it was written nor what was Ready before. */
function expected(ordered: Ordered | undefined) {
  if (!ordered) return { orderedAtMs: 0, daemonSets: [] };
  const { order, orderedAtMs, daemonSets } = ordered;
  return { order, orderedAtMs, daemonSets };
}

const NOT_OURS =
  'it rebooted, but somebody changed its rollout annotation: cordon and annotation are left as they are';

/** Restores exactly the state found; undefined when the node is away again. */
export async function uncordon(rollout: Rollout, back: Back): Promise<RolloutResult | undefined> {
  const { node, place, took } = rollout;
  const { record, cordonedAtMs } = taken(rollout);
  const isBack = back.kind === 'returned';
  rollout.enter({ at: 'restoring' });
  const { bootedAtMs, readySinceMs, missing } = isBack ? back : {};
  const { kind } = await quick(`restore ${node}`).restoreNode({
    ...place,
    record,
    stillRequired: isBack && back.stillRequired,
    cordonedAtMs,
    ...present({ bootedAtMs, readySinceMs, missing }),
    ...took,
  });
  if (kind === 'not-back') return undefined;
  rollout.has({ kind: 'nothing' });
  const bootIds = bootIdsOf(record, back);
  const is = (outcome: RolloutResult['outcome'], because: string): RolloutResult => ({
    node,
    outcome,
    because,
    ...bootIds,
  });
  if (!isBack || kind === 'gone') return is('node-gone', 'its Node object was deleted');
  if (kind === 'quarantined') return is(kind, 'it rebooted, and its sentinel is still there');
  return is('rebooted', kind === 'not-ours' ? NOT_OURS : `it rebooted and is back${lacks(back)}`);
}

const lacks = ({ missing }: Extract<Back, { kind: 'returned' }>): string =>
  missing ? `; ${sayMissing(missing)}` : '';

function bootIdsOf({ bootIdBefore }: RolloutRecord, back: Back) {
  return {
    bootIdBefore,
    ...present({ bootIdAfter: back.kind === 'returned' ? back.bootId : undefined }),
  };
}

/** The node that this step is about, which the steps before have taken. */
function taken({ holding }: Rollout): Extract<Holding, { kind: 'node' }> {
  if (holding.kind !== 'node') throw new Error('this step comes after the cordon');
  return holding;
}
