import { writeSync } from 'node:fs';

/** Loaded before Jest by test/lane.ts: says with which exit code it ends, as the last thing that JavaScript does. */
process.once('beforeExit', () => {
  // As late as this, so that it hears what everybody else makes of the code when the process ends.
  process.on('exit', () => {
    writeSync(1, `process ${process.pid} ends with exit code ${process.exitCode ?? 0}\n`);
  });
});
