import { expect, test } from '@jest/globals';
import { remind } from './remind.ts';
import { Stage } from './testing/stage.ts';

test('G8: a reminder stands on the Events of the node and in the log', async () => {
  const stage = new Stage();
  stage.nodes.add('n1');
  const because = 'paused by ann: lunch, since 2026-11-23T12:00:00.000Z';
  await stage.run(remind, { node: 'n1', because });
  expect(stage.nodes.events).toEqual([`n1 Warning StillPaused: ${because}`]);
  expect(stage.logged).toEqual(['still paused']);
});
