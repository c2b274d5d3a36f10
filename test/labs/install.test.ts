import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { CHART } from '../../deploy/helm.ts';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import { readAudit } from '../../lab/cluster/audit.ts';
import { embeddedTemporal } from '../../lab/cluster/embedded.ts';
import { startGuard } from '../../lab/cluster/guard.ts';
import { call } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import type { KubeObject } from '../../lab/fleet/kube.ts';
import { EncryptionCodec } from '../../worker/encryption/codec.ts';
import { KeyFile } from '../../worker/encryption/keys.ts';
import { serveEmbedded } from '../embedded-server.ts';
import { Monitoring, type RealPrometheus, type Rule } from '../integration/monitoring.ts';
import { clearTextOf } from './clear-text.ts';
import { ofLockkeeper } from './of-lockkeeper.ts';
import { labValues, policyValues, Release } from './release.ts';
import { until } from '../ask.ts';
import { RolloutScene, type PoolText } from './rollout-scene.ts';
import { WorkerScene } from './worker-scene.ts';

/** A lab into which Lockkeeper is brought by `helm install`, and by nothing else. */

const { signal } = new AbortController();
let scene: RolloutScene;
let release: Release;
let notes: string;
let ports: { health: number; temporal: number };
let workers: WorkerScene | undefined;
let monitoring: Monitoring;
let prometheus: RealPrometheus;
const run = promisify(execFile);

beforeAll(async () => {
  const [health = 0, temporal = 0] = await freePorts(2);
  ports = { health, temporal };
  scene = await RolloutScene.open({
    nodes: 3,
    pools: { hasty: { drain: { timeout: '2s' } }, tickets: { windows: [] } },
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
  monitoring = await Monitoring.open();
  prometheus = await monitoring.prometheus('prometheus', {
    rules: groups.flatMap(({ rules }) => rules),
    scrapes: [health, temporal].map((port) => `127.0.0.1:${port}`),
  });
  // What happens before the first look has not increased since.
  await untilShown('sum(up) == 2');
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await workers?.stop();
  await monitoring.close();
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
  until(
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

/** Runs deploy/examples/awx/maintenance.sh while scans go on, and answers with its exit code and its log. */
async function maintenance(hours: string): Promise<{ code: number; log: string }> {
  const script = fileURLToPath(
    new URL('../../deploy/examples/awx/maintenance.sh', import.meta.url),
  );
  const temporal = { TEMPORAL_ADDRESS: scene.lab.cluster.temporalAddress };
  const env = {
    ...(await release.around()),
    ...temporal,
    POOL: 'tickets',
    CHANGE: 'CHG0042',
    HOURS: hours,
  };
  const ended = run(script, [], { env }).then(
    ({ stdout }) => ({ code: 0, log: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      log: stdout + stderr,
    }),
  );
  const schedule = scene.client.schedule.getHandle(FLEET_SCAN);
  const isOver = async (): Promise<boolean> => {
    await schedule.trigger();
    return await Promise.race([ended.then(() => true), pause(5_000, false)]);
  };
  while (!(await isOver()));
  return await ended;
}

test('a job opens a window, waits and closes it: its log says what was done, its exit code whether all was', async () => {
  const name = 'worker-1';
  const boots = scene.lab.fleet.bootIds(name).length;
  await scene.moveTo('tickets', name);
  await scene.askForReboot(name);
  const rollout = await scene.startByHand(name);
  await until(
    () => scene.status(rollout),
    ({ phase }) => phase.at === 'waiting' && phase.closed.some(({ gate }) => gate === 'window'),
  );
  const { code, log } = await maintenance('2h');
  expect([code, log]).toEqual([0, expect.stringContaining('no node wants a reboot')]);
  expect(log).toMatch(/^pool\/tickets: open until .* by awx: CHG0042/m);
  expect(log).toMatch(/worker-1: worker-1 waits for its gates: window: its pool has no window/);
  expect(log).toMatch(/worker-1: rebooted, after .*: it rebooted and is back/);
  expect(log).toContain('pool/tickets: closed, which was open until');
  expect(scene.lab.fleet.bootIds(name)).toHaveLength(boots + 1);
  await scene.moveTo('workers', name);
});

test('a rollout goes through, and nothing that worker and agents ask is refused', async () => {
  const rollout = await roll('worker-1');
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  const audit = await readAudit(scene.lab.cluster.auditPath);
  const ours = audit.filter(({ user }) => user.startsWith('system:serviceaccount:lockkeeper:'));
  expect(new Set(ours.map(({ user }) => user.split(':').at(-1)))).toEqual(
    new Set(['lockkeeper-worker', 'lockkeeper-agent']),
  );
  expect(ours.filter(({ allowed }) => !allowed)).toEqual([]);
});

/** What the chart has for Prometheus and Grafana, as it is. */
const chartFile = (name: string): string => readFileSync(join(CHART, 'files', name), 'utf8');
const { panels } = JSON.parse(chartFile('dashboard.json')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
};
const { groups } = parse(chartFile('rules.yaml')) as { groups: { rules: Rule[] }[] };

/** What Prometheus answers, from the first scrape until now. */
async function asked(path: string, words: Readonly<Record<string, string>> = {}) {
  const query = new URLSearchParams(words).toString();
  const { status, text } = await call(`${prometheus.url}/api/v1/${path}?${query}`, { signal });
  expect([status, text]).toEqual([200, expect.stringContaining('"status":"success"')]);
  return (JSON.parse(text) as { data: unknown }).data;
}

const untilShown = (expr: string): Promise<number[]> =>
  until(
    () => shown(expr),
    ({ length }) => length > 0,
  );

/** The latest value of each series of a query of the dashboard; one that is none is left out. */
async function shown(expr: string): Promise<number[]> {
  const query = expr.replaceAll('$pool', '.*').replaceAll(/\$__\w+/g, '10m');
  const end = Date.now() / 1_000;
  const range = { start: String(end - 600), end: String(end), step: '1' };
  const { result } = (await asked('query_range', { query, ...range })) as {
    result: { values: [number, string][] }[];
  };
  return result.map(({ values }) => Number(values.at(-1)?.[1])).filter(Number.isFinite);
}

test('every metric that rules and dashboard name is there, and each panel shows something', async () => {
  // What has never happened is not there: so a gate has to be closed, and a drain, with it a rollout, to fail.
  await scene.moveTo('hasty', 'worker-2');
  await scene.forbidEvictions('worker-2');
  const hold = (because: string | null) =>
    scene.patchNode('worker-2', { metadata: { annotations: { 'lockkeeper.io/hold': because } } });
  await hold('disk');
  const rollout = await roll('worker-2');
  await until(
    () => scene.status(rollout),
    ({ phase }) => phase.at === 'waiting',
  );
  await hold(null);
  await rollout.signal('retry');
  await expect(rollout.result()).rejects.toThrow();
  await scene.allowEvictions();
  await scene.lab.fleet.machine('worker-2').withdrawRequest();
  await untilShown('sum(lockkeeper_nodes_undone_total{failed="true"}) > 0');

  const there = (await asked('label/__name__/values')) as string[];
  const named = ['rules.yaml', 'dashboard.json'].flatMap(
    (file) => chartFile(file).match(/\b(lockkeeper_|temporal_|process_)\w+/g) ?? [],
  );
  expect(new Set(named).size).toBeGreaterThan(15);
  expect(named.filter((name) => !there.includes(name))).toEqual([]);

  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );
  const empty = async (): Promise<string[]> => {
    const answers = await Promise.all(queries.map(({ expr }) => shown(expr)));
    return queries.flatMap(({ title, expr }, index) =>
      answers[index]?.length === 0 ? [`${title}: ${expr}`] : [],
    );
  };
  // What has been seen once only has not increased.
  await until(empty, ({ length }) => length === 0);
});

test('rules are evaluated, and a rollout that has failed is told of', async () => {
  const firing = async () => (await asked('alerts')) as { alerts: { labels: object }[] };
  await until(firing, ({ alerts }) =>
    alerts.some(
      ({ labels }) => 'alertname' in labels && labels.alertname === 'LockkeeperRolloutFailed',
    ),
  );
  const { groups } = (await asked('rules')) as {
    groups: { rules: { name: string; health: string; lastError?: string }[] }[];
  };
  const evaluated = groups.flatMap(({ rules }) => rules);
  expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(evaluated.length).toBeGreaterThan(5);
});

test('what is served is what is so', async () => {
  const { text } = await until(
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
    'lockkeeper_drain_duration_seconds_count{pool="workers",outcome="drained"} 1',
    'lockkeeper_drain_duration_seconds_count{pool="hasty",outcome="timed-out"} 1',
    'lockkeeper_reboot_duration_seconds_count{pool="workers",outcome="returned"} 1',
    'lockkeeper_rollout_duration_seconds_count{pool="workers",outcome="returned"} 1',
    'lockkeeper_rollout_duration_seconds_count{pool="hasty",outcome="undone"} 1',
    'lockkeeper_queue_wait_seconds_count{pool="workers"} 1',
    'lockkeeper_evictions_refused_total{pool="workers"} 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/^lockkeeper_evictions_refused_total\{pool="hasty"\} [1-9]/m);
});

test('G7: an upgrade in mid-rollout changes neither its outcome nor the number of reboots', async () => {
  await scene.forbidEvictions('worker-3');
  const rollout = await roll('worker-3');
  await untilDraining('worker-3');
  const { cluster, policyPath, worker } = scene.lab;
  const policy = parse(await release.policy()) as { pools: PoolText[] };
  const [pool] = policy.pools;
  if (!pool) throw new Error('the lab has a pool');
  pool.drain = { ...pool.drain, timeout: '10m' };
  const values = labValues(cluster, stringify(policy));
  await release.upgrade({ ...values, image: { registry: 'registry.example', tag: 'next' } });
  // As the kubelets do: the changed ConfigMap, and other pods.
  await writeFile(policyPath, await release.policy());
  await worker.stop();
  await worker.start();
  await scene.allowEvictions();
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(scene.lab.fleet.bootIds('worker-3')).toHaveLength(2);
});

const claims = '/api/v1/namespaces/lockkeeper/persistentvolumeclaims';
const claim = 'temporal-data-lockkeeper-worker-0';
const workloads = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const kind of ['deployments', 'statefulsets']) {
    const path = `/apis/apps/v1/namespaces/lockkeeper/${kind}`;
    const { items } = await release.kube.get<{ items: readonly KubeObject[] }>(path);
    found.push(...items.map(({ metadata }) => `${kind}/${metadata.name}`));
  }
  return found;
};
/** Two minutes and more, for a lock made anew waits. */
async function rebootedOnce(name: string, boots: number): Promise<void> {
  await scene.lab.fleet.evidence.until(
    name,
    'in service in another boot',
    ({ unschedulable, rollout }) =>
      !unschedulable && rollout === undefined && scene.lab.fleet.bootIds(name).length === boots + 1,
  );
}

test('G7: what is under way goes on where Temporal is another one: that of the chart, and back', async () => {
  const { cluster, worker, fleet } = scene.lab;
  const policy = await release.policy();
  const boots = (name: string) => fleet.bootIds(name).length;
  const before = { first: boots('worker-1'), second: boots('worker-3') };
  const drain = async (name: string) => {
    await scene.forbidEvictions(name);
    await scene.askForReboot(name);
  };

  await drain('worker-1');
  const left = await scene.startByHand('worker-1');
  await untilDraining('worker-1');
  await release.upgrade(policyValues(policy));
  expect(await workloads()).toEqual(['statefulsets/lockkeeper-worker']);
  // As the kubelets do: the pods of before end, and the one that is made has its Temporal beside it.
  await worker.stop();
  const guard = startGuard();
  const dir = join(cluster.dir, 'brought-along');
  await mkdir(dir);
  const embedded = await embeddedTemporal({ log: () => undefined, signal });
  const { server, address } = await serveEmbedded(embedded, { dir, guard });
  const own = new WorkerScene(scene);
  const workload = 'StatefulSet/lockkeeper-worker';
  await own.add({ TEMPORAL_ADDRESS: address, LOCKKEEPER_WORKLOAD: workload });
  await scene.allowEvictions();
  await rebootedOnce('worker-1', before.first);

  await drain('worker-3');
  const connection = await Connection.connect({ address });
  await new Client({ connection }).workflow.start('nodeRollout', {
    workflowId: 'node-rollout/worker-3',
    taskQueue: TASK_QUEUE,
    args: [{ node: 'worker-3' }],
  });
  await untilDraining('worker-3');
  await release.upgrade(labValues(cluster, policy));
  expect(await workloads()).toEqual(['deployments/lockkeeper-worker']);
  await own.stop();
  await connection.close();
  await server.kill();
  guard.close();
  await worker.start();
  await scene.client.schedule.getHandle('fleet-scan').trigger();
  await scene.allowEvictions();
  await rebootedOnce('worker-3', before.second);
  // It finds the node in another boot than the one that it began in, and in service.
  expect(await scene.result(left)).toMatchObject({ outcome: 'rebooted' });
  expect(boots('worker-1')).toBe(before.first + 1);
  // It stays until somebody deletes it.
  await release.kube.delete(`${claims}/${claim}`);
}, 600_000);

/** Goes over to encrypted payloads in mid-life: a Secret, `helm upgrade`, and other pods. Answers with who can read them. */
async function encrypt(): Promise<Client> {
  const { cluster, worker } = scene.lab;
  const keys = `2027-01 ${randomBytes(32).toString('base64')}\n`;
  await release.kube.post('/api/v1/namespaces/lockkeeper/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'payload-keys' },
    stringData: { keys },
  });
  const encryption = { keySecret: 'payload-keys' };
  const values = labValues(cluster, await release.policy(), { encryption });
  await release.upgrade(values);
  const keyFile = join(cluster.dir, 'keys');
  await writeFile(keyFile, keys);
  const build = fileURLToPath(new URL('../../worker/build.ts', import.meta.url));
  await run(process.execPath, [build, join(cluster.dir, 'workflows.js'), '--encrypted']);
  await worker.stop();
  workers = new WorkerScene(scene);
  await workers.add({
    LOCKKEEPER_PAYLOAD_KEY_FILE: keyFile,
    // Its drain would evict the pod of the hook otherwise, where that is on the same node.
    LOCKKEEPER_WORKLOAD: 'Deployment/lockkeeper-worker,Job/lockkeeper-uninstall',
    POD_NAMESPACE: 'lockkeeper',
  });
  const codec = new EncryptionCodec(new KeyFile(keyFile));
  const { connection } = scene.client;
  return new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
}

test('G6: helm uninstall ends what is under way, encrypted as it is, and leaves nothing of Lockkeeper anywhere', async () => {
  const reader = await encrypt();
  await scene.patchNode('worker-1', {
    metadata: { annotations: { 'lockkeeper.io/hold': 'disk', 'other.example/note': 'keep' } },
  });
  await scene.moveTo('workers', 'worker-2');
  await scene.forbidEvictions('worker-2');
  const rollout = await roll('worker-2');
  await untilDraining('worker-2');
  await scene.patchNode('worker-3', { spec: { unschedulable: true } });
  const said = await release.uninstall();
  expect(said).toContain('node-rollout/worker-2 is asked to end');
  expect(said).toContain('the hold "disk"');
  const ended = reader.workflow.getHandle(rollout.workflowId);
  expect(await ended.result()).toMatchObject({ outcome: 'aborted' });
  expect(clearTextOf(await ended.fetchHistory()).keys).toEqual(['2027-01']);

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
  expect(await ofLockkeeper(release.kube)).toEqual([]);
  const open: string[] = [];
  const query = 'ExecutionStatus = "Running"';
  for await (const { workflowId } of scene.client.workflow.list({ query })) open.push(workflowId);
  expect(open).toEqual([]);
  await expect(scene.client.schedule.getHandle('fleet-scan').describe()).rejects.toThrow(
    /not found/i,
  );
});
