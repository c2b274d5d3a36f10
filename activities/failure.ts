import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { FAILURES, type FailureKind } from '../domain/failures.ts';
import { present } from '../domain/present.ts';

/** A failure of a known kind. Whether Temporal retries it is decided by the kind alone. */
export function failure(kind: FailureKind, message: string, cause?: unknown): ApplicationFailure {
  return inWords(
    ApplicationFailure.create({
      type: kind,
      message,
      nonRetryable: !FAILURES[kind].retry,
      ...present({ cause: cause instanceof Error ? cause : undefined }),
    }),
  );
}

/**
 * Something expected to wait for: retried after `pollAgainMs`, or by the activity's own back-off without it; quiet in logs and
 * metrics, its message shown in the Web UI.
 */
export function notYet(
  kind: 'gate-closed' | 'no-room' | 'not-delivered',
  because: string,
  pollAgainMs: number | undefined,
): ApplicationFailure {
  return inWords(
    ApplicationFailure.create({
      type: kind,
      message: because,
      category: ApplicationFailureCategory.BENIGN,
      ...present({ nextRetryDelay: pollAgainMs }),
    }),
  );
}

/** Kind and message say all there is to know: in the Web UI and the CLI a stack of our files would bury them. */
function inWords(known: ApplicationFailure): ApplicationFailure {
  known.stack = '';
  return known;
}

/** The kind of a failure made here, or undefined for any other error. */
export function kindOf(error: unknown): FailureKind | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  return (Object.keys(FAILURES) as FailureKind[]).find((kind) => kind === error.type);
}
