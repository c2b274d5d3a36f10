import { cancellationSignal, log } from '@temporalio/activity';
import {
  ANNOTATION,
  writeOrder,
  writeRollout,
  type RebootOrder,
  type RolloutRecord,
} from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import {
  ownerOf,
  podName,
  podsInTheWay,
  type CameBack,
  type PodFacts,
} from '../domain/pod-verdict.ts';
import { pastConflicts } from './conflicts.ts';
import type { Deps } from './deps.ts';
import { whyClosed, type GateQuestion } from './gates/gate-facts.ts';
import { needPolicy } from './no-policy.ts';
import { orderedBy, ourRecord, stillCordoned, thisRun } from './ownership.ts';
import { podRules, poolPolicy, withPolicyNow, type Followed } from './pool.ts';

export type Ordered =
  /** Without a policy where the order was there already: nobody knows which was followed then. */
  | ({
      readonly kind: 'ordered';
      readonly order: RebootOrder;
      readonly orderedAtMs: number;
    } & Followed)
  /** A pod is there that may not be: back to the drain. */
  | {
      readonly kind: 'not-empty';
      readonly because: string;
      /** Who has put pods there since: `ownerOf`. */
      readonly owners: readonly string[];
    }
  /** A gate has closed meanwhile: undo. */
  | ({ readonly kind: 'closed'; readonly because: string } & Followed);

export interface OrderQuestion extends GateQuestion {
  /** The UID of the Node that was taken. */
  readonly nodeUid?: string;
  /** How often pods have come back in the drains of this rollout; absent: none has. */
  readonly cameBack?: CameBack;
}

/**
 * Proves the node empty, cordoned by this run and with every gate open, and writes the order in the same step (G2): the
 * update is refused when the node has changed since it was looked at. Repeating it answers with the order already there.
 */
export async function orderReboot(source: Deps, asked: OrderQuestion): Promise<Ordered> {
  return await pastConflicts(`no order can be written on ${asked.node}`, () =>
    orderOnce(withPolicyNow(source), asked),
  );
}

async function orderOnce(deps: Deps, asked: OrderQuestion): Promise<Ordered | 'conflict'> {
  const run = thisRun();
  const { hash: policy } = deps.policy;
  const node = await deps.nodes.read(asked.node);
  const record = ourRecord(node, asked, run);
  if (!node) return 'conflict';
  const known = orderOf(node, orderedBy(run));
  if (known) return { kind: 'ordered', order: known, orderedAtMs: writtenAt(known, node) };
  // Who has ordered has to go on, whatever has become of the policy.
  needPolicy(deps, 'gate-closed');
  const obstacle = await whyNoOrder(deps, asked, { node, record });
  if (obstacle) return obstacle;

  // An attempt that was given up must not order behind the back of the one that took over.
  cancellationSignal().throwIfAborted();
  const orderedAtMs = Date.now();
  const expiresInMs = poolPolicy(deps, asked.pool).reboot.orderExpires;
  const order = {
    bootId: node.bootId,
    rollout: orderedBy(run),
    expiresAtMs: orderedAtMs + expiresInMs,
  };
  const done = await deps.nodes.update(asked.node, {
    resourceVersion: node.resourceVersion,
    annotations: {
      [ANNOTATION.order]: writeOrder(order),
      [ANNOTATION.answer]: null,
      [ANNOTATION.rollout]: writeRollout({ ...record, phase: 'rebooting' }),
    },
  });
  // One that is gone is read once more, which says so.
  if (done !== 'updated') return 'conflict';
  await announceOrder(deps, asked.node, run.workflowId);
  return { kind: 'ordered', order, orderedAtMs, policy };
}

async function whyNoOrder(
  deps: Deps,
  asked: OrderQuestion,
  { node, record }: { node: NodeFacts; record: RolloutRecord },
): Promise<Ordered | undefined> {
  // An order now would be for a second reboot, and the first would pass for its proof.
  if (node.bootId !== record.bootIdBefore) {
    return closedBy(deps, 'the node has rebooted since it was cordoned');
  }
  stillCordoned(node);
  const closed = await whyClosed(deps, { ...asked, moment: 'order' }, node);
  if (closed !== undefined) return closedBy(deps, closed);
  const { pods } = await deps.pods.list(asked.node, cancellationSignal());
  const rules = podRules(deps, poolPolicy(deps, asked.pool), asked.cameBack ?? {});
  const inTheWay = podsInTheWay(pods, rules, Date.now());
  if (inTheWay.length === 0) return undefined;
  const named = inTheWay.slice(0, 5).map(({ pod, because }) => `${podName(pod)} (${because})`);
  const owners = [...new Set(inTheWay.filter(isNew).map(({ pod }) => ownerOf(pod)))];
  return { kind: 'not-empty', because: `still on the node: ${named.join(', ')}`, owners };
}

/** What is leaving was there before. */
const isNew = ({ pod }: { pod: PodFacts }): boolean => pod.deletionTimestampMs === undefined;

const closedBy = ({ policy }: Deps, because: string): Ordered => ({
  kind: 'closed',
  because,
  policy: policy.hash,
});

/** The order of this run, even when another boot is running: then it has been obeyed, and is not given again. */
function orderOf(node: NodeFacts, rollout: string): RebootOrder | undefined {
  return node.order?.ok && node.order.value.rollout === rollout ? node.order.value : undefined;
}

/**
 * When an order was written at the latest that is there already. Once it has been obeyed nobody can tell: a time after the
 * reboot would have the kubelet's word for its return waited for that it has given.
 */
function writtenAt(order: RebootOrder, node: NodeFacts): number {
  return node.bootId === order.bootId ? Date.now() : 0;
}

async function announceOrder(deps: Deps, node: string, workflowId: string): Promise<void> {
  await deps.nodes.setLifecycle(
    node,
    { DrainInProgress: false, Drained: true, MaintenanceInProgress: true },
    `${workflowId} found the node empty and ordered its reboot`,
  );
  await deps.nodes.announce(node, {
    type: 'Normal',
    reason: 'Rebooting',
    message: 'found empty; reboot ordered',
  });
  log.info('reboot ordered', { node, policy: deps.policy.hash });
}
