import type { Ordered as OrderedBy } from '../activities/order.ts';
import type { Return } from '../activities/return.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { RolloutResult } from '../domain/status.ts';
import { whyStopped } from './control.ts';
import { quick, waiting } from './effects.ts';
import { interruptible } from './interrupt.ts';
import { releasePermit, reportTrouble } from './permission.ts';
import type { Rollout } from './rollout.ts';

/** An order that has been written, and the DaemonSets whose pods were Ready before. */
export type Ordered = Extract<OrderedBy, { kind: 'ordered' }> & {
  readonly daemonSets: readonly string[];
};

type Back = Extract<Return, { kind: 'returned' | 'gone' }>;

/** Past the point of no return: only forward. */
export async function comeBack(rollout: Rollout, record: RolloutRecord): Promise<RolloutResult> {
  for (;;) {
    const end = await awaitReturn(rollout, record);
    if (end.kind === 'returned' || end.kind === 'gone') return await handBack(rollout, record, end);
  }
}

/**
 * Waits for the agent's answer and the proof of the reboot. A node that does not come back in time is lost: its permit is
 * kept, people are told, and it is waited for all the same. Abort and pause are heard only until the agent has accepted.
 */
export async function awaitReturn(
  rollout: Rollout,
  record: RolloutRecord,
  ordered?: Ordered,
): Promise<Exclude<Return, { kind: 'late' }>> {
  const { control, node, pool } = rollout;
  const question = { node, record, ...(pool === undefined ? {} : { pool }), ...expected(ordered) };
  const mayStop = (lost: boolean) =>
    ordered !== undefined &&
    !lost &&
    (control.aborted !== undefined || control.paused !== undefined);
  rollout.enter('rebooting');
  for (let lost = false; ; lost = true) {
    const end = await interruptible(
      () =>
        waiting(lost ? `${node} is lost` : `reboot of ${node}`).awaitReturn({ ...question, lost }),
      () => mayStop(lost),
    );
    if (!end || end.kind === 'interrupted') {
      return { kind: 'interrupted', because: whyStopped(control) };
    }
    if (end.kind !== 'late') return end;
    rollout.enter('lost', end.because);
    await reportTrouble(rollout, `it is lost: ${end.because}`);
  }
}

/** A run that finds the order accepted knows neither when it was written nor what was Ready before. */
function expected(ordered: Ordered | undefined) {
  if (!ordered) return { orderedAtMs: 0, daemonSets: [] };
  const { order, orderedAtMs, daemonSets } = ordered;
  return { order, orderedAtMs, daemonSets };
}

/** Restores exactly the state found, then gives the permit back. */
export async function handBack(
  rollout: Rollout,
  record: RolloutRecord,
  end: Back,
): Promise<RolloutResult> {
  const { node, pool } = rollout;
  const bootIds = {
    bootIdBefore: record.bootIdBefore,
    ...(end.kind === 'returned' ? { bootIdAfter: end.bootId } : {}),
  };
  rollout.enter('restoring');
  const { kind } = await quick(`restore ${node}`).restoreNode({
    node,
    ...(pool === undefined ? {} : { pool }),
    record,
    stillRequired: end.kind === 'returned' && end.stillRequired,
    ...bootOf(end),
  });
  if (kind === 'not-back') return await comeBack(rollout, record);
  if (end.kind === 'gone' || kind === 'gone') return await endGone(rollout, record);
  if (kind === 'quarantined') {
    const because = 'it rebooted, and its sentinel is still there';
    await releasePermit(rollout, { trouble: because });
    return rollout.end('quarantined', because, bootIds);
  }
  if (kind === 'not-ours') {
    const because =
      'it rebooted, but somebody changed its rollout annotation: cordon and annotation are left as they are';
    await releasePermit(rollout, { trouble: because });
    return rollout.end('rebooted', because, bootIds);
  }
  await releasePermit(rollout, { fine: true, ...rollout.took() });
  return rollout.end('rebooted', 'it rebooted and is back', bootIds);
}

function bootOf(end: Back): { bootedAtMs?: number } {
  return end.kind === 'returned' && end.bootedAtMs !== undefined
    ? { bootedAtMs: end.bootedAtMs }
    : {};
}

/** A node that is no longer there has nothing to be handed back, and nothing to be waited for. */
export async function endGone(
  rollout: Rollout,
  { bootIdBefore }: RolloutRecord,
): Promise<RolloutResult> {
  await releasePermit(rollout, { fine: true });
  return rollout.end('node-gone', 'its Node object was deleted', { bootIdBefore });
}
