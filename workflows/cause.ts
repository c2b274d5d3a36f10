import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/** The activity's own words say what happened; "Activity task failed" around them does not. */
export function causeOf(error: unknown): unknown {
  return error instanceof ActivityFailure && error.cause ? error.cause : error;
}

/** The kind of a failure made by an activity. */
export function typeOf(error: unknown): string | undefined {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}
