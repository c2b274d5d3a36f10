import { answers, IN_TIME, type RebootOrder, type RolloutRecord } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';
import { shortList } from './short-list.ts';

/** What became of an order so far, judged by the node alone. */
export type Reception =
  | { readonly kind: 'accepted'; readonly atMs: number }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'silent'; readonly because: string }
  | { readonly kind: 'waiting'; readonly because: string };

/** A moment past its expiry before an order counts as unanswered: the agent's clock may be slow, its answer on the way. */
const EXPIRY_MARGIN_MS = 15_000;

/**
 * A node whose boot id has changed has obviously taken the order, whatever stands on it. No boot id is not another one.
 * `orderedAtMs`: when the order was written.
 */
export function judgeReception(
  node: NodeFacts,
  order: RebootOrder,
  { orderedAtMs, nowMs }: { orderedAtMs: number; nowMs: number },
): Reception {
  if (node.bootId !== '' && node.bootId !== order.bootId) return { kind: 'accepted', atMs: nowMs };
  const answer = node.answer?.ok ? node.answer.value : undefined;
  if (answer && answers(answer, order)) {
    return answer.verdict === 'accepted'
      ? { kind: 'accepted', atMs: onOurClock(answer.atMs, orderedAtMs, order) }
      : { kind: 'refused', because: answer.because };
  }
  if (nowMs > order.expiresAtMs + EXPIRY_MARGIN_MS) {
    return { kind: 'silent', because: 'the agent did not answer before the order expired' };
  }
  return { kind: 'waiting', because: 'the agent has not answered the order yet' };
}

/** An agent accepts after the order and before its expiry, whatever the clock of its host says; both are of the worker's clock. */
const onOurClock = (atMs: number, orderedAtMs: number, { expiresAtMs }: RebootOrder): number =>
  Math.min(Math.max(atMs, orderedAtMs), expiresAtMs);

/** What must hold before a reboot is believed. */
export interface Proof {
  readonly bootIdBefore: string;
  /** Ready must have been confirmed after this. */
  readonly orderedAtMs: number;
}

/**
 * Why the node, as far as it can be seen, does not count as back at this moment, all of it, the worst first; undefined when it
 * does. Staying so is for the caller to see.
 */
export function notBackYet(node: NodeFacts | undefined, proof: Proof): string | undefined {
  if (!node) return 'its Node object has not been seen yet';
  const down = node.ready ? [] : [notReady(node)];
  const boot = whyNotBooted(node, proof);
  return [...down, ...(boot === undefined ? [] : [boot])].join(', ') || undefined;
}

function whyNotBooted(node: NodeFacts, { bootIdBefore, orderedAtMs }: Proof): string | undefined {
  if (node.bootId === '') return 'it reports no boot id';
  if (node.bootId === bootIdBefore) return sameBoot(node);
  if (!node.ready) return 'it has a new boot id';
  return node.heartbeatAtMs <= orderedAtMs ? UNCONFIRMED : undefined;
}

const UNCONFIRMED = 'its kubelet has not confirmed Ready since';

const notReady = ({ readySinceMs }: NodeFacts): string =>
  readySinceMs > 0 ? `not Ready since ${new Date(readySinceMs).toISOString()}` : 'not Ready';

/** For people: what is not as it was before the reboot. */
export const sayMissing = (daemonSets: readonly string[]): string =>
  `not Ready again: ${shortList(daemonSets)}`;

/** With the words of an agent that has accepted the order and cannot obey it. */
function sameBoot({ answer }: NodeFacts): string {
  const words = answer?.ok ? answer.value.because : IN_TIME;
  return `its boot id has not changed${words === IN_TIME ? '' : `; its agent: ${words}`}`;
}

/** When the agent accepted the reboot of the boot before, by its own clock, as far as its answer still stands on the node. */
export function acceptedAt(
  node: Pick<NodeFacts, 'answer' | 'order'> | undefined,
  { bootIdBefore }: Pick<RolloutRecord, 'bootIdBefore'>,
): number | undefined {
  const { answer, order } = node ?? {};
  if (!answer?.ok || !order?.ok || !answers(answer.value, order.value)) return undefined;
  const { bootId, verdict, atMs } = answer.value;
  return verdict === 'accepted' && bootId === bootIdBefore ? atMs : undefined;
}

/**
 * Why a node that a rollout has out of service is lost, and since when, judged by the node alone; undefined when it is in time,
 * back, or has no reboot under way. One that has booted without an accepted order is awaited from when it was last Ready.
 */
export function whyLost(
  node: NodeFacts,
  record: RolloutRecord,
  { reboot, nowMs }: { reboot: RebootTimes; nowMs: number },
): { readonly because: string; readonly sinceMs: number } | undefined {
  const { bootIdBefore } = record;
  const { returnWithin } = reboot;
  const booted = node.bootId !== '' && node.bootId !== bootIdBefore;
  const rebootsSinceMs = takenAt(node, record, reboot) ?? (booted ? node.readySinceMs : undefined);
  if (rebootsSinceMs === undefined || nowMs - rebootsSinceMs <= returnWithin) return undefined;
  const because = notBackYet(node, { bootIdBefore, orderedAtMs: 0 });
  return because === undefined ? undefined : { because, sinceMs: rebootsSinceMs + returnWithin };
}

/** What the policy of a pool says of the times of a reboot, in milliseconds. */
export interface RebootTimes {
  readonly orderExpires: number;
  readonly returnWithin: number;
}

/** As `acceptedAt`, by the worker's clock. */
export function takenAt(
  node: NodeFacts | undefined,
  record: RolloutRecord,
  { orderExpires }: Pick<RebootTimes, 'orderExpires'>,
): number | undefined {
  const atMs = acceptedAt(node, record);
  if (atMs === undefined || !node?.order?.ok) return undefined;
  const order = node.order.value;
  return onOurClock(atMs, order.expiresAtMs - orderExpires, order);
}

/**
 * When the kubelet was first heard in a boot, as far as the node still shows it. Whoever looks late finds a later
 * confirmation on it; Ready that was gained after the agent had accepted the reboot was gained in the boot that followed.
 */
export function firstHeardMs(
  { ready, readySinceMs, heartbeatAtMs }: NodeFacts,
  acceptedAtMs = Number.POSITIVE_INFINITY,
): number {
  const regained = ready && readySinceMs > acceptedAtMs;
  return regained ? Math.min(readySinceMs, heartbeatAtMs) : heartbeatAtMs;
}

/**
 * The agent has looked at the sentinel in this boot: its report is not older than the kubelet's first confirmation in it.
 * Both times are the node's own, and Ready need not have been lost by a reboot that was quick.
 */
export function heardInBoot(node: NodeFacts, firstHeartbeatMs: number): boolean {
  return node.report !== undefined && node.report.heardAtMs >= firstHeartbeatMs;
}

/**
 * Asks for a reboot, by a report from after the agent accepted this one: of the new boot, or of the last moments of the one
 * before. Only the agent's next report can tell; another reboot for nothing is what it decides about.
 */
export function mayHaveSurvived(
  { report }: NodeFacts,
  acceptedAtMs = Number.POSITIVE_INFINITY,
): boolean {
  return report?.wants === 'required' && report.heardAtMs > acceptedAtMs;
}
