import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { sayGate } from '../../domain/gates/names.ts';
import type { RolloutStatus } from '../../domain/status.ts';
import { call } from '../../lab/cluster/http.ts';
import {
  Monitoring,
  type RealPrometheus,
  type Rule,
  type Server,
} from '../integration/monitoring.ts';
import { until } from '../ask.ts';
import { closedGatesOf, RolloutScene } from './rollout-scene.ts';

/** Rollouts in the lab that wait for what is outside their node. */

const WATCHDOG: Rule = { alert: 'Watchdog', expr: 'vector(1)' };
const OUTAGE: Rule = { alert: 'ShopDown', expr: 'vector(1)' };
const REBOOT = { orderExpires: '30s', stableFor: '1s', perDay: 100 };
const DAEMON_SETS = '/apis/apps/v1/namespaces/kube-system/daemonsets';
const { signal } = new AbortController();

let monitoring: Monitoring;
let prometheus: RealPrometheus;
let alertmanager: Server;
let scene: RolloutScene;
beforeAll(async () => {
  monitoring = await Monitoring.open();
  alertmanager = await monitoring.alertmanager('alertmanager');
  prometheus = await monitoring.prometheus('prometheus', { rules: [WATCHDOG, OUTAGE] });
  const alerts = {
    prometheus: prometheus.url,
    ignore: '^Watchdog$',
    deadline: '2s',
    alertmanager: { url: alertmanager.url, silence: { labels: ['node'] } },
  };
  scene = await RolloutScene.open({
    nodes: 2,
    pools: {
      guarded: { gates: { alerts, blockingPods: ['app=batch'], kuredLock: {} } },
      // Time enough for an alert between the drain and the order.
      slow: { gates: { alerts }, reboot: { ...REBOOT, delay: '15s' } },
      watched: { gates: { alerts }, reboot: REBOOT },
      whole: { gates: {}, reboot: REBOOT },
    },
  });
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
  await monitoring.close();
});

const waitsFor = (status: RolloutStatus): string[] => closedGatesOf(status).map(sayGate);

const untilItWaitsFor = (rollout: WorkflowHandle, ...reasons: readonly string[]) =>
  until(
    async () => waitsFor(await scene.status(rollout)),
    (seen) => JSON.stringify(seen) === JSON.stringify(reasons),
  );

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;

const outage = (): string => `alerts: ShopDown firing (${prometheus.url})`;
const LOCK = 'kuredLock: the lock of kured (DaemonSet kube-system/kured)';
const BLOCKED = 'blockingPods: on the node: shop/batch';

async function startBatch(node: string): Promise<void> {
  await scene.lab.fleet.kube.post('/api/v1/namespaces/shop/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'batch', labels: { app: 'batch' } },
    spec: { nodeName: node, containers: [{ name: 'batch', image: 'registry.example/batch:1' }] },
  });
}

/** kured with its lock held for another node; it runs nowhere. */
async function bringKured(): Promise<void> {
  const lock = { nodeID: 'n9', metadata: { unschedulable: false }, created: '2026-11-24', TTL: 0 };
  const labels = { name: 'kured' };
  await scene.lab.fleet.kube.post(DAEMON_SETS, {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'kured',
      annotations: { 'weave.works/kured-node-lock': JSON.stringify(lock) },
    },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kured.example/never': 'true' },
          containers: [{ name: 'kured', image: 'registry.example/kured:1' }],
        },
      },
    },
  });
}

test('G8: a rollout says everything it waits for outside its node, as it changes, and goes on when all is over', async () => {
  const { kube } = scene.lab.fleet;
  const node = 'worker-1';
  await scene.moveTo('guarded', node);
  await startBatch(node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  const missing =
    'there is no such DaemonSet; take gates.kuredLock out of the policy once kured is gone';
  await untilItWaitsFor(rollout, outage(), BLOCKED, `${LOCK} cannot be read: ${missing}`);

  await bringKured();
  await untilItWaitsFor(rollout, outage(), BLOCKED, `${LOCK} is held for n9`);

  const annotations = { 'weave.works/kured-node-lock': null };
  await kube.patch(`${DAEMON_SETS}/kured`, 'merge', { metadata: { annotations } });
  await kube.delete('/api/v1/namespaces/shop/pods/batch?gracePeriodSeconds=0');
  await untilItWaitsFor(rollout, outage());
  expect(boots(node)).toBe(1);

  await prometheus.setRules([WATCHDOG]);
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  const silences = JSON.parse(
    (await call(`${alertmanager.url}/api/v2/silences`, { signal })).text,
  ) as { comment: string }[];
  expect(silences.map(({ comment }) => comment)).toEqual([
    'node-rollout/worker-1: node worker-1 is rolled out',
  ]);
});

test('G2: an alert that fires while the node is taken out keeps the order from being written, until it is over', async () => {
  const node = 'worker-2';
  await prometheus.setRules([WATCHDOG]);
  await scene.moveTo('slow', node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  await prometheus.setRules([WATCHDOG, OUTAGE]);
  await untilItWaitsFor(rollout, outage());
  await scene.lab.fleet.evidence.until(
    node,
    'handed back',
    ({ unschedulable, rollout: record }) => !unschedulable && record === undefined,
  );
  expect(boots(node)).toBe(1);
  await prometheus.setRules([WATCHDOG]);
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(boots(node)).toBe(2);
});

test('U8: a node is not begun on while a pod on it can never be evicted, and goes on when its budget has room', async () => {
  const node = 'worker-1';
  const { timeline } = scene.lab.fleet.evidence;
  await scene.moveTo('whole', node);
  await scene.forbidEvictions(node);
  const begun = timeline.length;
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  const words = 'could never be evicted: disruption budget never-worker-1 needs all of its pods';
  await until(
    async () => waitsFor(await scene.status(rollout)),
    ([reason = '']) => reason.startsWith('budgets: pinned/worker-1-') && reason.includes(words),
  );
  expect(timeline.slice(begun).filter(({ unschedulable }) => unschedulable)).toEqual([]);
  await scene.allowEvictions();
  await rollout.signal('retry');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
});

test('G11: a Prometheus that is away closes the gate; one that hangs once the node reboots delays nothing', async () => {
  const node = 'worker-2';
  await scene.moveTo('watched', node);
  await prometheus.process.kill();
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await untilItWaitsFor(rollout, `alerts: ${prometheus.url} cannot be asked: connect ECONNREFUSED`);
  await prometheus.process.start(signal);
  await scene.lab.fleet.evidence.until(node, 'ordered', ({ order }) => order !== undefined);
  prometheus.process.freeze();
  try {
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  } finally {
    prometheus.process.thaw();
  }
});
