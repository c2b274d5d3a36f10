import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { configOfUi } from '../../lab/cluster/embedded.ts';
import { call } from '../../lab/cluster/http.ts';
import type { KubeObject } from '../../lab/fleet/kube.ts';
import { until } from '../ask.ts';
import { execInWorker } from '../exec-in-worker.ts';
import { pushChart, type ChartRegistry } from './chart-registry.ts';
import { ofLockkeeper } from './of-lockkeeper.ts';
import { policyValues, Release } from './release.ts';
import { RolloutScene } from './rollout-scene.ts';

/** A cluster of one node, into which Lockkeeper is brought by the README's one command, with nothing else there, from a registry as it is published. */

const NODE = 'worker-1';
let scene: RolloutScene;
let release: Release;
let registry: ChartRegistry;
let notes: string;

beforeAll(async () => {
  scene = await RolloutScene.open({
    nodes: 1,
    embedded: true,
    async install(cluster: Cluster, policy: string) {
      release = await Release.in(cluster);
      registry = await pushChart(cluster.dir);
      const temporal = { embedded: { ui: { enabled: true } } };
      notes = await release.install({ ...policyValues(policy), temporal }, registry.chart);
      return release.manifests();
    },
  });
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  release.kube.close();
  await registry.close();
  await scene.close();
});

test('the chart is pulled as it was pushed', async () => {
  const { pushed, pulled } = await registry.hashes();
  expect(pulled).toBe(pushed);
});

test('helm says that Temporal is in the pod of the worker, and how to reach it', () => {
  expect(notes).toContain('with a Temporal of its own in the worker');
  expect(notes).toContain('one agent on every node, 1 worker,');
  expect(notes).toContain('port-forward pod/lockkeeper-worker-0 7233 8233 #');
});

test('the commands in the notes are such that a shell takes them as they stand', async () => {
  const commands = notes.match(/^ {5}(kubectl|temporal) .*(\\\n.*)*$/gm) ?? [];
  expect(commands.length).toBeGreaterThan(4);
  await promisify(execFile)('sh', ['-n', '-c', commands.join('\n')]);
});

test('G3: the only node is rebooted once, and who is on it finishes the rollout', async () => {
  const worker = '/api/v1/namespaces/lockkeeper/pods/lockkeeper-worker-0';
  const before = await release.kube.get<KubeObject>(worker);
  await scene.askForReboot(NODE);
  const rollout = await scene.startByHand(NODE);
  const result = await until(
    () => scene.result(rollout).catch((error: unknown) => ({ outcome: String(error) })),
    ({ outcome }) => !/UNAVAILABLE|ECONN|DEADLINE/.test(outcome),
  );
  expect(result).toMatchObject({ outcome: 'rebooted' });
  expect(scene.lab.fleet.bootIds(NODE)).toHaveLength(2);
  const after = await release.kube.get<KubeObject>(worker);
  expect(after.metadata.uid).toBe(before.metadata.uid);
});

test('the command in the notes tells the story', async () => {
  const [, words = ''] = /exec statefulset\/lockkeeper-worker -c worker -- (.+)/.exec(notes) ?? [];
  expect(words).toBe('lockkeeper status');
  const said = await execInWorker(scene.lab.cluster.kubeconfigPath, words.split(' '));
  expect(said).toMatch(/^policy: \w+ is in force at lockkeeper@/);
  expect(said).toContain('pool workers: 0 permits not yet used, 0 waiting');
});

test('the Web UI that the chart can bring along shows the rollout', async () => {
  const path = '/api/v1/namespaces/lockkeeper/configmaps/lockkeeper-temporal';
  const { data } = await release.kube.get<{ data: Readonly<Record<string, string>> }>(path);
  // So that the one in the lab is this one but for its ports.
  expect(parse(data['ui.yaml'] ?? '')).toEqual(configOfUi({ temporal: 7233, temporalUi: 8233 }));
  const { signal } = new AbortController();
  const workflows = `${scene.lab.cluster.webUiUrl}/api/v1/namespaces/default/workflows`;
  expect(await call(workflows, { signal })).toMatchObject({
    status: 200,
    text: expect.stringContaining(`node-rollout/${NODE}`),
  });
});

test('G6: helm uninstall ends the rollout of the only node in mid-drain, from a pod on that node, and leaves nothing but the claim', async () => {
  await scene.forbidEvictions(NODE);
  await scene.askForReboot(NODE);
  const rollout = await scene.startByHand(NODE);
  const { evidence } = scene.lab.fleet;
  await evidence.until(NODE, 'cordoned', ({ unschedulable }) => unschedulable);
  const said = await release.uninstall();
  expect(said).toContain(`node-rollout/${NODE} is asked to end`);
  expect(said).toContain('nothing of Lockkeeper is left on any node');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'aborted' });
  const { metadata, spec } = await release.kube.get<NodeObject>(`/api/v1/nodes/${NODE}`);
  expect(spec.unschedulable).toBeUndefined();
  const annotations = Object.keys(metadata.annotations ?? {});
  expect(annotations.filter((key) => key.startsWith('lockkeeper.io/'))).toEqual([]);
  expect(await ofLockkeeper(release.kube)).toEqual([
    expect.stringMatching(/persistentvolumeclaims.*temporal-data-lockkeeper-worker-0/),
  ]);
});

interface NodeObject extends KubeObject {
  readonly spec: { readonly unschedulable?: boolean };
}
