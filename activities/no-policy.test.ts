import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeOrder } from '../domain/node-contract.ts';
import { NO_POLICY } from '../domain/policy.ts';
import { createActivities, type Activities } from './index.ts';
import { RECORD, recorded } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

/** A worker that has started with a bad policy file. */
const onStage = () => {
  const stage = new Stage();
  const policy = { current: () => NO_POLICY, hash: 'none', problems: ['policy.yaml:1 pools: x'] };
  const acts = createActivities({ ...stage.deps, policy });
  const run = <T>(work: (acts: Activities) => Promise<T>): Promise<T> =>
    stage.environment.run(() => work(acts));
  return { stage, run };
};

const gate = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
const reason = { why: 'wait', because: 'no room' } as const;
const known = { kind: 'waiting', place: 1, of: 1, behind: [], ...reason } as const;
const word = { pool: 'workers', by: 'ana', reason: 'x', atMs: 0 };

describe('G9: where no policy is in force,', () => {
  test.each<[string, (acts: Activities) => Promise<unknown>]>([
    ['passGates', (acts) => acts.passGates({ ...gate, known: [] })],
    ['awaitTurn', (acts) => acts.awaitTurn({ node: 'n1', pool: 'workers', known })],
    ['cordonNode', (acts) => acts.cordonNode({ ...gate, grantId: 'g' })],
    ['drainNode', (acts) => acts.drainNode({ ...gate, startedAtMs: 0, cordonedAtMs: 0 })],
    ['orderReboot', (acts) => acts.orderReboot(gate)],
    ['admitNext', (acts) => acts.admitNext({ pool: 'workers', candidates: [], permits: [] })],
    ['excuseTroubles', (acts) => acts.excuseTroubles(word)],
    [
      'deliver',
      (acts) =>
        acts.deliver({
          receiver: 'ops',
          notice: { id: '1', event: 'returned', atMs: 0, node: 'n1' },
        }),
    ],
  ])('%s waits, says why, and touches nothing', async (_, work) => {
    const { stage, run } = onStage();
    stage.nodes.add('n1', { annotations: recorded(), unschedulable: true });
    await expect(run(work)).rejects.toMatchObject({
      message: 'no policy is in force: policy.yaml:1 pools: x',
      nonRetryable: false,
      category: 'BENIGN',
    });
    expect(stage.nodes.updates).toEqual([]);
    expect(stage.messenger.sent).toEqual([]);
  });

  test('a node that has come back is handed back', async () => {
    const { stage, run } = onStage();
    stage.nodes.add('n1', { annotations: recorded(), unschedulable: true, bootId: 'boot-2' });
    const plan = await run((acts) => acts.planRollout({ node: 'n1' }));
    expect(plan).toMatchObject({ recovery: { at: 'return' } });
    const asked = { node: 'n1', record: RECORD, stillRequired: false };
    expect(await run((acts) => acts.restoreNode(asked))).toEqual({ kind: 'restored' });
    expect(stage.nodes.at('n1').unschedulable).toBe(false);
  });

  test('G6: an order that is there already is known, so that its reboot is waited for', async () => {
    const { stage, run } = onStage();
    const order = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: 1_000 };
    stage.nodes.add('n1', {
      annotations: { ...recorded(), [ANNOTATION.order]: writeOrder(order) },
      unschedulable: true,
    });
    expect(await run((acts) => acts.orderReboot(gate))).toMatchObject({ kind: 'ordered', order });
  });

  test('a node that was left before its order is handed back too', async () => {
    const { stage, run } = onStage();
    stage.nodes.add('n1', { annotations: recorded(), unschedulable: true });
    const undo = { node: 'n1', record: RECORD, why: 'over', because: 'x', trouble: false } as const;
    expect(await run((acts) => acts.undoNode(undo))).toMatchObject({ kind: 'undone' });
    expect(stage.nodes.at('n1').unschedulable).toBe(false);
  });

  test('no node is begun with, and the reason is not its labels', async () => {
    const { stage, run } = onStage();
    stage.nodes.add('n1');
    await expect(run((acts) => acts.planRollout({ node: 'n1' }))).rejects.toMatchObject({
      type: 'no-pool',
      message: 'node n1 is left alone: no policy is in force',
    });
  });

  test('a scan takes up what was left behind and no more, and the scans after it know what was before', async () => {
    const { stage, run } = onStage();
    stage.nodes.add('n1').add('n2', { annotations: recorded(), unschedulable: true });
    stage.temporal.running.add('node-rollout/n3');
    const notified = [{ node: 'n3', event: 'overdue', sinceMs: 1 }] as const;
    const scan = await run((acts) =>
      acts.scanFleet({ formerPolicy: 'hash-1', notified: [...notified] as never }),
    );
    expect(scan).toMatchObject({
      started: ['n2'],
      policy: 'hash-1',
      noPolicy: true,
      refused: ['policy.yaml:1 pools: x'],
      notified,
    });
  });
});
