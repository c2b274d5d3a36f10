import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ANNOTATION, writeAttempts } from '../domain/node-contract.ts';
import { planRollout } from './plan.ts';
import { RECORD, recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const onStage = (facts: Partial<FakeNode> = {}, pool: object = {}) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', facts);
  return { stage, plan: (input: unknown = { node: 'n1' }) => stage.run(planRollout, input) };
};

describe('planRollout', () => {
  test("needs nothing but the node's name", async () => {
    expect(await onStage().plan()).toEqual({
      request: { node: 'n1', skip: [], evenIfNotRequired: false },
      pool: 'workers',
      recovery: { at: 'start' },
      searchAttributes: true,
    });
  });

  test.each<{ name: string; input: unknown; message: string }>([
    {
      name: 'a typing error',
      input: { node: 'n1', skipp: ['hold'] },
      message: 'the input is refused: input: Unrecognized key: "skipp"',
    },
    {
      name: 'a bare name',
      input: 'n1',
      message: 'the input is refused: input: write an object, such as {"node": "worker-7"}',
    },
  ])('G9: fails at once on $name, with path and rule and no stack', async ({ input, message }) => {
    await expect(onStage().plan(input)).rejects.toMatchObject({
      type: 'bad-input',
      nonRetryable: true,
      message,
      stack: '',
    });
  });

  test('fails at once on a node that does not exist', async () => {
    await expect(onStage().plan({ node: 'n9' })).rejects.toMatchObject({
      type: 'no-such-node',
      nonRetryable: true,
      message: 'there is no node n9; see kubectl get nodes',
    });
  });

  test('G6: brings a node back that was left behind, although it is in no pool any more', async () => {
    const { plan } = onStage({ labels: {}, annotations: recorded(), unschedulable: true });
    const planned = await plan();
    expect(planned.recovery).toMatchObject({ at: 'undo', record: RECORD });
    expect(planned).not.toHaveProperty('pool');
  });

  describe('G8: after a rollout that ended early', () => {
    const MINUTE = 60_000;
    const atMs = Date.parse('2026-11-23T22:00:00Z');
    const ENDED = { because: 'it was aborted by ann', atMs };
    const BY_SCAN = { node: 'n1', requestedBy: 'fleet-scan' };
    const FAILED = writeAttempts({
      reboots: [],
      failed: { count: 1, lastAtMs: atMs, because: 'x' },
    });
    beforeEach(() => {
      jest.useFakeTimers({ now: atMs + 9 * MINUTE });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    test('one of the scan rests for ten minutes, and says why', async () => {
      const { stage, plan } = onStage();
      stage.temporal.earlyEnd = ENDED;
      expect((await plan(BY_SCAN)).rest).toEqual({
        untilMs: atMs + 10 * MINUTE,
        because:
          'the rollout before ended at 2026-11-23T22:00:00.000Z, next try after 2026-11-23T22:10:00.000Z: it was aborted by ann',
      });
    });

    test.each<{ name: string; input?: object; node?: Partial<FakeNode>; afterMs?: number }>([
      { name: 'that a person has started', input: { node: 'n1', requestedBy: 'ann' } },
      { name: 'of a node that was left in the middle', node: { annotations: recorded() } },
      {
        name: 'of a node that remembers its failed tries, and rests by those',
        node: { annotations: { [ANNOTATION.attempts]: FAILED ?? '' } },
      },
      { name: 'later than that', afterMs: 2 * MINUTE },
    ])('but not one $name', async ({ input = BY_SCAN, node, afterMs = 0 }) => {
      const { stage, plan } = onStage(node);
      stage.temporal.earlyEnd = ENDED;
      jest.advanceTimersByTime(afterMs);
      expect(await plan(input)).not.toHaveProperty('rest');
    });
  });

  describe('G6: of a record that it finds on its node', () => {
    const pool = { labels: { before: { state: 'away' }, after: { seen: 'yes' } } };
    const labels = {
      state: { found: 'here', set: 'away' },
      seen: { found: null, set: 'yes' },
      'node-restriction.kubernetes.io/tenant': { found: 'a', set: 'b' },
    };
    const left = { annotations: recorded({ labels, cordonedByUs: true }), unschedulable: true };

    test("believes no labels but those of the pool's policy", async () => {
      const { recovery } = await onStage(left, pool).plan();
      const { state, seen } = labels;
      expect(recovery).toMatchObject({ record: { labels: { state, seen }, cordonedByUs: true } });
      expect(Object.keys(recovery.at === 'undo' ? (recovery.record.labels ?? {}) : {})).toEqual([
        'state',
        'seen',
      ]);
    });

    test('believes none where the policy has none', async () => {
      const { recovery } = await onStage(left).plan();
      expect(recovery).toMatchObject({
        record: expect.not.objectContaining({ labels: expect.anything() }),
      });
    });

    test('believes the run that has written it, where that is known', async () => {
      const { stage, plan } = onStage(left, pool);
      const known = { ...RECORD, cordonedByUs: false };
      stage.temporal.records.set(`${RECORD.workflowId}/${RECORD.runId}`, known);
      expect((await plan()).recovery).toMatchObject({
        at: 'undo',
        record: { cordonedByUs: false },
      });
    });

    test('believes its cordon where the run has ended before it knew of it', async () => {
      const { stage, plan } = onStage(left, pool);
      stage.temporal.records.set(`${RECORD.workflowId}/${RECORD.runId}`, null);
      expect((await plan()).recovery).toMatchObject({ record: { cordonedByUs: true } });
    });

    test('takes it for one of the Node that bears it, which a person has made anew from a copy', async () => {
      const copy = { ...left, annotations: recorded({ nodeUid: 'before' }), uid: 'now' };
      const { stage, plan } = onStage(copy);
      expect((await plan()).recovery).toMatchObject({ record: { nodeUid: 'now' } });
      const known = { ...RECORD, nodeUid: 'before' };
      stage.temporal.records.set(`${RECORD.workflowId}/${RECORD.runId}`, known);
      expect((await plan()).recovery).toMatchObject({ record: { nodeUid: 'now' } });
    });
  });

  test('G7: goes on to the return of a node that has rebooted', async () => {
    const { plan } = onStage({ annotations: recorded(), bootId: 'boot-2' });
    expect(await plan()).toMatchObject({ pool: 'workers', recovery: { at: 'return' } });
  });

  test('leaves a node to another rollout that runs, and takes it over from one that does not', async () => {
    const { plan, stage } = onStage({ annotations: recorded({ workflowId: 'by-hand' }) });
    stage.temporal.running.add('by-hand');
    expect((await plan()).recovery).toEqual({ at: 'start' });
    stage.temporal.running.clear();
    expect((await plan()).recovery).toMatchObject({ at: 'undo' });
  });
});
