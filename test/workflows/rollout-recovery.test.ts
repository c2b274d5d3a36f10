import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import { openRealStage, RECORD, World } from './stage.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openRealStage();
});
afterAll(async () => {
  await env.teardown();
});

const inA = (changes: Partial<Activities>): World => new World(env, changes);

describe('a rollout that starts on a node left in the middle', () => {
  test('past the point of no return: only finishes the return, with a permit claimed', async () => {
    const world = inA({
      planRollout: async () => ({
        request: { node: 'n1', skip: [], evenIfNotRequired: false },
        pool: 'workers',
        recovery: { at: 'return', record: RECORD, because: 'the agent has accepted the order' },
        searchAttributes: false,
      }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.steps).toEqual(['planRollout', 'requestPermit', 'awaitReturn', 'restoreNode']);
  });

  test('before it: undoes first and starts from the gates', async () => {
    const world = inA({
      planRollout: async () => ({
        request: { node: 'n1', skip: [], evenIfNotRequired: false },
        pool: 'workers',
        recovery: { at: 'undo', record: RECORD, because: 'a former run was interrupted' },
        searchAttributes: false,
      }),
    });
    const result = await world.run(async () => (await world.start()).result());
    expect(result.outcome).toBe('rebooted');
    expect(world.steps.slice(0, 3)).toEqual(['planRollout', 'undoNode', 'passGates']);
    expect(world.calls.filter((name) => name === 'cordonNode')).toHaveLength(1);
  });
});
