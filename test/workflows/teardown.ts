/** Nothing outlives the workflow tests: each ends the test server it started. */
export default function teardown(): void {
  delete process.env['LOCKKEEPER_TEST_SERVER'];
}
