import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory, Logger } from '@temporalio/worker';
import type { Activities } from '../../activities/index.ts';
import { kindOf } from '../../activities/failure.ts';
import type { Metrics } from './metrics.ts';

type Asked<A extends keyof Activities> = Parameters<Activities[A]>[0];
type Answer<A extends keyof Activities> = Awaited<ReturnType<Activities[A]>>;

/** What is counted of an activity: of its answer, or of the failure that an attempt ended with. */
interface Observer<A extends keyof Activities> {
  readonly answered?: (to: To, asked: Asked<A>, answer: Answer<A>) => void;
  readonly failed?: (to: To, asked: Asked<A>, error: unknown) => void;
}

interface To {
  readonly metrics: Metrics;
  /** When the first attempt could begin. */
  readonly sinceMs: number;
  /** No other attempt follows one that fails now, whatever the failure. */
  readonly isCancelled: () => boolean;
}

const namesOf = (closed: readonly { readonly gate: string }[]): string[] =>
  closed.map(({ gate }) => gate);

const poolCounted = ({ metrics }: To, { pool, permits }: Asked<'admitNext'>): void =>
  metrics.poolCounted({ pool, permits: permits.length });

const OBSERVERS: { readonly [A in keyof Activities]?: Observer<A> } = {
  passGates: {
    answered({ metrics }, { pool }, look) {
      if (look.kind === 'closed') metrics.happened.gatesClosed(pool, namesOf(look.closed));
    },
    failed({ metrics }, { pool, known }, error) {
      // It fails in this way only while the gates that are closed are those known before.
      if (kindOf(error) === 'gate-closed') metrics.happened.gatesClosed(pool, namesOf(known));
    },
  },
  admitNext: { answered: poolCounted, failed: poolCounted },
  cordonNode: {
    answered({ metrics }, { pool, askedAtMs }) {
      metrics.happened.turnTaken(pool, askedAtMs);
    },
  },
  drainNode: {
    answered({ metrics, sinceMs }, { pool }, answer) {
      const outcome = 'closed' in answer ? 'stopped' : 'drained';
      metrics.happened.ended('drain', { pool, outcome, sinceMs });
    },
    failed({ metrics, sinceMs, isCancelled }, { pool }, error) {
      const outcome = kindOf(error) === 'drain-timed-out' ? 'timed-out' : 'stopped';
      const isOver = isFinal(error) || isCancelled();
      if (isOver) metrics.happened.ended('drain', { pool, outcome, sinceMs });
    },
  },
  awaitReturn: {
    answered({ metrics }, { pool = '', lost, orderedAtMs: sinceMs }, { kind }) {
      const outcome = lost ? 'late' : 'returned';
      if (kind === 'returned') metrics.happened.ended('reboot', { pool, outcome, sinceMs });
    },
  },
  restoreNode: {
    answered({ metrics }, { pool = '', cordonedAtMs: sinceMs }, { kind }) {
      if (kind !== 'restored' && kind !== 'quarantined') return;
      const outcome = kind === 'restored' ? 'returned' : kind;
      metrics.happened.nodeReturned(pool, outcome);
      metrics.happened.ended('rollout', { pool, outcome, sinceMs });
    },
  },
  undoNode: {
    answered({ metrics }, { pool = '', why, cordonedAtMs: sinceMs }, { kind }) {
      if (kind !== 'undone') return;
      metrics.happened.nodeUndone(pool, why === 'failure');
      metrics.happened.ended('rollout', { pool, outcome: 'undone', sinceMs });
    },
  },
};

/** Temporal tries no activity again that has failed like this. */
const isFinal = (error: unknown): boolean =>
  error instanceof ApplicationFailure && error.nonRetryable === true;

const isCancelled = ({ cancellationDetails }: Context): boolean =>
  cancellationDetails?.cancelRequested === true;

/** Counts something; what goes wrong with that is logged, and nobody else hears of it. */
export function quietly(logger: Logger, count: () => void): void {
  try {
    count();
  } catch (error) {
    logger.warn('not counted', { because: String(error) });
  }
}

/** Counts what activities do. Whatever goes wrong with the counting is logged, and the activity never hears of it. */
export function observeActivities(metrics: Metrics, logger: Logger): ActivityInterceptorsFactory {
  return (context) => {
    const { activityType, scheduledTimestampMs: sinceMs } = context.info;
    const to: To = { metrics, sinceMs, isCancelled: () => isCancelled(context) };
    // By its name Temporal has chosen the function, so its argument and answer are of that type.
    const observer = OBSERVERS[activityType as keyof Activities];
    return {
      inbound: {
        async execute(input, next) {
          const asked = input.args[0] as never;
          try {
            const answer = await next(input);
            quietly(logger, () => observer?.answered?.(to, asked, answer as never));
            return answer;
          } catch (error) {
            quietly(logger, () => observer?.failed?.(to, asked, error));
            throw error;
          }
        },
      },
    };
  };
}
