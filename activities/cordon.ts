import { cancellationSignal, log } from '@temporalio/activity';
import { room } from '../domain/budget.ts';
import { messageOf } from '../domain/message-of.ts';
import { ANNOTATION, writeRollout, type RolloutRecord } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { present } from '../domain/present.ts';
import { pastConflicts } from './conflicts.ts';
import type { Deps } from './deps.ts';
import { kindOf } from './failure.ts';
import { whyClosed, type GateQuestion } from './gates/gate-facts.ts';
import type { NodeUpdate } from './kube/nodes.ts';
import { labelsOfTaking } from './labels-and-taint.ts';
import {
  knownPool,
  movedFrom,
  poolPolicy,
  withPolicyNow,
  type Followed,
  type Moved,
} from './pool.ts';
import { leftBehind, orderedBy, thisRun, type LeftBehind, type Run } from './ownership.ts';

export interface CordonQuestion extends GateQuestion {
  /** The permit by which it is taken out. */
  readonly grantId: string;
  /** Since when it has waited for it, its gates open; for the metrics. */
  readonly askedAtMs?: number;
}

export type Cordoned =
  /**
   * `atMs`: when the cordon was written; 0 when it was found. Without a policy where it was cordoned before: nobody knows which
   * was followed then.
   */
  | ({
      readonly kind: 'cordoned';
      readonly record: RolloutRecord;
      readonly atMs: number;
    } & Followed)
  /** A gate has closed while the permit was waited for, or the permit is no longer good; nothing was touched. */
  | ({ readonly kind: 'closed'; readonly because: string } & Followed)
  | LeftBehind
  /** The permit is of a pool that the node is in no more; nothing was touched. */
  | Moved
  | { readonly kind: 'gone' };

/**
 * Evaluates every gate once more, for waiting for the turn may have taken hours, and ensures in the same step that the node is
 * cordoned and carries this run's record. A cordon that was there before is remembered as somebody else's. The lock is told
 * whether the permit was used or passed. Repeating it changes nothing.
 */
export async function cordonNode(deps: Deps, asked: CordonQuestion): Promise<Cordoned> {
  const run = thisRun();
  const taken = await takeNode(deps, asked, run);
  const { pool, grantId } = asked;
  const word = taken.kind === 'cordoned' ? 'permitUsed' : 'permitPassed';
  await deps.temporal.signalLock(pool, word, { workflowId: run.workflowId, grantId });
  if (taken.kind !== 'cordoned') return taken;
  const { record } = taken;
  await deps.nodes.setLifecycle(
    asked.node,
    {
      MaintenancePlanned: true,
      DrainInProgress: true,
      Drained: false,
      MaintenanceInProgress: false,
    },
    `${run.workflowId} takes the node out of service for a reboot`,
  );
  const whose = record.cordonedByUs ? '' : ' (it was cordoned before, and will be left so)';
  await deps.nodes.announce(asked.node, {
    type: 'Normal',
    reason: 'Draining',
    message: `cordoned${whose}; draining for a reboot`,
  });
  const { policy } = taken;
  log.info('node cordoned', { node: asked.node, cordonedByUs: record.cordonedByUs, policy });
  return taken;
}

/** With a permit in hand nothing is fought over: what keeps the node from being written closes a gate, and the permit goes back. */
async function takeNode(deps: Deps, asked: CordonQuestion, run: Run): Promise<Cordoned> {
  try {
    return await pastConflicts(`${asked.node} cannot be cordoned`, () =>
      takeOnce(withPolicyNow(deps), asked, run),
    );
  } catch (error) {
    if (kindOf(error) !== 'node-busy') throw error;
    return notWritten(deps, error);
  }
}

async function takeOnce(
  deps: Deps,
  asked: CordonQuestion,
  run: Run,
): Promise<Cordoned | 'conflict'> {
  const node = await deps.nodes.read(asked.node);
  const obstacle = await whyNoCordon(deps, asked, { node, run });
  if (obstacle) return obstacle;
  if (!node) return 'conflict';
  const { record, ...update } = takingOf(deps, asked, { node, run });
  // An attempt that was given up must not cordon behind the back of what took its place.
  cancellationSignal().throwIfAborted();
  try {
    const done = await deps.nodes.update(asked.node, update);
    // One that is gone is read once more, which says so.
    if (done !== 'updated') return 'conflict';
    return { kind: 'cordoned', record, atMs: Date.now(), policy: deps.policy.hash };
  } catch (error) {
    // The API server, a policy or a webhook forbids it. Of any other failure nobody knows whether the node was written.
    const kind = kindOf(error);
    if (kind !== 'kube-rejected' && kind !== 'kube-forbidden') throw error;
    return notWritten(deps, error);
  }
}

const notWritten = ({ policy }: Deps, error: unknown): Cordoned => ({
  kind: 'closed',
  because: `node: ${messageOf(error)}`,
  policy: policy.hash,
});

/** What keeps the node from being taken at this moment, or that it is taken already. */
async function whyNoCordon(
  deps: Deps,
  asked: CordonQuestion,
  { node, run }: { node: NodeFacts | undefined; run: Run },
): Promise<Cordoned | undefined> {
  if (!node) return { kind: 'gone' };
  const known = node.rollout?.ok ? node.rollout.value : undefined;
  // An attempt before this one has written it, nobody knows when, and the cordon may have been lifted since: the drain
  // reads the node before its first eviction.
  if (known && orderedBy(known) === orderedBy(run)) {
    return { kind: 'cordoned', record: known, atMs: 0 };
  }
  const elsewhere = movedFrom(asked, deps, node) ?? (await leftBehind(deps, node, run));
  if (elsewhere) return elsewhere;
  const { hash: policy } = deps.policy;
  const because =
    (await whyClosed(deps, { ...asked, moment: 'cordon' }, node)) ??
    (await whyNoRoom(deps, asked, run));
  return because === undefined ? undefined : { kind: 'closed', because, policy };
}

function takingOf(
  deps: Deps,
  { pool }: CordonQuestion,
  { node, run }: { node: NodeFacts; run: Run },
): NodeUpdate & { readonly record: RolloutRecord } {
  const { record: labels, annotations, ...update } = labelsOfTaking(knownPool(deps, pool), node);
  const record = {
    workflowId: run.workflowId,
    runId: run.runId,
    cordonedByUs: !node.unschedulable,
    bootIdBefore: node.bootId,
    ...present({ nodeUid: node.uid || undefined }),
    phase: 'draining',
    ...labels,
  };
  return {
    ...update,
    record,
    resourceVersion: node.resourceVersion,
    unschedulable: true,
    annotations: {
      [ANNOTATION.rollout]: writeRollout(record),
      [ANNOTATION.order]: null,
      [ANNOTATION.answer]: null,
      ...annotations,
    },
  };
}

/** A grant waits to be heard while no worker is there. Others may go out of service meanwhile, so an older count is made anew. */
const COUNT_HOLDS_MS = 5_000;

async function whyNoRoom(
  deps: Deps,
  { node, pool, grantId }: CordonQuestion,
  { workflowId }: Run,
): Promise<string | undefined> {
  // A lock that was lost took its permits along, and the one in its place may have given this room to another.
  const permit = await deps.temporal.permitOf(pool, { workflowId, grantId });
  if (!permit) return `the lock of pool ${pool} no longer knows the permit`;
  const ageMs = Date.now() - permit.countedAtMs;
  // A count dated after now was made by another clock.
  if (ageMs >= 0 && ageMs < COUNT_HOLDS_MS) return undefined;
  const { nodes: selector, maxUnavailable } = poolPolicy(deps, pool);
  const nodes = await deps.nodes.list(selector);
  const { awayTaints } = deps.policy.current();
  const found = room({
    nodes,
    maxUnavailable,
    awayTaints,
    permits: permit.others,
    candidate: node,
  });
  return found.room ? undefined : found.because;
}
