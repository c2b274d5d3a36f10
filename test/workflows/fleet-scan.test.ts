import { expect, test } from '@jest/globals';
import type { Scan } from '../../activities/scan.ts';
import { TASK_QUEUE } from '../../domain/names.ts';
import type { fleetScan } from '../../workflows/index.ts';
import { aStage, openRealStage } from './servers.ts';
import { World } from './world.ts';

const stage = aStage(openRealStage);

test('a scan of the fleet knows nothing of one before the first, and answers what it has seen', async () => {
  const asked: object[] = [];
  const seen: Scan = {
    nodes: 3,
    started: ['n1'],
    unmanaged: [],
    policy: 'policy-1',
    atMs: 7,
  };
  const world = new World(stage.env, {
    scanFleet: async (question) => {
      asked.push(question);
      return seen;
    },
  });
  await world.run(async () => {
    const scan = await world.client.workflow.start<typeof fleetScan>('fleetScan', {
      workflowId: 'fleet-scan-1',
      taskQueue: TASK_QUEUE,
    });
    expect(await scan.result()).toEqual(seen);
    expect(asked).toEqual([{}]);
    await world.record('fleet-scan', scan);
  });
});
