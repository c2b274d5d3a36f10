import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { CHART } from '../../deploy/helm.ts';
import { readAudit } from '../../lab/cluster/audit.ts';
import { call } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import type { KubeObject } from '../../lab/fleet/kube.ts';
import { labValues, Release } from './release.ts';
import { eventually, RolloutScene, type PoolText } from './rollout-scene.ts';

/** A lab into which Lockkeeper is brought by `helm install`, and by nothing else. */

const { signal } = new AbortController();
let scene: RolloutScene;
let release: Release;
let notes: string;
let ports: { health: number; temporal: number };

beforeAll(async () => {
  const [health = 0, temporal = 0] = await freePorts(2);
  ports = { health, temporal };
  scene = await RolloutScene.open({
    nodes: 3,
    pools: { hasty: { drain: { timeout: '2s' } } },
    env: {
      LOCKKEEPER_HEALTH_ADDRESS: `127.0.0.1:${health}`,
      LOCKKEEPER_TEMPORAL_METRICS: `127.0.0.1:${temporal}`,
    },
    async install(cluster, policy) {
      release = await Release.in(cluster);
      notes = await release.install(labValues(cluster, policy));
      return release.manifests();
    },
  });
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  release.kube.close();
  await scene.close();
});

interface NodeObject extends KubeObject {
  readonly spec: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string }[];
  };
  readonly status: { readonly conditions: readonly { readonly type: string }[] };
}

const OF_THE_KUBELET = [
  'DiskPressure',
  'MemoryPressure',
  'NetworkUnavailable',
  'PIDPressure',
  'Ready',
];
const node = (name: string) => release.kube.get<NodeObject>(`/api/v1/nodes/${name}`);
const roll = async (name: string) => {
  await scene.askForReboot(name);
  return scene.startByHand(name);
};
const untilDraining = (name: string) =>
  eventually(
    () => node(name),
    ({ spec }) => spec.unschedulable === true,
  );

test('helm says what to do next', () => {
  expect(notes).toContain('one agent on every node, 2 workers');
  expect(notes).toContain('workers: nodes agentpool=workers, at most 1 out at once');
});

test('helm says when the namespace does not allow the agent', async () => {
  const label = 'kubectl label namespace';
  expect(notes).not.toContain(label);
  expect(await release.notesIn('unlabelled')).toContain(`${label} unlabelled`);
});

test('a rollout goes through, and nothing that worker and agents ask is refused', async () => {
  const rollout = await roll('worker-1');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  const audit = await readAudit(scene.lab.cluster.auditPath);
  const ours = audit.filter(({ user }) => user.startsWith('system:serviceaccount:lockkeeper:'));
  expect(new Set(ours.map(({ user }) => user.split(':').at(-1)))).toEqual(
    new Set(['lockkeeper-worker', 'lockkeeper-agent']),
  );
  expect(ours.filter(({ code }) => code === 403)).toEqual([]);
});

test('every metric that rules and dashboard name is there', async () => {
  // What has never happened is not there: so a drain, and with it a rollout, has to fail.
  await scene.moveTo('hasty', 'worker-2');
  await scene.forbidEvictions('web');
  const rollout = await roll('worker-2');
  await expect(rollout.result()).rejects.toThrow();
  await scene.allowEvictions();
  await scene.lab.fleet.machine('worker-2').withdrawRequest();
  const texts = await Promise.all(
    Object.values(ports).map(async (port) => {
      const { status, text } = await call(`http://127.0.0.1:${port}/metrics`, { signal });
      expect(status).toBe(200);
      return text;
    }),
  );
  const there = new Set(
    [...texts.join('\n').matchAll(/^(?:# HELP )?((?:lockkeeper|temporal|process)_\w+)/gm)].map(
      ([, name]) => name,
    ),
  );
  const wanted = ['rules.yaml', 'dashboard.json'].flatMap(
    (file) =>
      readFileSync(join(CHART, 'files', file), 'utf8').match(
        /\b(lockkeeper_|temporal_|process_)\w+/g,
      ) ?? [],
  );
  expect(wanted.length).toBeGreaterThan(20);
  expect([...new Set(wanted)].filter((name) => !there.has(name))).toEqual([]);
});

test('what is served is what is so', async () => {
  const { text } = await eventually(
    () => call(`http://127.0.0.1:${ports.health}/metrics`, { signal }),
    // The agent looks every second whether the request was taken back.
    ({ text }) => !text.includes('state="waiting"'),
  );
  for (const line of [
    'lockkeeper_nodes{pool="workers",state="idle"} 2',
    'lockkeeper_nodes{pool="hasty",state="idle"} 1',
    'lockkeeper_nodes_failing{pool="hasty"} 1',
    'lockkeeper_nodes_returned_total{pool="workers",outcome="returned"} 1',
    'lockkeeper_nodes_undone_total{pool="hasty",failed="true"} 1',
    'lockkeeper_fleet_seen 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('G7: an upgrade in mid-rollout changes neither its outcome nor the number of reboots', async () => {
  await scene.forbidEvictions('web');
  const rollout = await roll('worker-3');
  await untilDraining('worker-3');
  const { cluster, policyPath, worker } = scene.lab;
  const policy = parse(await release.policy()) as { pools: PoolText[] };
  const [pool] = policy.pools;
  if (!pool) throw new Error('the lab has a pool');
  pool.drain = { ...pool.drain, timeout: '10m' };
  const values = labValues(cluster, stringify(policy));
  await release.upgrade({ ...values, image: { tag: 'next' } });
  // As the kubelets do: the changed ConfigMap, and other pods.
  await writeFile(policyPath, await release.policy());
  await worker.stop();
  await worker.start();
  await scene.allowEvictions();
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(scene.lab.fleet.bootIds('worker-3')).toHaveLength(2);
});

test('G6: helm uninstall ends what is under way, and leaves nothing of Lockkeeper anywhere', async () => {
  await scene.patchNode('worker-1', {
    metadata: { annotations: { 'lockkeeper.io/hold': 'disk', 'other.example/note': 'keep' } },
  });
  await scene.moveTo('workers', 'worker-2');
  await scene.forbidEvictions('web');
  const rollout = await roll('worker-2');
  await untilDraining('worker-2');
  await scene.patchNode('worker-3', { spec: { unschedulable: true } });
  const said = await release.uninstall();
  expect(said).toContain('node-rollout/worker-2 is asked to end');
  expect(said).toContain('the hold "disk"');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'aborted' });

  for (const name of scene.lab.fleet.nodes) {
    const { metadata, spec, status } = await node(name);
    const annotations = Object.keys(metadata.annotations ?? {});
    expect(annotations.filter((key) => key.startsWith('lockkeeper.io/'))).toEqual([]);
    expect(status.conditions.map(({ type }) => type).toSorted()).toEqual(OF_THE_KUBELET);
    // Kubernetes' own mark of a cordon, on the node that somebody else has cordoned.
    const taints = name === 'worker-3' ? ['node.kubernetes.io/unschedulable'] : [];
    expect((spec.taints ?? []).map(({ key }) => key)).toEqual(taints);
    expect(spec.unschedulable === true).toBe(name === 'worker-3');
  }
  expect((await node('worker-1')).metadata.annotations).toHaveProperty(['other.example/note']);
  expect(await ofLockkeeper()).toEqual([]);
  const open: string[] = [];
  const query = 'ExecutionStatus = "Running"';
  for await (const { workflowId } of scene.client.workflow.list({ query })) open.push(workflowId);
  expect(open).toEqual([]);
  await expect(scene.client.schedule.getHandle('fleet-scan').describe()).rejects.toThrow(
    /not found/i,
  );
});

/** Every object that bears our label, of all kinds the API server has. */
async function ofLockkeeper(): Promise<string[]> {
  interface Group {
    readonly preferredVersion: { readonly groupVersion: string };
  }
  interface Resource {
    readonly name: string;
    readonly verbs: readonly string[];
  }
  const { groups } = await release.kube.get<{ groups: readonly Group[] }>('/apis');
  const bases = [
    '/api/v1',
    ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`),
  ];
  const found: string[] = [];
  for (const base of bases) {
    const { resources } = await release.kube.get<{ resources: readonly Resource[] }>(base);
    const listed = resources.filter(
      ({ name, verbs }) => verbs.includes('list') && name !== 'events',
    );
    for (const { name } of listed) {
      const selector = 'labelSelector=app.kubernetes.io/name=lockkeeper';
      const { items } = await release.kube.get<{ items: readonly KubeObject[] }>(
        `${base}/${name}?${selector}`,
      );
      // Pods end by themselves, and in their own time.
      if (name !== 'pods') found.push(...items.map(({ metadata }) => `${name}/${metadata.name}`));
    }
  }
  return found;
}
