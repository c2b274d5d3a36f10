/** So often the event loop is let in, for it to tell of rejections that nobody handles. */
const LET_IN_EVERY = 1_000;
let count = 0;

/**
 * Lets what was begun go on until it waits for time to pass or for somebody else: all microtasks have run by then. A tick of
 * its own comes only after the last of them, and costs far less than a turn of the event loop.
 */
export function settle(): Promise<void> {
  count += 1;
  return new Promise((resolve) => {
    if (count % LET_IN_EVERY === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
