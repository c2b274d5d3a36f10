import { log } from '@temporalio/activity';
import {
  ANNOTATION,
  writeAttempts,
  writeQuarantine,
  type Attempts,
  type RolloutRecord,
} from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { undoLabels, type LabelPatch } from '../domain/labels-and-taint.ts';
import { afterFailure, afterReboot, backOff } from '../domain/attempts.ts';
import { present } from '../domain/present.ts';
import { isAccepted } from '../domain/recovery.ts';
import { sayMissing } from '../domain/return.ts';
import { pastConflicts } from './conflicts.ts';
import type { Deps } from './deps.ts';
import { NO_LIFECYCLE, type NodeEvent } from './kube/nodes.ts';
import { labelsOfReturn } from './labels-and-taint.ts';
import { isReplaced } from './ownership.ts';
import { backOffRules, knownPool } from './pool.ts';

const NO_ANNOTATIONS = {
  [ANNOTATION.rollout]: null,
  [ANNOTATION.order]: null,
  [ANNOTATION.answer]: null,
};

export interface Restored {
  /** `not-back`: it is away again, so nothing was touched. `not-ours`: somebody has changed the record, and the node is left to them. */
  readonly kind: 'restored' | 'quarantined' | 'gone' | 'not-back' | 'not-ours';
}

export interface RestoreRequest {
  readonly node: string;
  readonly pool?: string;
  readonly record: RolloutRecord;
  /** Since when it was Ready when its return was proved. */
  readonly readySinceMs?: number;
  /** The sentinel has survived the reboot. */
  readonly stillRequired: boolean;
  /** DaemonSets whose pod is not Ready again. */
  readonly missing?: readonly string[];
  /** When its kubelet was first heard in the new boot. */
  readonly bootedAtMs?: number;
  /** How long it has been out of service, where that tells how long a rollout takes. */
  readonly tookMs?: number;
  /** When it was cordoned, for the metrics; 0 or absent: nobody knows. */
  readonly cordonedAtMs?: number;
}

/**
 * Hands a node that is back to its cluster: exactly as schedulable as it was found, with the labels that the policy wants
 * after a reboot, nothing else of ours left on it. Where the sentinel has survived the reboot, the node is marked so that it is not rebooted again in a loop.
 */
export async function restoreNode(deps: Deps, asked: RestoreRequest): Promise<Restored> {
  const { node: name, pool, record, stillRequired: marked, bootedAtMs, tookMs } = asked;
  const isAway = (seen: NodeFacts): boolean => !isStillBack(seen, asked);
  const node = await giveBack(deps, name, {
    record,
    pool,
    ...present({ tookMs: marked ? undefined : tookMs }),
    mark: marked ? quarantine : () => null,
    labels: (node) => labelsOfReturn(deps, pool, { node, record }),
    attempts: ({ attempts, readySinceMs }) =>
      afterReboot(attempts, bootedAtMs || readySinceMs || Date.now()),
    // The watch shows its last sight also while the API server is away: what is proved here is proved in the same update.
    unless: isAway,
  });
  if (!node) return { kind: 'gone' };
  if (isAway(node)) return { kind: 'not-back' };
  const isLeft = node.rollout !== undefined && !isOurs(node, record);
  const kind = isLeft ? 'not-ours' : marked ? 'quarantined' : 'restored';
  await deps.nodes.announce(name, eventOf(kind, node, asked));
  log.info('node returned', { node: name, bootId: node.bootId, kind });
  return { kind };
}

function eventOf(
  kind: 'not-ours' | 'quarantined' | 'restored',
  { bootId }: NodeFacts,
  { missing = [] }: RestoreRequest,
): NodeEvent {
  const returned = `rebooted and back, boot id ${bootId}`;
  switch (kind) {
    case 'not-ours':
      return { type: 'Warning', reason: 'LeftAsItIs', message: NOT_OURS };
    case 'quarantined':
      return { type: 'Warning', reason: 'Quarantined', message: `${returned}; ${STILL_REQUIRED}` };
    case 'restored':
      return missing.length === 0
        ? { type: 'Normal', reason: 'Returned', message: returned }
        : { type: 'Warning', reason: 'Returned', message: `${returned}; ${sayMissing(missing)}` };
    default:
      return kind satisfies never;
  }
}

const NOT_OURS =
  'rebooted and back, but its rollout annotation was changed by somebody else: annotation and cordon are left as they are';

const STILL_REQUIRED =
  'its sentinel survived the reboot; it is rebooted again once the sentinel has been gone or this annotation is removed';

/** Ready that was lost and found since the proof has not been stable. */
function isStillBack(
  { ready, readySinceMs, bootId }: NodeFacts,
  { record, readySinceMs: provedMs = readySinceMs }: RestoreRequest,
): boolean {
  return ready && readySinceMs === provedMs && bootId !== record.bootIdBefore;
}

function quarantine({ bootId }: NodeFacts): string {
  return writeQuarantine({ bootId, because: STILL_REQUIRED, atMs: Date.now() });
}

export interface UndoRequest {
  readonly node: string;
  readonly pool?: string;
  readonly record: RolloutRecord;
  /** What has ended the rollout, or its try. */
  readonly why: 'gate' | 'pause' | 'abort' | 'failure' | 'interrupted' | 'over';
  readonly because: string;
  /** It is a sign that something is wrong with the node, and halts its pool. */
  readonly trouble: boolean;
  /** A person has given up waiting for the reboot that was accepted: it is taken back where the node is up in the boot of before. */
  readonly lost?: boolean;
  /** As in RestoreRequest. */
  readonly cordonedAtMs?: number;
}

/** `too-late`: the agent has accepted the order, so the rollout can only go forward. */
export type Undone =
  | { readonly kind: 'too-late' | 'gone' }
  | {
      readonly kind: 'undone';
      /** After a failure: how many tries in a row have ended without a reboot, and when the next one may come. */
      readonly tries?: number;
      readonly againAtMs?: number;
    };

/**
 * Hands a node back without a reboot: withdraws the order, uncordons what we cordoned, puts its labels back and removes the
 * record, all in one update, so that the API server decides the race with an agent that is just accepting.
 */
export async function undoNode(deps: Deps, asked: UndoRequest): Promise<Undone> {
  const { node: name, pool, record, why, because, trouble, lost = false } = asked;
  // The next try comes after a pause.
  const failed = why === 'failure' || why === 'abort';
  const tooLate = (node: NodeFacts): boolean =>
    (isAccepted(node) && !(lost && node.ready)) || node.bootId !== record.bootIdBefore;
  const node = await giveBack(deps, name, {
    record,
    pool,
    trouble,
    unless: tooLate,
    labels: ({ labels }) => undoLabels(labels, record),
    attempts: ({ attempts }) =>
      failed ? afterFailure(attempts, { because, trouble, atMs: Date.now() }) : attempts,
  });
  if (!node) return { kind: 'gone' };
  if (tooLate(node)) return { kind: 'too-late' };
  await deps.nodes.announce(name, {
    type: 'Warning',
    reason: 'Undone',
    message: `handed back without a reboot: ${because}`,
  });
  const tried = failed ? triesAfter(deps, asked, node) : {};
  log.warn('node handed back without a reboot', { node: name, because, ...tried });
  return { kind: 'undone', ...tried };
}

function triesAfter(
  deps: Deps,
  { pool, because, trouble }: UndoRequest,
  { attempts, rollout }: NodeFacts,
): { tries?: number; againAtMs?: number } {
  const atMs = Date.now();
  // An attempt before this one has counted it, where the record is gone.
  const after = rollout ? afterFailure(attempts, { because, trouble, atMs }) : attempts;
  const rules = backOffRules(pool === undefined ? undefined : knownPool(deps, pool));
  return present({
    tries: after?.failed?.count,
    againAtMs: backOff(after, rules, atMs)?.untilMs,
  });
}

interface GivingBack {
  readonly record: RolloutRecord;
  readonly pool: string | undefined;
  readonly tookMs?: number;
  /** What to remember of the node from now on. */
  readonly attempts: (node: NodeFacts) => Attempts | undefined;
  /** What to leave on the node as its quarantine; absent: whatever is there. */
  readonly mark?: (node: NodeFacts) => string | null;
  /** What to write of its labels. */
  readonly labels: (node: NodeFacts) => LabelPatch;
  readonly unless?: (node: NodeFacts) => boolean;
  /** What is remembered of it halts its pool. */
  readonly trouble?: boolean;
}

/** The node as it was when it was handed back; untouched when `unless` holds; undefined when it is gone. */
async function giveBack(deps: Deps, name: string, how: GivingBack): Promise<NodeFacts | undefined> {
  return await pastConflicts(`${name} cannot be handed back`, async () => {
    const node = await ownNode(deps, name, how.record);
    if (!node || how.unless?.(node)) return node;
    const done = isOurs(node, how.record)
      ? await removeRecord(deps, node, how)
      : await rememberTrouble(deps, node, how);
    if (done === 'conflict') return done;
    await tellEnd(deps, node, how);
    if (done === 'gone') return undefined;
    // After a crash between the two writes only the conditions are left; another rollout's are not ours to remove.
    if (!node.rollout || isOurs(node, how.record)) {
      await deps.nodes.setLifecycle(name, NO_LIFECYCLE, '');
    }
    return node;
  });
}

async function ownNode(
  { nodes }: Deps,
  name: string,
  { nodeUid }: RolloutRecord,
): Promise<NodeFacts | undefined> {
  const node = await nodes.read(name);
  return node && isReplaced(node, nodeUid) ? undefined : node;
}

/** Lets the lock of the pool count again at once; when it does not hear of it, it finds out by itself. */
async function tellEnd(
  { temporal }: Deps,
  { name: node, zone }: NodeFacts,
  { pool, tookMs }: GivingBack,
): Promise<void> {
  if (pool === undefined) return;
  await temporal.signalLock(pool, 'rolloutEnded', { node, ...present({ zone, tookMs }) });
}

function removeRecord(deps: Deps, node: NodeFacts, { record, mark, labels, attempts }: GivingBack) {
  const patch = labels(node);
  return deps.nodes.update(node.name, {
    resourceVersion: node.resourceVersion,
    // On a node that is being deleted nothing new shall be put.
    ...present({ unschedulable: record.cordonedByUs && !node.deleting ? false : undefined }),
    ...(Object.keys(patch).length > 0 ? { labels: patch } : {}),
    annotations: {
      ...NO_ANNOTATIONS,
      ...(mark ? { [ANNOTATION.quarantine]: mark(node), [ANNOTATION.excused]: null } : {}),
      [ANNOTATION.attempts]: writeAttempts(attempts(node) ?? { reboots: [] }),
    },
  });
}

/** A record that somebody has made unreadable is left to them; what halts the pool is known all the same. */
async function rememberTrouble(deps: Deps, node: NodeFacts, { trouble, attempts }: GivingBack) {
  if (!trouble || node.rollout?.ok !== false) return 'updated';
  return await deps.nodes.update(node.name, {
    resourceVersion: node.resourceVersion,
    annotations: { [ANNOTATION.attempts]: writeAttempts(attempts(node) ?? { reboots: [] }) },
  });
}

function isOurs(node: NodeFacts, record: RolloutRecord): boolean {
  return node.rollout?.ok === true && node.rollout.value.workflowId === record.workflowId;
}
