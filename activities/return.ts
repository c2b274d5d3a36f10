import { activityInfo, Context, heartbeat, log } from '@temporalio/activity';
import { fieldsOf } from '../domain/fields.ts';
import {
  AGENT_HEARTBEAT_MS,
  type RebootOrder,
  type RolloutRecord,
} from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { REBOOT_DEFAULTS, type PoolPolicy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import {
  acceptedAt,
  firstHeardMs,
  heardInBoot,
  judgeReception,
  takenAt,
  mayHaveSurvived,
  notBackYet,
  sayMissing,
} from '../domain/return.ts';
import { daemonSetsNotReady } from './daemon-sets.ts';
import type { Deps } from './deps.ts';
import { NodeView } from './node-view.ts';
import { thisRun } from './ownership.ts';
import { poolOfTaken } from './pool.ts';

export interface ReturnQuestion {
  readonly node: string;
  readonly pool?: string;
  readonly record: RolloutRecord;
  /** Absent when a new run finds the order accepted already. */
  readonly order?: RebootOrder;
  readonly orderedAtMs: number;
  /** DaemonSets (`namespace/name`) whose pod on this node was Ready before. */
  readonly daemonSets: readonly string[];
  /** True once the node has been declared lost: then there is no deadline any more. */
  readonly lost: boolean;
}

export type Return =
  | {
      readonly kind: 'returned';
      readonly bootId: string;
      /** Since when it has been Ready without a break. */
      readonly readySinceMs?: number;
      /** When its kubelet was first heard in the new boot, where that was seen. */
      readonly bootedAtMs?: number;
      /** The sentinel has survived the reboot, as the agent says in the new boot. */
      readonly stillRequired: boolean;
      /** DaemonSets whose pod is not Ready again, though it was waited for long enough; absent: none. */
      readonly missing?: readonly string[];
    }
  | { readonly kind: 'refused' | 'silent' | 'interrupted'; readonly because: string }
  /** Past the point of no return and not back in time; it goes on being waited for. */
  | { readonly kind: 'late'; readonly because: string }
  | { readonly kind: 'gone' };

/** Progress is told at least this often, so that a lost worker shows and a signal is heard. */
const BEAT_MS = 5_000;
/** A node that is back is looked at more often, to hand it back without delay. */
const BACK_BEAT_MS = 1_000;
/** A node that is back but whose agent has not reported is waited for a little longer, to learn whether its sentinel is gone. */
const AGENT_PATIENCE_MS = 60_000;
/** Within this an agent that is alive reports again. */
const NEXT_REPORT_MS = AGENT_HEARTBEAT_MS + 30_000;

/**
 * Waits for the agent's answer, then for the proof of the reboot: another boot id, Ready confirmed since, both for as long
 * as the policy's `stableFor`, and the DaemonSet pods of before Ready again. Cancellation ends it only while the order is
 * unanswered, or once the node is lost; in between it goes on.
 */
export async function awaitReturn(deps: Deps, asked: ReturnQuestion): Promise<Return> {
  const view = new NodeView(deps.nodes, asked.node, asked.record.nodeUid);
  try {
    const reception = await awaitReception(deps, view, asked);
    if (reception.kind !== 'accepted') return reception;
    log.info('node reboots', { node: asked.node });
    return await awaitProof(deps, asked, { view, acceptedAtMs: reception.atMs });
  } finally {
    view.close();
  }
}

const NOT_SEEN = { kind: 'waiting', because: 'the node has not been seen yet' } as const;

type Received = { readonly kind: 'accepted'; readonly atMs: number } | Return;

async function awaitReception(
  deps: Deps,
  view: NodeView,
  { order, orderedAtMs, record, pool }: ReturnQuestion,
): Promise<Received> {
  for (;;) {
    const node = await view.next(BEAT_MS);
    if (node === null) return { kind: 'gone' };
    const nowMs = Date.now();
    if (!order) {
      const atMs = takenAt(node, record, rebootPolicy(deps, pool, node)) ?? nowMs;
      return { kind: 'accepted', atMs: Math.min(nowMs, atMs) };
    }
    const reception = node ? judgeReception(node, order, { orderedAtMs, nowMs }) : NOT_SEEN;
    if (reception.kind !== 'waiting') return reception;
    // Also while the node cannot be seen: a signal is heard by heartbeats only.
    heartbeat({ because: reception.because });
    stopOnShutdown();
    if (cancelRequested()) {
      return { kind: 'interrupted', because: 'stopped before the agent answered' };
    }
  }
}

async function awaitProof(
  deps: Deps,
  asked: ReturnQuestion,
  { view, acceptedAtMs }: { view: NodeView; acceptedAtMs: number },
): Promise<Return> {
  let sight: Observation = { because: 'it has not been seen yet', ...fromHeartbeat() };
  const sayTooLate = tellOnce(deps, acceptedAtMs);
  for (;;) {
    const node = await view.next(sight.back ? BACK_BEAT_MS : BEAT_MS);
    if (node === null) return { kind: 'gone' };
    sight = await observe(deps, asked, { node, before: sight });
    if (node && sight.because === undefined) return returned(node, sight);
    const because = sight.because ?? '';
    if (isLate(deps, asked, { node, acceptedAtMs }))
      return await announceLost(deps, asked.node, because);
    const { firstHeartbeatMs } = sight;
    heartbeat({ because, ...present({ firstHeartbeatMs }) });
    stopOnShutdown();
    if (!cancelRequested()) continue;
    if (asked.lost) return { kind: 'interrupted', because: 'it is given up' };
    await sayTooLate();
  }
}

/** Whoever wants to stop the rollout is answered that it is too late; when nobody can be told, its end tells it. */
function tellOnce({ temporal }: Deps, atMs: number): () => Promise<void> {
  let told: Promise<void> | undefined;
  return () => {
    told ??= temporal.signalRollout(thisRun(), 'rebootAccepted', { atMs }).catch(() => undefined);
    return told;
  };
}

/** What an attempt before this one has seen: a later heartbeat is not the first of the boot. */
function fromHeartbeat(): Pick<Observation, 'firstHeartbeatMs'> {
  const { firstHeartbeatMs: ms } = fieldsOf(activityInfo().heartbeatDetails);
  return present({ firstHeartbeatMs: typeof ms === 'number' ? ms : undefined });
}

function returned(node: NodeFacts, { firstHeartbeatMs, missing }: Observation): Return {
  const heard = heardInBoot(node, firstHeartbeatMs ?? 0);
  return {
    kind: 'returned',
    bootId: node.bootId,
    readySinceMs: node.readySinceMs,
    ...present({ bootedAtMs: firstHeartbeatMs }),
    stillRequired: node.report?.wants === 'required' && heard,
    ...present({ missing }),
  };
}

/** What has been seen of the node in its new boot so far. */
interface Observation {
  /** When it was first seen back, and since when it said to be Ready then; absent while it is not back. */
  readonly back?: { readonly atMs: number; readonly readySinceMs: number };
  /** The first confirmation of its kubelet that was seen in the new boot. */
  readonly firstHeartbeatMs?: number;
  /** Why it is not believed yet; undefined: the reboot is proved. */
  readonly because: string | undefined;
  /** As in the answer. */
  readonly missing?: readonly string[];
}

async function observe(
  deps: Deps,
  asked: ReturnQuestion,
  { node, before }: { node: NodeFacts | undefined; before: Observation },
): Promise<Observation> {
  const { bootIdBefore } = asked.record;
  const away = notBackYet(node, { bootIdBefore, orderedAtMs: asked.orderedAtMs });
  const known = firstHeartbeat(before, node, asked.record);
  if (!node || away !== undefined) return { ...known, because: away };
  const { readySinceMs } = node;
  // Ready that was lost and found between two looks has not stayed so.
  const stayed = before.back?.readySinceMs === readySinceMs;
  const back = stayed && before.back ? before.back : { atMs: Date.now(), readySinceMs };
  return { ...known, back, ...(await settle(deps, asked, { node, back, ...known })) };
}

function firstHeartbeat(
  { firstHeartbeatMs }: Observation,
  node: NodeFacts | undefined,
  record: RolloutRecord,
): Pick<Observation, 'firstHeartbeatMs'> {
  if (firstHeartbeatMs !== undefined) return { firstHeartbeatMs };
  const booted = node && node.bootId !== '' && node.bootId !== record.bootIdBefore;
  // The acceptance and the kubelet's word are both of the host's clock.
  return booted ? { firstHeartbeatMs: firstHeardMs(node, acceptedAt(node, record)) } : {};
}

async function announceLost(deps: Deps, node: string, because: string): Promise<Return> {
  await deps.nodes.announce(node, {
    type: 'Warning',
    reason: 'Lost',
    message: `not back in time after its reboot: ${because}; it keeps its permit and is waited for`,
  });
  log.error('node lost', { node, because });
  return { kind: 'late', because };
}

function isLate(
  deps: Deps,
  { lost, pool }: ReturnQuestion,
  { node, acceptedAtMs }: { node: NodeFacts | undefined; acceptedAtMs: number },
): boolean {
  return !lost && Date.now() - acceptedAtMs > rebootPolicy(deps, pool, node).returnWithin;
}

interface Settling {
  readonly node: NodeFacts;
  readonly back: { readonly atMs: number; readonly readySinceMs: number };
  readonly firstHeartbeatMs?: number;
}

/** Why a node that is back is not believed yet; what is still missing is not waited for without end. */
async function settle(
  deps: Deps,
  asked: ReturnQuestion,
  { node, back, firstHeartbeatMs = 0 }: Settling,
): Promise<Pick<Observation, 'because' | 'missing'>> {
  const backForMs = Date.now() - back.atMs;
  const { stableFor, daemonSetsWithin } = rebootPolicy(deps, asked.pool, node);
  if (backForMs < stableFor) return { because: 'it is Ready, and has to stay so for a while' };
  if (!heardInBoot(node, firstHeartbeatMs) && backForMs < patienceMs(asked, node)) {
    return { because: 'its agent has not reported since the reboot' };
  }
  const missing = await daemonSetsNotReady(deps, node, asked.daemonSets);
  if (missing.length === 0) return { because: undefined };
  if (backForMs >= daemonSetsWithin) return { because: undefined, missing };
  return { because: sayMissing(missing) };
}

function patienceMs({ record }: ReturnQuestion, node: NodeFacts): number {
  return mayHaveSurvived(node, acceptedAt(node, record)) ? NEXT_REPORT_MS : AGENT_PATIENCE_MS;
}

const rebootPolicy = (
  deps: Deps,
  pool: string | undefined,
  node: NodeFacts | undefined,
): PoolPolicy['reboot'] => (node && poolOfTaken(deps, pool, node)?.reboot) ?? REBOOT_DEFAULTS;

function cancelRequested(): boolean {
  return Context.current().cancellationDetails?.cancelRequested === true;
}

/** A worker that shuts down hands the wait over to another: this attempt fails and is tried again there. */
function stopOnShutdown(): void {
  const { cancellationSignal, cancellationDetails } = Context.current();
  if (cancellationSignal.aborted && cancellationDetails?.cancelRequested !== true) {
    throw cancellationSignal.reason instanceof Error
      ? cancellationSignal.reason
      : new Error(`attempt ${activityInfo().attempt} was stopped`);
  }
}
