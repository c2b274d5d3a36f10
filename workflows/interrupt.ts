import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

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
  const watching = watch.run(async () => {
    await condition(interrupted);
    work.cancel();
  });
  try {
    return await work.run(run);
  } catch (error) {
    if (isCancellation(error) && interrupted()) return undefined;
    throw error;
  } finally {
    watch.cancel();
    await watching.catch(() => undefined);
  }
}
