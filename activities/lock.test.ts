import { expect, test } from '@jest/globals';
import { requestPermit } from './lock.ts';
import { Stage } from './testing/stage.ts';

test('requestPermit asks for this run, by name', async () => {
  const stage = new Stage();
  await stage.run(requestPermit, { pool: 'workers', node: 'n1', zone: 'a' });
  expect(stage.temporal.requests).toEqual([
    { pool: 'workers', workflowId: 'node-rollout/n1', runId: 'run-1', node: 'n1', zone: 'a' },
  ]);
});
