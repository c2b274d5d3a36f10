/**
 * Everything Lockkeeper writes on a Node: the keys, their format, their parsers and their writers (docs/architecture.md).
 *
 * Worker and agent meet only here. The agent bundles this file, so it stays free of dependencies.
 */

import { instantOf, readRecord, type Fields, type Read } from './json-record.ts';
import { words } from './outside.ts';
import { present } from './present.ts';

export type { Read } from './json-record.ts';

export const ANNOTATION = {
  /** Written by the worker: reboot this boot of this node, for this workflow run, before this time. */
  order: 'lockkeeper.io/reboot-order',
  /** Written by the agent: what it made of the order. */
  answer: 'lockkeeper.io/reboot-answer',
  /** Written by the worker: who owns the cordon and what to restore. */
  rollout: 'lockkeeper.io/rollout',
  /** Written by the worker: the sentinel survived a reboot, so this boot is not rebooted again. */
  quarantine: 'lockkeeper.io/quarantine',
  /** Written by the worker: what it remembers of a node between two rollouts. */
  attempts: 'lockkeeper.io/attempts',
  /** Written by the worker for a person: troubles of this node up to this moment do not halt its pool. */
  excused: 'lockkeeper.io/excused',
  /** Written by the worker: the key of the PreferNoSchedule taint that it has put on the node while that waits. */
  taint: 'lockkeeper.io/taint',
  /** Written by a person: leave this node alone, and why. */
  hold: 'lockkeeper.io/hold',
} as const;

/** Condition type the agent reports under. */
export const REBOOT_REQUIRED = 'RebootRequired';

/** Node lifecycle conditions of KEP-5683, written while a rollout has the node. */
export const LIFECYCLE_CONDITIONS = [
  'MaintenancePlanned',
  'DrainInProgress',
  'Drained',
  'MaintenanceInProgress',
] as const;
/** Reason by which ours are told from those of others. */
export const LIFECYCLE_REASON = 'Lockkeeper';
export type LifecycleCondition = (typeof LIFECYCLE_CONDITIONS)[number];

/** Longest message of the agent's condition: the admission policy refuses more. */
const MESSAGE_MOST = 1_024;

/** The agent refreshes its condition this often, changed or not. */
export const AGENT_HEARTBEAT_MS = 5 * 60_000;
/** An agent not heard for this long is silent, and its node is not started on. */
export const AGENT_SILENT_AFTER_MS = 15 * 60_000;

/** Reboot exactly this boot, for exactly this run, before exactly this time. */
export interface RebootOrder {
  readonly bootId: string;
  /** `workflowId/runId` of the rollout that ordered. */
  readonly rollout: string;
  readonly expiresAtMs: number;
}

/** The agent's word on one order; `bootId` and `rollout` are copied from it. */
export interface RebootAnswer {
  readonly bootId: string;
  readonly rollout: string;
  readonly verdict: 'accepted' | 'refused';
  readonly because: string;
  readonly atMs: number;
}

/** What was found of a label, null for none, and what was set instead. */
export interface LabelChange {
  readonly found: string | null;
  readonly set: string;
}

/** Who has this node, and what to restore when done. */
export interface RolloutRecord {
  readonly workflowId: string;
  readonly runId: string;
  /** False: somebody else had cordoned the node before, so it stays cordoned. */
  readonly cordonedByUs: boolean;
  readonly bootIdBefore: string;
  /** The UID of the Node object that it was written on; absent: not known. */
  readonly nodeUid?: string;
  readonly phase: string;
  /** The labels that were set when the node was taken, by their keys; absent: none. */
  readonly labels?: Readonly<Record<string, LabelChange>>;
}

/** Rebooted into this boot, and a reboot is still required: another one would only go round in circles. */
export interface Quarantine {
  readonly bootId: string;
  readonly because: string;
  readonly atMs: number;
}

/** Tries that ended without a reboot, since the last that went well. */
interface FailedTries {
  readonly count: number;
  readonly lastAtMs: number;
  readonly because: string;
}

/** What is remembered of a node between two rollouts. */
export interface Attempts {
  /** When its kubelet was first heard after each of its latest reboots, oldest first; by the clock of the host. */
  readonly reboots: readonly number[];
  readonly failed?: FailedTries;
  /** The latest failure that halts its pool; stays until a rollout goes well. */
  readonly trouble?: { readonly because: string; readonly atMs: number };
}

export interface Hold {
  readonly reason: string;
  readonly untilMs?: number;
}

/** What the agent last said about its node. */
export interface RebootReport {
  readonly wants: 'required' | 'not-required' | 'unknown';
  readonly message: string;
  readonly heardAtMs: number;
}

/** A report as it stands on the node. */
export interface HeardReport extends RebootReport {
  /** Since when the node wants what it wants. */
  readonly sinceMs?: number;
}

/** The part of a NodeCondition that is written here; a plain JSON object for a strategic merge patch. */
export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime?: string;
}

const rfc3339 = (atMs: number): string => new Date(atMs).toISOString();

export function writeOrder(order: RebootOrder): string {
  return JSON.stringify({
    bootId: order.bootId,
    rollout: order.rollout,
    expires: rfc3339(order.expiresAtMs),
  });
}

/** The order on the node, or undefined when there is none. An unreadable one is never an order. */
export function readOrder(text: string | undefined): Read<RebootOrder> | undefined {
  return readRecord(text, (fields) => ({
    bootId: fields.text('bootId'),
    rollout: fields.text('rollout'),
    expiresAtMs: fields.instant('expires'),
  }));
}

export function writeAnswer(answer: RebootAnswer): string {
  return JSON.stringify({
    bootId: answer.bootId,
    rollout: answer.rollout,
    verdict: answer.verdict,
    because: answer.because,
    at: rfc3339(answer.atMs),
  });
}

export function readAnswer(text: string | undefined): Read<RebootAnswer> | undefined {
  return readRecord(text, (fields) => ({
    bootId: fields.text('bootId'),
    rollout: fields.text('rollout'),
    verdict: fields.oneOf('verdict', ['accepted', 'refused'] as const),
    because: fields.words('because'),
    atMs: fields.instant('at'),
  }));
}

/** Words of an acceptance that nothing is the matter with. */
export const IN_TIME = 'it is for this boot and in time';

/** Whether this answer is about this very order. */
export function answers(answer: RebootAnswer, order: Pick<RebootOrder, 'bootId' | 'rollout'>) {
  return answer.bootId === order.bootId && answer.rollout === order.rollout;
}

export function writeRollout(record: RolloutRecord): string {
  const { workflowId, runId, cordonedByUs, bootIdBefore, nodeUid, phase, labels } = record;
  return JSON.stringify({
    workflowId,
    runId,
    cordonedByUs,
    bootIdBefore,
    nodeUid,
    phase,
    labels,
  });
}

export function readRollout(text: string | undefined): Read<RolloutRecord> | undefined {
  return readRecord(text, (fields) => {
    const labels = fields.each('labels', readLabelChange);
    return {
      workflowId: fields.text('workflowId'),
      runId: fields.text('runId'),
      cordonedByUs: fields.flag('cordonedByUs'),
      bootIdBefore: fields.text('bootIdBefore'),
      phase: fields.text('phase'),
      ...present({ nodeUid: fields.textIfAny('nodeUid'), labels }),
    };
  });
}

const readLabelChange = (fields: Fields): LabelChange => ({
  found: fields.textOrNull('found'),
  set: fields.text('set'),
});

export function writeQuarantine({ bootId, because, atMs }: Quarantine): string {
  return JSON.stringify({ bootId, because, at: rfc3339(atMs) });
}

export function readQuarantine(text: string | undefined): Read<Quarantine> | undefined {
  return readRecord(text, (fields) => ({
    bootId: fields.text('bootId'),
    because: fields.words('because'),
    atMs: fields.instant('at'),
  }));
}

/** Null when there is nothing to remember: the annotation is removed. */
export function writeAttempts({ reboots, failed, trouble }: Attempts): string | null {
  if (reboots.length === 0 && !failed && !trouble) return null;
  return JSON.stringify({
    reboots: reboots.map(rfc3339),
    ...(failed && {
      failed: failed.count,
      lastAt: rfc3339(failed.lastAtMs),
      because: failed.because,
    }),
    ...(trouble && { trouble: trouble.because, troubleAt: rfc3339(trouble.atMs) }),
  });
}

/** An unreadable past is none: it only spaces rollouts out, and must not hold one up for ever. */
export function readAttempts(text: string | undefined): Attempts | undefined {
  const read = readRecord(text, (fields): Attempts => {
    const reboots = fields.instants('reboots');
    const count = fields.count('failed');
    const because = fields.wordsIfAny('trouble');
    return {
      reboots,
      ...(count > 0 && {
        failed: { count, lastAtMs: fields.instant('lastAt'), because: fields.words('because') },
      }),
      ...(because !== undefined && { trouble: { because, atMs: fields.instant('troubleAt') } }),
    };
  });
  return read?.ok ? read.value : undefined;
}

export const writeExcused = (atMs: number): string => rfc3339(atMs);

/** Up to when a person has excused the troubles of the node; what cannot be read excuses nothing. */
export function readExcused(text: string | undefined): number | undefined {
  const atMs = instantOf(text ?? '');
  return Number.isNaN(atMs) ? undefined : atMs;
}

/**
 * A person's hold: a reason, optionally with `until=<RFC 3339>` anywhere in it.
 * A date that cannot be read holds without end, for a hold must not lapse by a typing error.
 */
export function readHold(text: string | undefined): Hold | undefined {
  if (text === undefined) return undefined;
  const until = /(?:^|\s)until=(\S+)/.exec(text);
  const reason = words(text.replace(until?.[0] ?? '', '')) || 'no reason given';
  const untilMs = instantOf(until?.[1] ?? '');
  return Number.isNaN(untilMs) ? { reason: words(text) || reason } : { reason, untilMs };
}

/**
 * The agent's condition. `sinceMs` is when `wants` last changed; the API server keeps what is sent.
 * `lastHeartbeatTime` carries the agent's own clock: it is compared with minutes, not seconds.
 */
export function rebootRequiredCondition(report: RebootReport, sinceMs: number): NodeCondition {
  const shown = {
    required: { status: 'True', reason: 'SentinelPresent' },
    'not-required': { status: 'False', reason: 'SentinelAbsent' },
    unknown: { status: 'Unknown', reason: 'SentinelCheckFailed' },
  } as const;
  return {
    type: REBOOT_REQUIRED,
    ...shown[report.wants],
    message: report.message.slice(0, MESSAGE_MOST),
    lastHeartbeatTime: rfc3339(report.heardAtMs),
    lastTransitionTime: rfc3339(sinceMs),
  };
}

const WANTS = new Map([
  ['True', 'required'],
  ['False', 'not-required'],
] as const) as ReadonlyMap<string, 'required' | 'not-required'>;

/** The agent's report among a node's conditions, or undefined when no agent has ever reported. */
export function readReport(
  conditions: readonly {
    type: string;
    status: string;
    message?: string;
    lastHeartbeatTime?: string | Date;
    lastTransitionTime?: string | Date;
  }[],
): HeardReport | undefined {
  const condition = conditions.find(({ type }) => type === REBOOT_REQUIRED);
  if (!condition) return undefined;
  return {
    wants: WANTS.get(condition.status) ?? 'unknown',
    message: words(condition.message ?? ''),
    // A report without a time is as old as can be: the node is not started on.
    heardAtMs: new Date(condition.lastHeartbeatTime ?? 0).getTime() || 0,
    ...(condition.lastTransitionTime
      ? { sinceMs: new Date(condition.lastTransitionTime).getTime() || 0 }
      : {}),
  };
}
