import { ensureTool } from '../../lab/tools/ensure.ts';

/** Makes sure of Temporal's time-skipping test server; tests find its path in LOCKKEEPER_TEST_SERVER. */
export default async function setup(): Promise<void> {
  process.env['LOCKKEEPER_TEST_SERVER'] = await ensureTool('temporalTestServer', {
    log: (line) => console.error(`[tools] ${line}`),
    signal: new AbortController().signal,
  });
}
