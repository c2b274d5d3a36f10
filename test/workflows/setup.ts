import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../lab/bundle.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';

/**
 * Makes sure of Temporal's time-skipping test server and bundles the workflows once; tests find the paths in
 * LOCKKEEPER_TEST_SERVER and LOCKKEEPER_TEST_BUNDLE.
 */
export default async function setup(): Promise<void> {
  const { signal } = new AbortController();
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-workflows-'));
  const log = (line: string): void => console.error(`[tools] ${line}`);
  const [server, bundle] = await Promise.all([
    ensureTool('temporalTestServer', { log, signal }),
    bundleWorkflows(dir, signal),
  ]);
  process.env['LOCKKEEPER_TEST_SERVER'] = server;
  process.env['LOCKKEEPER_TEST_BUNDLE'] = bundle;
}
