import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { EncryptionCodec } from '../../worker/encryption/codec.ts';

/**
 * Replays histories in a process of its own, because the SDK's reader of JSON histories does not work inside Jest's module
 * registry: `replay-main.ts BUNDLE plain|encrypted HISTORY…` prints a JSON object of what went wrong with each, null where it
 * replayed. `encrypted`: as a worker with keys replays what one without them has begun.
 */
const [codePath = '', how = '', ...paths] = process.argv.slice(2);
const FAILURES = new URL('../../worker/encryption/failure-converter.ts', import.meta.url);

Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  // Or the core writes its own lines to stdout.
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
});
const options: ReplayWorkerOptions = {
  workflowBundle: { codePath },
  ...(how === 'encrypted' && { dataConverter: encrypting() }),
};
const results: Record<string, string | null> = {};
for (const path of paths) {
  const history: unknown = JSON.parse(readFileSync(path, 'utf8'));
  results[path] = await Worker.runReplayHistory(options, history).then(
    () => null,
    (error: unknown) => String(error),
  );
}
process.stdout.write(JSON.stringify(results));
process.exit(0);

function encrypting(): NonNullable<ReplayWorkerOptions['dataConverter']> {
  const key = { id: 'replay', secret: randomBytes(32) };
  const codec = new EncryptionCodec({ current: () => key, of: () => key });
  return { payloadCodecs: [codec], failureConverterPath: fileURLToPath(FAILURES) };
}
