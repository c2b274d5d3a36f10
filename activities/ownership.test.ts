import { expect, test } from '@jest/globals';
import { orderedBy, thisRun } from './ownership.ts';
import { Stage } from './testing/stage.ts';

test('an activity works for the run it was started by', async () => {
  const stage = new Stage({}, { workflowId: 'node-rollout/n7', runId: 'run-3' });
  const run = await stage.run(async () => thisRun(), undefined);
  expect(run).toEqual({ workflowId: 'node-rollout/n7', runId: 'run-3' });
  expect(orderedBy(run)).toBe('node-rollout/n7/run-3');
});
