import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { NO_REGISTRY } from '../../deploy/helm.ts';
import { manifestsOf, readManifests, type Manifests } from '../../lab/fleet/manifests.ts';
import { Kubectl } from './kubectl.ts';
import { ofLockkeeper } from './of-lockkeeper.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/** A lab into which Lockkeeper is brought by `kubectl apply -f deploy/lockkeeper.yaml`, and by nothing else. */

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const INSTALL = new URL('../../docs/install.md', import.meta.url);
const ITS_FILE = 'deploy/lockkeeper.yaml';
let scene: RolloutScene;
let kubectl: Kubectl;
let kube: Kube;
let file: string;

/** What a person changes before: the policy, our two images. */
function changed(object: KubeObject, policy: string): KubeObject {
  if (object.kind === 'ConfigMap' && object.metadata.name.endsWith('-policy'))
    return { ...object, data: { 'policy.yaml': policy } } as KubeObject;
  const text = JSON.stringify(object).replaceAll(`${NO_REGISTRY}/`, 'registry.example/');
  return JSON.parse(text) as KubeObject;
}

async function install(cluster: Cluster, policy: string): Promise<Manifests> {
  const { objects } = await readManifests();
  const mine = objects.map((object) => changed(object, policy));
  file = join(cluster.dir, 'lockkeeper.yaml');
  await writeFile(file, mine.map((object) => stringify(object)).join('---\n'));
  kube = connectKube(cluster, cluster.adminToken);
  kubectl = await Kubectl.of(cluster, cluster.dir);
  await kubectl.run(['apply', '-f', file]);
  return { ...manifestsOf(mine), objects: [] };
}

beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 2, embedded: true, install });
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  kube.close();
  await scene.close();
});

test('a rollout goes through', async () => {
  await scene.askForReboot('worker-1');
  const rollout = await scene.startByHand('worker-1');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
});

test('G6: lockkeeper uninstall and kubectl delete leave nothing of Lockkeeper anywhere', async () => {
  await scene.forbidEvictions('worker-2');
  await scene.askForReboot('worker-2');
  const rollout = await scene.startByHand('worker-2');
  await scene.lab.fleet.evidence.until(
    'worker-2',
    'cordoned',
    ({ unschedulable }) => unschedulable,
  );
  const { cluster } = scene.lab;
  const argv = ['uninstall', '--temporal-pod', 'lockkeeper-worker-0'];
  const { stdout } = await run(process.execPath, [CLI, ...argv], {
    env: {
      PATH: process.env['PATH'],
      HOME: cluster.dir,
      KUBECONFIG: cluster.kubeconfigPath,
    },
  });
  expect(stdout).toContain('node-rollout/worker-2 is asked to end');
  expect(stdout).toContain('nothing of Lockkeeper is left on any node');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'aborted' });
  expect(await ofLockkeeper(kube)).not.toEqual([]);
  // As docs/install.md has it: the agents are gone already.
  const [, command = ''] = /`(kubectl delete [^`]+)`/.exec(await readFile(INSTALL, 'utf8')) ?? [];
  const [, ...words] = command.split(' ');
  expect(words).toContain(ITS_FILE);
  await kubectl.run(words.map((word) => (word === ITS_FILE ? file : word)));
  // The claim as well, which goes with the namespace.
  const left = await until(
    () => ofLockkeeper(kube),
    ({ length }) => length === 0,
  );
  expect(left).toEqual([]);
  const { items } = await kube.get<{ items: readonly KubeObject[] }>('/api/v1/nodes');
  expect(items.length).toBeGreaterThanOrEqual(2);
  const keys = items.flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}));
  expect(keys.filter((key) => key.startsWith('lockkeeper.io/'))).toEqual([]);
});
