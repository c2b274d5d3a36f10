import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Plan } from '../../activities/plan.ts';
import { rolloutId } from '../../domain/names.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import type { RolloutInput } from '../../domain/rollout-input.ts';

/** What activities that are played answer. */

export const RECORD: RolloutRecord = {
  workflowId: rolloutId('n1'),
  runId: 'run',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};

/** An order that was written. */
export const ORDERED = {
  kind: 'ordered',
  order: { bootId: 'boot-1', rollout: 'node-rollout/n1/run', expiresAtMs: 0 },
  orderedAtMs: 1,
} as const;

export const RETURNED = { kind: 'returned', bootId: 'boot-2', stillRequired: false } as const;
export const DRAINED = { evicted: 1, deleted: [], warnings: [], daemonSetsReady: ['kube/cni'] };

/** The plan of a rollout that starts from the beginning, with changes. */
export const planned =
  (changes: Partial<Plan> = {}, request: Partial<Plan['request']> = {}) =>
  async (input: unknown): Promise<Plan> => ({
    request: { ...(input as RolloutInput), skip: [], evenIfNotRequired: false, ...request },
    pool: 'workers',
    recovery: { at: 'start' },
    searchAttributes: false,
    ...changes,
  });

/** As a real look fails while nothing changes. */
export const stillWaits = (message: string, again: '100ms' | '1h'): ApplicationFailure =>
  ApplicationFailure.create({ message, nextRetryDelay: again });

/** Fails as the real activities do, for good. */
export const fails = (type: string, message: string) => async (): Promise<never> => {
  const failure = ApplicationFailure.nonRetryable(message, type);
  // As activities/failure.ts makes it.
  failure.stack = '';
  throw failure;
};

/** Answers the first call so, and every later one so. */
export const atFirst = <const A, const B>(first: A, later: B): (() => Promise<A | B>) => {
  let calls = 0;
  return async () => {
    calls += 1;
    return calls === 1 ? first : later;
  };
};

/** Works until it is over, as an activity does that waits for something; ends at once when it is cancelled. */
export const worksUntil = async (isOver: () => boolean): Promise<void> => {
  while (!isOver()) {
    heartbeat();
    cancellationSignal().throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const untilCancelled = async (): Promise<never> => {
  await worksUntil(() => false);
  throw new Error('it never ends otherwise');
};

/** What a count answers that finds nothing to say of the permits. */
export const NOTHING_NEW = { used: [], ended: [], lapsed: [] } as const;
