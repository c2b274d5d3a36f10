import { describe, expect, test } from '@jest/globals';
import { Stage } from './testing/stage.ts';
import { watchPool, type PoolQuestion } from './watch-pool.ts';

const WAITER = { workflowId: 'node-rollout/n1', runId: 'run-1', node: 'n1' };
const HOLDER = {
  workflowId: 'node-rollout/n2',
  runId: 'run-2',
  node: 'n2',
  grantId: 'workers-1',
  sinceMs: 1,
};
const ASKED: PoolQuestion = { pool: 'workers', line: [WAITER], holders: [], troubles: [] };

const onStage = (pool: object = {}) => {
  const stage = new Stage(pool);
  stage.nodes
    .add('n1')
    .add('n2')
    .add('m1', { labels: { pool: 'masters' }, ready: false });
  stage.temporal.running.add(HOLDER.workflowId).add(WAITER.workflowId);
  return {
    stage,
    nodes: stage.nodes,
    watch: (over: Partial<PoolQuestion> = {}) => stage.run(watchPool, { ...ASKED, ...over }),
  };
};

describe('watchPool', () => {
  test("G1: it is the first one's turn when the pool's own nodes are in service, whatever other pools are like", async () => {
    expect(await onStage().watch()).toMatchObject({
      turn: { kind: 'grant', workflowId: 'node-rollout/n1' },
    });
  });

  test('names the policy that it has followed', async () => {
    const { watch, nodes, stage } = onStage();
    expect(await watch()).toMatchObject({ turn: { kind: 'grant', policy: 'policy-1' } });
    stage.changePolicy({}, 'policy-2');
    nodes.change('n2', { ready: false });
    expect(await watch()).toMatchObject({ turn: { kind: 'wait', policy: 'policy-2' } });
  });

  test("G1: it is nobody's turn when a node of the pool is out of service already", async () => {
    const { watch, nodes, stage } = onStage();
    nodes.change('n2', { ready: false });
    expect(await watch()).toMatchObject({
      turn: { kind: 'wait', because: '1 of at most 1 out of service: n2 is NotReady' },
    });
    expect(stage.logged).toEqual(['lock waits']);
  });

  test("G1: it is nobody's turn while another has the permit", async () => {
    expect(await onStage().watch({ holders: [HOLDER] })).toMatchObject({ turn: { kind: 'wait' } });
  });

  test("G1: it is nobody's turn when the nodes cannot be counted", async () => {
    const { watch, nodes } = onStage();
    nodes.list = async () => {
      throw new Error('the API server is away');
    };
    await expect(watch()).rejects.toThrow('the API server is away');
  });

  test("G8: while nothing changes it says why it is nobody's turn, and looks again", async () => {
    const { watch, nodes } = onStage();
    nodes.change('n2', { unschedulable: true });
    const known = '1 of at most 1 out of service: n2 is cordoned';
    await expect(watch({ known })).rejects.toMatchObject({
      type: 'no-room',
      message: known,
      nextRetryDelay: 60_000,
      nonRetryable: false,
    });
  });

  test("answers when it is nobody's turn for another reason than was known", async () => {
    const { watch, nodes } = onStage();
    nodes.change('n2', { unschedulable: true });
    expect(await watch({ known: 'another reason' })).toMatchObject({ turn: { kind: 'wait' } });
  });

  test('grants nothing in a pool that is in the policy no more, and waits for it to be back', async () => {
    const because = 'pool former is not in the policy';
    expect(await onStage().watch({ pool: 'former' })).toMatchObject({
      turn: { kind: 'wait', because },
    });
    await expect(onStage().watch({ pool: 'former', known: because })).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
    });
  });

  test('counts the cluster no more often than anything is looked at, and asks for the holders in between', async () => {
    const known = '1 of at most 1 out of service: n2 has a permit';
    const looks = [];
    for (const attempt of [1, 2, 3, 4]) {
      const stage = new Stage({}, { attempt });
      stage.nodes.add('n1').add('n2');
      stage.temporal.running.add(HOLDER.workflowId).add(WAITER.workflowId);
      let lists = 0;
      const list = stage.nodes.list.bind(stage.nodes);
      stage.nodes.list = (selector) => {
        lists += 1;
        return list(selector);
      };
      const asked = { ...ASKED, holders: [HOLDER], known };
      await expect(stage.run(watchPool, asked)).rejects.toMatchObject({
        message: known,
        nextRetryDelay: 20_000,
      });
      looks.push(lists);
    }
    expect(looks).toEqual([1, 0, 0, 1]);
  });

  test('notices between two counts that a holder has ended', async () => {
    const stage = new Stage({}, { attempt: 2 });
    const asked = { ...ASKED, line: [], holders: [HOLDER] };
    expect(await stage.run(watchPool, asked)).toEqual({ ended: ['run-2'], free: [], well: [] });
  });
});
