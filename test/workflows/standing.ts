import { WorkflowFailedError } from '@temporalio/client';
import type { QueuePlace } from '../../domain/lock-state.ts';
import type { PhaseName } from '../../domain/phases.ts';
import type { Phase, RolloutStatus } from '../../domain/status.ts';
import { answerTo, statusIn, until, type Asked } from '../ask.ts';

/** Where a rollout stands, by what it and Temporal say of it. */

export const statusOf = (rollout: Asked): Promise<RolloutStatus> => statusIn(rollout);

/** Waits until the rollout stands there. */
export async function reached<At extends PhaseName>(
  rollout: Asked,
  at: At,
): Promise<RolloutStatus & { readonly phase: Phase & { readonly at: At } }> {
  const status = await until(
    () => statusOf(rollout),
    ({ phase }) => phase.at === at,
  );
  return status as never;
}

/** Waits until the rollout knows its place in the queue. */
export async function queued(
  rollout: Asked,
  holds: (place: QueuePlace) => boolean = () => true,
): Promise<QueuePlace> {
  const place = async (): Promise<QueuePlace | undefined> => {
    const { phase } = await statusOf(rollout);
    return phase.at === 'queued' ? phase.place : undefined;
  };
  return (await until(place, (known) => known !== undefined && holds(known))) as QueuePlace;
}

/** The words of the Web UI about a workflow that runs. */
export async function detailsOf(workflow: Asked): Promise<string> {
  const { currentDetails } = await answerTo(() =>
    workflow.query<{ currentDetails: string }>('__temporal_workflow_metadata'),
  );
  return currentDetails;
}

/** What a workflow failed with. */
export const failureOf = async (result: Promise<unknown>): Promise<Error | undefined> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowFailedError)) throw new Error(`did not fail: ${String(error)}`);
  return error.cause;
};
