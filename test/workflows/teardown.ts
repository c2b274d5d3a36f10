import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Nothing outlives the workflow tests: each ends the test server it started. */
export default async function teardown(): Promise<void> {
  const bundle = process.env['LOCKKEEPER_TEST_BUNDLE'];
  if (bundle) await rm(dirname(bundle), { recursive: true, force: true });
  delete process.env['LOCKKEEPER_TEST_SERVER'];
  delete process.env['LOCKKEEPER_TEMPORAL'];
  delete process.env['LOCKKEEPER_TEST_BUNDLE'];
}
