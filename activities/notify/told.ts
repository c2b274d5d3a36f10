import { activityInfo } from '@temporalio/activity';
import type { Notice, NoticeEvent } from '../../domain/notifications/events.ts';
import { sayHalted } from '../../domain/turn.ts';
import type { Cordoned } from '../cordon.ts';
import type { Deps } from '../deps.ts';
import type { Ordered } from '../order.ts';
import { thisRun } from '../ours.ts';
import { knownPool } from '../pool.ts';
import type { Restored, RestoreRequest, Undone, UndoRequest } from '../restore.ts';
import type { Return } from '../return.ts';
import type { PoolNews, PoolQuestion } from '../watch-pool.ts';

/** What people are told of what an activity has answered. */
type Said = Pick<Notice, 'event' | 'because'> & {
  readonly node: string;
  readonly pool?: string | undefined;
};

/**
 * The answer, after people have been let know what it means. However often the activity is tried, it is the same notice;
 * when it is scheduled again, it is another.
 */
export async function told<Answer>(
  deps: Deps,
  answering: Promise<Answer>,
  say: (answer: Answer) => Said | undefined,
): Promise<Answer> {
  const answer = await answering;
  const said = say(answer);
  if (said) await tell(deps, said);
  return answer;
}

/** Tells of something in the rollout this activity works for. */
export async function tell(
  deps: Deps,
  { pool, ...said }: Said & { sinceMs?: number },
): Promise<void> {
  await deps.notices.tell({
    id: noticeId(said.event),
    atMs: Date.now(),
    rollout: thisRun().workflowId,
    ...said,
    ...(pool === undefined ? {} : { pool }),
  });
}

const noticeId = (event: NoticeEvent): string =>
  `${thisRun().runId}/${activityInfo().activityId}/${event}`;

interface Of {
  readonly node: string;
  readonly pool?: string | undefined;
}

export const afterCordon =
  ({ node, pool }: Of) =>
  ({ kind }: Cordoned): Said | undefined =>
    kind === 'cordoned' ? { event: 'draining', node, pool } : undefined;

export const afterOrder =
  ({ node, pool }: Of) =>
  ({ kind }: Ordered): Said | undefined =>
    kind === 'ordered' ? { event: 'rebooting', node, pool } : undefined;

export const afterReturn =
  ({ node, pool }: Of) =>
  (answer: Return): Said | undefined =>
    answer.kind === 'late' ? { event: 'lost', node, pool, because: answer.because } : undefined;

export const afterRestore =
  ({ node, pool, record }: RestoreRequest) =>
  (answer: Restored): Said | undefined => {
    if (answer.kind === 'quarantined') {
      const because = 'it rebooted, and still wants a reboot';
      return { event: 'failed', node, pool, because };
    }
    if (answer.kind !== 'restored') return undefined;
    const kept = record.cordonedByUs ? {} : { because: 'it was cordoned before, and stays so' };
    return { event: 'returned', node, pool, ...kept };
  };

export const afterUndo =
  ({ node, pool, because, failed }: UndoRequest) =>
  ({ kind }: Undone): Said | undefined => {
    if (kind !== 'undone') return undefined;
    // That a person wanted it is no failure.
    const event = failed && !because.startsWith('aborted') ? 'failed' : 'undone';
    return { event, node, pool, because };
  };

/** The look at a pool, after people have been let know that it is halted, where that is news. */
export async function toldOfPool(
  deps: Deps,
  { pool, troubles }: PoolQuestion,
  looking: Promise<PoolNews>,
): Promise<PoolNews> {
  const news = await looking;
  const budget = knownPool(deps, pool)?.failureBudget ?? Number.POSITIVE_INFINITY;
  const because = sayHalted(troubles);
  if (troubles.length < budget || news.turn?.kind !== 'wait' || news.turn.because !== because) {
    return news;
  }
  const which = troubles.map(({ node, sinceMs }) => `${node}@${sinceMs}`).toSorted();
  const id = `${pool}/halted/${which.join(',')}`;
  await deps.notices.tell({ id, event: 'halted', atMs: Date.now(), pool, because });
  return news;
}
