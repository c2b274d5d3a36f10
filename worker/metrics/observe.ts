import type { ActivityInterceptorsFactory, Logger } from '@temporalio/worker';
import type { Activities } from '../../activities/index.ts';
import { kindOf } from '../../activities/failure.ts';
import type { Metrics } from './metrics.ts';

type Asked<A extends keyof Activities> = Parameters<Activities[A]>[0];
type Answer<A extends keyof Activities> = Awaited<ReturnType<Activities[A]>>;

/** What is counted of an activity: of its answer, or of the failure it ended with. */
interface Observer<A extends keyof Activities> {
  readonly answered?: (metrics: Metrics, asked: Asked<A>, answer: Answer<A>) => void;
  readonly failed?: (metrics: Metrics, asked: Asked<A>, error: unknown) => void;
}

const namesOf = (closed: readonly { readonly gate: string }[]): string[] =>
  closed.map(({ gate }) => gate);

const poolCounted = (metrics: Metrics, { pool, permits }: Asked<'admitNext'>): void =>
  metrics.poolCounted({ pool, permits: permits.length });

const OBSERVERS: { readonly [A in keyof Activities]?: Observer<A> } = {
  passGates: {
    answered(metrics, { pool }, look) {
      if (look.kind === 'closed') metrics.gatesClosed(pool, namesOf(look.closed));
    },
    failed(metrics, { pool, known }, error) {
      // It fails in this way only while the gates that are closed are those known before.
      if (kindOf(error) === 'gate-closed') metrics.gatesClosed(pool, namesOf(known));
    },
  },
  admitNext: { answered: poolCounted, failed: poolCounted },
  restoreNode: {
    answered(metrics, { pool = '' }, { kind }) {
      if (kind === 'restored') metrics.nodeReturned(pool, 'returned');
      if (kind === 'quarantined') metrics.nodeReturned(pool, 'quarantined');
    },
  },
  undoNode: {
    answered(metrics, { pool = '', why }, { kind }) {
      if (kind === 'undone') metrics.nodeUndone(pool, why === 'failure');
    },
  },
};

/** Counts what activities do. Whatever goes wrong with the counting is logged, and the activity never hears of it. */
export function observeActivities(metrics: Metrics, logger: Logger): ActivityInterceptorsFactory {
  const quietly = (count: () => void): void => {
    try {
      count();
    } catch (error) {
      logger.warn('activity not counted', { because: String(error) });
    }
  };
  return ({ info: { activityType } }) => {
    // By its name Temporal has chosen the function, so its argument and answer are of that type.
    const observer = OBSERVERS[activityType as keyof Activities];
    return {
      inbound: {
        async execute(input, next) {
          const asked = input.args[0] as never;
          try {
            const answer = await next(input);
            quietly(() => observer?.answered?.(metrics, asked, answer as never));
            return answer;
          } catch (error) {
            quietly(() => observer?.failed?.(metrics, asked, error));
            throw error;
          }
        },
      },
    };
  };
}
