import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../lab/bundle.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';

const log = (line: string): void => console.error(`[tools] ${line}`);

/**
 * Makes sure of Temporal's servers, the time-skipping one and the real one, and bundles the workflows once; tests find the
 * paths in LOCKKEEPER_TEST_SERVER, LOCKKEEPER_TEMPORAL and LOCKKEEPER_TEST_BUNDLE.
 */
export default async function setup(): Promise<void> {
  const { signal } = new AbortController();
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-workflows-'));
  const [server, temporal, bundle] = await Promise.all([
    ensureTool('temporalTestServer', { log, signal }),
    ensureTool('temporal', { log, signal }),
    bundleWorkflows(dir, signal),
  ]);
  process.env['LOCKKEEPER_TEST_SERVER'] = server;
  process.env['LOCKKEEPER_TEMPORAL'] = temporal;
  process.env['LOCKKEEPER_TEST_BUNDLE'] = bundle;
}
