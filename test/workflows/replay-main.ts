import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

/**
 * Replays histories in a process of its own, because the SDK's reader of JSON histories does not work inside Jest's module
 * registry: `replay-main.ts BUNDLE HISTORY…` prints a JSON object of what went wrong with each, null where it replayed.
 */
const [codePath = '', ...paths] = process.argv.slice(2);
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  // Or the core writes its own lines to stdout.
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
});
const results: Record<string, string | null> = {};
for (const path of paths) {
  const history: unknown = JSON.parse(readFileSync(path, 'utf8'));
  results[basename(path)] = await Worker.runReplayHistory(
    { workflowBundle: { codePath } },
    history,
  ).then(
    () => null,
    (error: unknown) => String(error),
  );
}
process.stdout.write(JSON.stringify(results));
process.exit(0);
