import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** How a rollout failed: the kind, and what people are told. */
export async function failureOf(
  rollout: WorkflowHandle,
): Promise<{ type: string; message: string }> {
  const error: unknown = await rollout.result().catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowFailedError)) throw new Error(`it did not fail: ${String(error)}`);
  const { cause } = error;
  const type = cause instanceof ApplicationFailure ? cause.type : cause?.name;
  return { type: type ?? '', message: cause?.message ?? '' };
}
