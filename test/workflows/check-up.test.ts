import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import type { CheckUp } from '../../activities/check-up.ts';
import { pollersOf } from '../../cli/doctor/pollers.ts';
import { TASK_QUEUE } from '../../domain/names.ts';
import type { checkUp } from '../../workflows/index.ts';
import { until } from '../ask.ts';
import { aStage, openRealStage } from './servers.ts';
import { World } from './world.ts';

const stage = aStage(openRealStage);

const SEEN: CheckUp = {
  worker: 'lockkeeper@pod-1/1',
  atMs: 7,
  policy: 'policy-1',
  reached: [{ kind: 'receiver', where: 'ops', because: 'connect ECONNREFUSED' }],
};

const start = (world: World) =>
  world.client.workflow.start<typeof checkUp>('checkUp', {
    workflowId: 'doctor/1',
    taskQueue: TASK_QUEUE,
  });

test('a check-up answers what its worker has seen', async () => {
  const world = new World(stage.env, { checkUp: async () => SEEN });
  await world.run(async () => {
    const run = await start(world);
    expect(await run.result()).toEqual(SEEN);
    expect(world.calls).toEqual(['checkUp']);
    await world.record('check-up', run);
  });
});

test('one that fails is not tried again: who has asked for it waits', async () => {
  const world = new World(stage.env, {
    checkUp: () => Promise.reject(new Error('out of order')),
  });
  await world.run(async () => {
    const run = await start(world);
    await expect(run.result()).rejects.toMatchObject({
      cause: { cause: { message: 'out of order' } },
    });
    expect(world.calls).toEqual(['checkUp']);
  });
});

test('who polls is known for as long as it does', async () => {
  const world = new World(stage.env);
  const { client } = world;
  await world.run(async () => {
    const { workflows } = await until(
      () => pollersOf(client, Date.now()),
      (polling) => polling.workflows.length > 0 && polling.activities.length > 0,
    );
    expect(workflows.map(({ identity }) => identity)).toContain(`${process.pid}@${hostname()}`);
  });
  const later = Date.now() + 10 * 60_000;
  expect(await pollersOf(client, later)).toEqual({ workflows: [], activities: [], given: [] });
});
