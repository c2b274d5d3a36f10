import { cancellationSignal, log } from '@temporalio/activity';
import { room } from '../domain/budget.ts';
import { closedGates } from '../domain/gates/closed-gates.ts';
import { sayGate } from '../domain/gates/names.ts';
import { ANNOTATION, writeRollout, type RolloutRecord } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { Deps } from './deps.ts';
import { failure, kindOf } from './failure.ts';
import { gateFacts, type GateQuestion } from './gates/gate-facts.ts';
import { marksOfTaking } from './marks.ts';
import {
  knownPool,
  movedFrom,
  poolPolicy,
  withPolicyNow,
  type Followed,
  type Moved,
} from './pool.ts';
import { ofThisRun, thisRun, type Run } from './ours.ts';

export interface CordonQuestion extends GateQuestion {
  /** The permit by which it is taken out, and when the nodes were counted that it was granted on. */
  readonly grantId: string;
  readonly countedAtMs: number;
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
  /** An earlier run has left its mark on the node: that is undone or finished first, and the permit kept until then. */
  | { readonly kind: 'run-changed'; readonly because: string }
  /** The permit is of a pool that the node is in no more; nothing was touched. */
  | Moved
  | { readonly kind: 'gone' };

/**
 * Looks at every gate once more, for waiting for the permit may have taken hours, and ensures in the same step that the
 * node is cordoned and carries this run's record. A cordon that was there before is remembered as somebody else's.
 * Repeating it changes nothing.
 */
export async function cordonNode(deps: Deps, asked: CordonQuestion): Promise<Cordoned> {
  const run = thisRun();
  const taken = await takeNode(deps, asked, run).catch(leftByAnotherRun);
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

function leftByAnotherRun(error: unknown): Cordoned {
  if (!(error instanceof Error) || kindOf(error) !== 'run-changed') throw error;
  return { kind: 'run-changed', because: error.message };
}

async function takeNode(source: Deps, asked: CordonQuestion, run: Run): Promise<Cordoned> {
  for (;;) {
    const deps = withPolicyNow(source);
    const { hash: policy } = deps.policy;
    const node = await deps.nodes.read(asked.node);
    if (!node) return { kind: 'gone' };
    const known = knownRecord(node, run);
    // An attempt before this one has written it, nobody knows when, and the cordon may have been lifted since: the drain
    // looks before its first eviction. Not refused here, for then the permit would be given back before the node is.
    if (known) return { kind: 'cordoned', record: known, atMs: 0 };
    const moved = movedFrom(asked, deps, node);
    if (moved) return moved;
    const facts = await gateFacts(deps, { ...asked, moment: 'cordon' }, node);
    const closed = closedGates(facts, asked.skip);
    if (closed.length > 0) {
      return { kind: 'closed', because: closed.map(sayGate).join('; '), policy };
    }
    if (node.rollout?.ok)
      throw failure('run-changed', `a former rollout has left ${node.name} behind`);
    const noRoom = await whyNoRoom(deps, asked, run);
    if (noRoom !== undefined) return { kind: 'closed', because: noRoom, policy };
    const {
      record: marks,
      annotations,
      ...update
    } = marksOfTaking(knownPool(deps, asked.pool), node);
    const record = {
      workflowId: run.workflowId,
      runId: run.runId,
      cordonedByUs: !node.unschedulable,
      bootIdBefore: node.bootId,
      phase: 'draining',
      ...marks,
    };
    // An attempt that was given up must not cordon behind the back of what took its place.
    cancellationSignal().throwIfAborted();
    const done = await deps.nodes.update(asked.node, {
      ...update,
      resourceVersion: node.resourceVersion,
      unschedulable: true,
      annotations: {
        [ANNOTATION.rollout]: writeRollout(record),
        [ANNOTATION.order]: null,
        [ANNOTATION.answer]: null,
        ...annotations,
      },
    });
    if (done === 'updated') return { kind: 'cordoned', record, atMs: Date.now(), policy };
  }
}

/** A grant waits to be heard while no worker is there. Others may go out of service meanwhile, so an older count is made anew. */
const COUNT_HOLDS_MS = 5_000;

async function whyNoRoom(
  deps: Deps,
  { node, pool, grantId, countedAtMs }: CordonQuestion,
  { workflowId }: Run,
): Promise<string | undefined> {
  // A lock that was lost took its permits along, and the one in its place may have given this room to another.
  if (!(await deps.temporal.holdsPermit(pool, { workflowId, grantId }))) {
    return `the lock of pool ${pool} no longer knows the permit`;
  }
  if (Date.now() - countedAtMs < COUNT_HOLDS_MS) return undefined;
  const { nodes: selector, maxUnavailable } = poolPolicy(deps, pool);
  const holders = await deps.temporal.holdersOf(pool);
  const nodes = await deps.nodes.list(selector);
  const found = room({ nodes, maxUnavailable, holders, candidate: node });
  return found.room ? undefined : found.because;
}

/** The record of this run. Another rollout's, or one that cannot be read, is for the gates to judge. */
function knownRecord(node: NodeFacts, run: Run): RolloutRecord | undefined {
  if (!node.rollout?.ok || node.rollout.value.workflowId !== run.workflowId) return undefined;
  return ofThisRun(node.rollout.value, node.name, run);
}
