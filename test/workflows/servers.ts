import { afterAll, beforeAll } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';

/** The servers of one test file, as `open` starts one: for all of its tests. */
export function aStage(open: () => Promise<TestWorkflowEnvironment>): {
  readonly env: TestWorkflowEnvironment;
} {
  let env: TestWorkflowEnvironment | undefined;
  beforeAll(async () => {
    env = await open();
  });
  afterAll(async () => {
    await env?.teardown();
  });
  return {
    get env() {
      if (!env) throw new Error('the server is not up yet');
      return env;
    },
  };
}

/** A server on which time is skipped; end it after the test file. */
export function openStage(): Promise<TestWorkflowEnvironment> {
  quiet();
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: from('TEST_SERVER') },
  });
}

/**
 * The real server, for what the time-skipping one gets wrong: it refuses a workflow task that cancels an activity which has
 * just completed (ACTIVITY_UNKNOWN), and the workflow then stands still.
 */
export function openRealStage(extraArgs: string[] = []): Promise<TestWorkflowEnvironment> {
  quiet();
  return TestWorkflowEnvironment.createLocal({
    server: { executable: from('TEMPORAL'), extraArgs },
  });
}

function from(name: string) {
  return { type: 'existing-path' as const, path: process.env[`LOCKKEEPER_${name}`] ?? '' };
}

function quiet(): void {
  Runtime.install({
    // A rollout that fails says so as an error, and here many fail on purpose.
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}
