import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
} from '@temporalio/workflow';

/**
 * Runs an effect until it answers or `interrupted` becomes true, in which case it is cancelled and the answer is undefined.
 * An effect that answers all the same, because it can no longer be stopped, is heard.
 */
export async function interruptible<T>(
  run: () => Promise<T>,
  interrupted: () => boolean,
): Promise<T | undefined> {
  if (interrupted()) return undefined;
  const work = new CancellationScope();
  const watch = new CancellationScope();
  // Where the workflow itself is cancelled the watch ends at once, and the effect later: nobody waits for the watch until then, and
  // a rejection that nobody hears fails the task, over and over.
  const watching = watch
    .run(async () => {
      await condition(interrupted);
      work.cancel();
    })
    .catch(() => undefined);
  try {
    return await work.run(run);
  } catch (error) {
    if (interrupted() && (isCancellation(error) || isNotTriedAgain(error))) return undefined;
    throw error;
  } finally {
    watch.cancel();
    await watching;
  }
}

/** The server tries nothing again that is to be stopped: whatever befell the last attempt, it would have been tried again. */
function isNotTriedAgain(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || error.retryState !== 'CANCEL_REQUESTED') return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable);
}
