import { activityInfo } from '@temporalio/activity';
import type { Notice, NoticeEvent } from '../../domain/notifications/events.ts';
import { sayOpened } from '../../domain/opened-window.ts';
import { present } from '../../domain/present.ts';
import { sayMissing } from '../../domain/return.ts';
import type { WindowWord } from '../../domain/status.ts';
import type { PoolAnswer, PoolQuestion } from '../admit-next.ts';
import type { Cordoned } from '../cordon.ts';
import type { Deps } from '../deps.ts';
import type { Ordered } from '../order.ts';
import { thisRun } from '../ownership.ts';
import type { Restored, RestoreRequest, Undone, UndoRequest } from '../restore.ts';
import type { Return } from '../return.ts';

/** What people are to know of an activity's answer. */
export type ToNotify = Pick<Notice, 'event' | 'because' | 'sinceMs'> & {
  /** Absent: of this activity as it was scheduled, so that another try of it is the same notice. */
  readonly id?: string;
  readonly node?: string;
  readonly pool?: string | undefined;
};

/** Hands a notice on for the workflow that this activity works for. */
export async function notify(deps: Deps, { id, pool, node, ...what }: ToNotify): Promise<void> {
  await deps.notices.notify({
    id: id ?? noticeId(what.event),
    atMs: Date.now(),
    ...what,
    ...(node === undefined ? {} : { node, rollout: thisRun().workflowId }),
    ...present({ pool }),
  });
}

const noticeId = (event: NoticeEvent): string =>
  `${thisRun().runId}/${activityInfo().activityId}/${event}`;

interface Of {
  readonly node: string;
  readonly pool?: string | undefined;
}

export const ofCordon = ({ node, pool }: Of, { kind }: Cordoned): ToNotify | undefined =>
  kind === 'cordoned' ? { event: 'draining', node, pool } : undefined;

export const ofOrder = ({ node, pool }: Of, { kind }: Ordered): ToNotify | undefined =>
  kind === 'ordered' ? { event: 'rebooting', node, pool } : undefined;

export const ofReturn = ({ node, pool }: Of, answer: Return): ToNotify | undefined =>
  answer.kind === 'late' ? { event: 'lost', node, pool, because: answer.because } : undefined;

const GONE = 'its Node object was deleted in mid-rollout';

export function ofRestore(
  { node, pool, record, missing }: RestoreRequest,
  { kind }: Restored,
): ToNotify | undefined {
  if (kind === 'quarantined') {
    return { event: 'failed', node, pool, because: 'it rebooted, and still wants a reboot' };
  }
  if (kind === 'gone') return { event: 'undone', node, pool, because: GONE };
  if (kind !== 'restored') return undefined;
  const words = [
    ...(record.cordonedByUs ? [] : ['it was cordoned before, and stays so']),
    ...(missing ? [sayMissing(missing)] : []),
  ];
  const because = words.join('; ') || undefined;
  return { event: 'returned', node, pool, ...present({ because }) };
}

export function ofUndo(
  { node, pool, because, why }: UndoRequest,
  undone: Undone,
): ToNotify | undefined {
  if (undone.kind === 'gone') return { event: 'undone', node, pool, because: GONE };
  if (undone.kind !== 'undone') return undefined;
  if (why !== 'failure') return { event: 'undone', node, pool, because };
  return { event: 'failed', node, pool, because: `${because}${sayTries(undone)}` };
}

/** The same failure night after night is told as what it is. */
function sayTries({ tries, againAtMs }: Extract<Undone, { kind: 'undone' }>): string {
  if (tries === undefined) return '';
  const next =
    againAtMs === undefined ? '' : `, the next not before ${new Date(againAtMs).toISOString()}`;
  return `; try ${tries} without a reboot${next}`;
}

/** That a pool is halted; the same halt is the same notice. */
export function ofAdmission(
  { pool }: PoolQuestion,
  { admission, troubles = [] }: PoolAnswer,
): ToNotify | undefined {
  if (admission?.kind !== 'halted') return undefined;
  const { because } = admission;
  const which = troubles.map(({ node, sinceMs }) => `${node}@${sinceMs}`).toSorted();
  return { id: `${pool}/halted/${which.join(',')}`, event: 'halted', pool, because };
}

/** What a person has said of the window of a pool. */
export const ofWindow = ({
  pool,
  window,
  by,
  reason,
}: WindowWord & { readonly pool: string }): ToNotify =>
  window
    ? { event: 'windowOpened', pool, because: sayOpened(window) }
    : { event: 'windowClosed', pool, because: `closed by ${by}: ${reason}` };
