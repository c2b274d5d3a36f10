import { describe, expect, test } from '@jest/globals';
import { aPod } from '../../domain/a-pod.fixture.ts';
import type { AlertObservation } from '../../domain/gates/alert-samples.ts';
import { OUTSIDE_GATES } from '../../domain/gates/outside-gates.ts';
import { ANNOTATION } from '../../domain/node-contract.ts';
import { cordonNode } from '../cordon.ts';
import { createActivities } from '../index.ts';
import { orderReboot } from '../order.ts';
import { RECORD, recorded, type FakeNode } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';
import { evaluateGates } from './pass-gates.ts';

const PROMETHEUS = 'http://prometheus:9090';
const OTHER = 'http://other:9090';
const GATES = {
  alerts: [{ prometheus: PROMETHEUS }, { prometheus: OTHER }],
  blockingPods: ['app=db'],
  jobs: ['app=backup'],
  kuredLock: {},
};
const ASKED = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };

/** The budget of db-0. */
const NEVER = {
  metadata: { namespace: 'shop', name: 'never' },
  spec: { selector: { matchLabels: { app: 'db' } } },
  status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
};

const onStage = (facts: Partial<FakeNode> = {}) => {
  const stage = new Stage({ gates: GATES });
  stage.nodes.add('n1', facts);
  return stage;
};
const closeAll = (stage: Stage) => {
  stage.alerts.observations.set(PROMETHEUS, {
    where: PROMETHEUS,
    kind: 'alerts',
    firing: ['NodeDown'],
    pending: [],
  });
  stage.alerts.observations.set(OTHER, { where: OTHER, kind: 'unknown', because: 'it is away' });
  stage.pods.pods = [aPod('db-0', { labels: { app: 'db' }, ready: true })];
  stage.objects.answers.set('poddisruptionbudgets', { kind: 'found', objects: [NEVER] });
  stage.objects.answers.set('jobs', {
    kind: 'found',
    objects: [
      {
        metadata: { namespace: 'ops', name: 'backup', creationTimestamp: '2026-11-23T21:00:00Z' },
        spec: {},
      },
    ],
  });
  const annotations = { 'weave.works/kured-node-lock': '{"nodeID":"n9"}' };
  stage.objects.answers.set('daemonsets', {
    kind: 'found',
    objects: [{ metadata: { annotations } }],
  });
};
const CLOSED = [
  {
    gate: 'alerts',
    because: `NodeDown firing (${PROMETHEUS}); ${OTHER} cannot be asked: it is away`,
  },
  { gate: 'blockingPods', because: 'on the node: shop/db-0' },
  {
    gate: 'budgets',
    because: 'shop/db-0 could never be evicted: disruption budget never needs all of its pods',
  },
  { gate: 'jobs', because: 'running: ops/backup since 2026-11-23T21:00:00Z' },
  { gate: 'kuredLock', because: 'the lock of kured (DaemonSet kube-system/kured) is held for n9' },
] as const;

const UNDO = { node: 'n1', record: RECORD, why: 'gate', because: 'x', trouble: false } as const;
const cordoned = { unschedulable: true, annotations: recorded() };
const hanging = new Promise<AlertObservation>(() => undefined);

describe('what is asked outside the node', () => {
  test('G8: gives every reason at once, beside those of the node', async () => {
    const stage = onStage({ annotations: { [ANNOTATION.hold]: 'disk' } });
    closeAll(stage);
    expect(await stage.run(evaluateGates, ASKED)).toMatchObject({
      kind: 'closed',
      closed: [{ gate: 'hold', because: 'held: disk' }, ...CLOSED],
    });
  });

  test('is every gate outside the node', () => {
    expect(CLOSED.map(({ gate }) => gate)).toEqual(Object.keys(OUTSIDE_GATES));
  });

  test('G11: nobody is asked for a gate that is skipped, so nobody waits for one that hangs', async () => {
    const stage = onStage();
    stage.alerts.observations.set(PROMETHEUS, hanging);
    stage.pods.list = () => Promise.reject(new Error('the pods are not asked for'));
    const skip = Object.keys(OUTSIDE_GATES);
    expect(await stage.run(evaluateGates, { ...ASKED, skip })).toMatchObject({ kind: 'open' });
    expect(stage.alerts.asked).toEqual([]);
    expect(stage.objects.asked).toEqual([]);
  });

  test('is the pods of the node once, however many gates want them', async () => {
    const stage = new Stage({
      gates: { blockingPods: ['app=db'], jobs: [{ selector: 'app=backup', where: 'node' }] },
    });
    stage.nodes.add('n1');
    let lists = 0;
    stage.pods.meanwhile.push(
      () => (lists += 1),
      () => (lists += 1),
    );
    await stage.run(evaluateGates, ASKED);
    expect(lists).toBe(1);
  });

  test('may be ten seconds old while a node waits', async () => {
    const stage = onStage();
    await stage.run(evaluateGates, ASKED);
    expect(stage.alerts.asked).toEqual([
      { url: PROMETHEUS, maxAgeMs: 10_000 },
      { url: OTHER, maxAgeMs: 10_000 },
    ]);
    expect(stage.objects.asked).toMatchObject([
      { resource: 'poddisruptionbudgets', maxAgeMs: 10_000 },
      { resource: 'jobs', maxAgeMs: 10_000 },
      { resource: 'daemonsets', maxAgeMs: 10_000 },
    ]);
  });

  test('G2: is fresh before the cordon and before the order', async () => {
    const stage = onStage();
    await stage.run(cordonNode, { ...ASKED, grantId: 'g1' });
    await stage.run(orderReboot, ASKED);
    const asked = [...stage.alerts.asked, ...stage.objects.asked];
    // Disruption budgets only before the cordon: after the drain they say nothing more.
    expect(asked.map(({ maxAgeMs }) => maxAgeMs)).toEqual(Array.from({ length: 9 }, () => 2_000));
    expect(stage.nodes.at('n1').annotations[ANNOTATION.order]).toBeDefined();
  });

  test('G2: keeps a node from being cordoned', async () => {
    const stage = onStage();
    closeAll(stage);
    expect(await stage.run(cordonNode, { ...ASKED, grantId: 'g1' })).toMatchObject({
      kind: 'closed',
      because: expect.stringContaining('alerts: NodeDown firing'),
    });
    expect(stage.nodes.at('n1').unschedulable).toBe(false);
  });

  test('G2: keeps an order from being written', async () => {
    const stage = onStage(cordoned);
    closeAll(stage);
    expect(await stage.run(orderReboot, ASKED)).toMatchObject({
      kind: 'closed',
      because: expect.stringContaining('kuredLock: the lock of kured'),
    });
    expect(stage.nodes.updates).toEqual([]);
  });

  test('is not waited for by an attempt that was given up', async () => {
    const stage = onStage(cordoned);
    stage.alerts.observations.set(PROMETHEUS, hanging);
    const ordering = stage.run(orderReboot, ASKED);
    stage.environment.cancel();
    await expect(ordering).rejects.toThrow('CANCELLED');
    expect(stage.nodes.updates).toEqual([]);
  });
});

const closedBy = async (pool: object, asked: object = {}, pod: object = {}) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1');
  stage.pods.pods = [aPod('db-0', { labels: { app: 'db' }, ready: true, ...pod })];
  stage.objects.answers.set('poddisruptionbudgets', { kind: 'found', objects: [NEVER] });
  const answer = await stage.run(evaluateGates, { ...ASKED, ...asked });
  return answer.kind === 'closed' ? answer.closed.map(({ gate }) => gate) : answer.kind;
};

describe('U8: a budget that can never let go of a pod', () => {
  test('keeps the node from being begun on', async () => {
    expect(await closedBy({})).toEqual(['budgets']);
  });

  test.each<[name: string, pool: object, pod: object]>([
    ['the policy ignores it', { gates: { budgets: 'ignore' } }, {}],
    ['the drain leaves the pod', { drain: { podSelector: 'app!=db' } }, {}],
    ['it belongs to a DaemonSet', {}, { owner: { kind: 'DaemonSet', name: 'db' } }],
    ['the deadline deletes what is left', { drain: { onTimeout: 'delete' } }, {}],
  ])('keeps nobody waiting where %s', async (_, pool, pod) => {
    expect(await closedBy(pool, {}, pod)).toBe('open');
  });

  test('is not asked for while the window is closed, but where that is skipped', async () => {
    expect(await closedBy({ windows: [] })).toEqual(['window']);
    expect(await closedBy({ windows: [] }, { skip: ['window'] })).toEqual(['budgets']);
  });
});

const hung = (facts: Partial<FakeNode>) => {
  const stage = onStage(facts);
  stage.alerts.observations.set(PROMETHEUS, hanging);
  return { stage, activities: createActivities(stage.deps) };
};

describe('G11: a Prometheus that hangs never delays', () => {
  test('the undo', async () => {
    const { stage, activities } = hung(cordoned);
    expect(await stage.environment.run(() => activities.undoNode(UNDO))).toEqual({
      kind: 'undone',
    });
    expect(stage.nodes.at('n1').unschedulable).toBe(false);
  });

  test('a drain that is under way', async () => {
    const { stage, activities } = hung(cordoned);
    const asked = { ...ASKED, startedAtMs: Date.now(), cordonedAtMs: 0 };
    await expect(stage.environment.run(() => activities.drainNode(asked))).resolves.toBeDefined();
    expect(stage.alerts.asked).toEqual([]);
  });

  test('the return and what hands the node back', async () => {
    const stage = new Stage({ gates: GATES, reboot: { stableFor: '0s' } });
    const heard = { wants: 'not-required', message: '', heardAtMs: Date.now() } as const;
    stage.nodes.add('n1', { ...cordoned, bootId: 'boot-2', report: heard });
    stage.alerts.observations.set(PROMETHEUS, hanging);
    const activities = createActivities(stage.deps);
    const asked = { node: 'n1', pool: 'workers', record: RECORD, orderedAtMs: 0 };
    const returned = await stage.environment.run(() =>
      activities.awaitReturn({ ...asked, daemonSets: [], lost: false }),
    );
    expect(returned).toMatchObject({ kind: 'returned', bootId: 'boot-2' });
    const restoring = { node: 'n1', record: RECORD, stillRequired: false };
    expect(await stage.environment.run(() => activities.restoreNode(restoring))).toEqual({
      kind: 'restored',
    });
    expect(stage.alerts.asked).toEqual([]);
  });
});

const acting = (facts: Partial<FakeNode>) => {
  const stage = onStage(facts);
  const activities = createActivities(stage.deps);
  return { stage, activities, run: <T>(act: () => Promise<T>) => stage.environment.run(act) };
};

describe('the silences of a node', () => {
  const KEEP = 'keep n1 of workers for node-rollout/n1';
  const END = 'end n1 for node-rollout/n1';
  test('begin with the cordon', async () => {
    const { stage, activities, run } = acting({});
    await run(() => activities.cordonNode({ ...ASKED, grantId: 'g1' }));
    expect(stage.silences.told).toEqual([KEEP]);
  });

  test('do not begin where nothing was cordoned', async () => {
    const { stage, activities, run } = acting({ annotations: { [ANNOTATION.hold]: 'disk' } });
    await run(() => activities.cordonNode({ ...ASKED, grantId: 'g1' }));
    expect(stage.silences.told).toEqual([]);
  });

  test('end when the node is handed back', async () => {
    const { stage, activities, run } = acting(cordoned);
    await run(() => activities.undoNode(UNDO));
    expect(stage.silences.told).toEqual([END]);
  });

  test('do not end when it is too late to hand it back', async () => {
    const { stage, activities, run } = acting({ ...cordoned, bootId: 'boot-2' });
    await run(() => activities.undoNode(UNDO));
    expect(stage.silences.told).toEqual([]);
  });

  test.each([
    ['are kept while a node is waited for', false, [KEEP]],
    ['are not kept for a node that is lost: people have to hear of it', true, []],
  ])('%s', async (_, lost, told) => {
    const { stage, activities, run } = acting({ ...cordoned });
    stage.nodes.remove('n1');
    const asked = { node: 'n1', pool: 'workers', record: RECORD, orderedAtMs: 0, daemonSets: [] };
    expect(await run(() => activities.awaitReturn({ ...asked, lost }))).toEqual({ kind: 'gone' });
    expect(stage.silences.told).toEqual(told);
  });
});
