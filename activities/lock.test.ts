import { describe, expect, test } from '@jest/globals';
import { findRoom, requestPermit } from './lock.ts';
import { Stage } from './testing/stage.ts';

const ASKED = { pool: 'workers', candidate: 'n1', holders: [] };

const onStage = () => {
  const stage = new Stage();
  stage.nodes
    .add('n1')
    .add('n2')
    .add('m1', { labels: { pool: 'masters' }, ready: false });
  return {
    stage,
    nodes: stage.nodes,
    find: (over: object = {}) => stage.run(findRoom, { ...ASKED, ...over }),
  };
};

test('requestPermit asks for this run, by name', async () => {
  const stage = new Stage();
  await stage.run(requestPermit, { pool: 'workers', node: 'n1', holding: false });
  expect(stage.temporal.requests).toEqual([
    { pool: 'workers', workflowId: 'node-rollout/n1', runId: 'run-1', node: 'n1', holding: false },
  ]);
});

describe('findRoom', () => {
  test("finds room when the pool's own nodes are in service, whatever other pools are like", async () => {
    expect(await onStage().find()).toEqual({ room: true, budget: 1, out: [] });
  });

  test('G1: finds none when a node of the pool is out of service already', async () => {
    const { find, nodes, stage } = onStage();
    nodes.change('n2', { ready: false });
    expect(await find()).toMatchObject({
      room: false,
      because: '1 of at most 1 out of service: n2 is NotReady',
    });
    expect(stage.logged).toEqual(['lock waits']);
  });

  test('G1: finds none while another has the permit', async () => {
    expect(await onStage().find({ holders: ['n2'] })).toMatchObject({ room: false });
  });

  test('G1: finds none when the nodes cannot be counted', async () => {
    const { find, nodes } = onStage();
    nodes.list = async () => {
      throw new Error('the API server is away');
    };
    await expect(find()).rejects.toThrow('the API server is away');
  });

  test('G8: while nothing changes it says why there is no room, and looks again', async () => {
    const { find, nodes } = onStage();
    nodes.change('n2', { unschedulable: true });
    const known = '1 of at most 1 out of service: n2 is cordoned';
    await expect(find({ known })).rejects.toMatchObject({
      type: 'no-room',
      message: known,
      nextRetryDelay: 60_000,
      nonRetryable: false,
    });
  });

  test('answers when there is no room for another reason than was known', async () => {
    const { find, nodes } = onStage();
    nodes.change('n2', { unschedulable: true });
    expect(await find({ known: 'another reason' })).toMatchObject({ room: false });
  });

  test('has no room in a pool that is in the policy no more, and waits for it to be back', async () => {
    const because = 'pool former is not in the policy';
    expect(await onStage().find({ pool: 'former' })).toMatchObject({ room: false, because });
    await expect(onStage().find({ pool: 'former', known: because })).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
    });
  });
});
