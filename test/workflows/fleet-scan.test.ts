import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Scan } from '../../activities/scan.ts';
import { TASK_QUEUE } from '../../domain/names.ts';
import type { fleetScan } from '../../workflows/index.ts';
import { openRealStage, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

test('a scan of the fleet knows nothing of one before the first, and answers what it has seen', async () => {
  const asked: object[] = [];
  const seen: Scan = {
    nodes: 3,
    started: ['n1'],
    unmanaged: [],
    healed: [],
    policy: 'policy-1',
    atMs: 7,
  };
  const world = new World(env, {
    scanFleet: async (question) => {
      asked.push(question);
      return seen;
    },
  });
  await world.run(async () => {
    const scan = await env.client.workflow.start<typeof fleetScan>('fleetScan', {
      workflowId: 'fleet-scan-1',
      taskQueue: TASK_QUEUE,
    });
    expect(await scan.result()).toEqual(seen);
    expect(asked).toEqual([{}]);
    await world.record('fleet-scan', scan.workflowId);
  });
});
