import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Finding } from '../../cli/doctor/finding.ts';
import { runNow } from '../../cli/run.fixture.ts';
import { FLEET_SCAN } from '../../domain/names.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';
import { WorkerScene } from './worker-scene.ts';

/** `lockkeeper doctor` in a lab that is well, and in one that is not. */

let scene: RolloutScene;
let usual: Readonly<Record<string, string>>;
beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 3 });
  const { cluster, policyPath } = scene.lab;
  usual = {
    TEMPORAL_ADDRESS: cluster.temporalAddress,
    KUBECONFIG: cluster.kubeconfigPath,
    LOCKKEEPER_POLICY: policyPath,
  };
}, 1_800_000);
afterAll(() => scene.close());

interface Looked {
  readonly exit: number;
  /** What is not good. */
  readonly found: readonly Finding[];
  readonly good: readonly string[];
}

/** What the command finds where its environment is changed like this. */
async function doctor(changes: Readonly<Record<string, string>> = {}): Promise<Looked> {
  Object.assign(process.env, usual, changes);
  try {
    const { exit, out } = await runNow('doctor', '--json');
    const { findings } = JSON.parse(out) as { findings: Finding[] };
    const good = findings.filter(({ verdict }) => verdict === 'good').map(nameOf);
    return { exit, good, found: findings.filter(({ verdict }) => verdict !== 'good') };
  } finally {
    for (const name of Object.keys(usual)) delete process.env[name];
  }
}

const nameOf = ({ group, check }: Finding): string => `${group}: ${check}`;
const inWords = (finding: Finding): string => `${finding.verdict} ${nameOf(finding)}`;

/** Here the claim of the pod's database has no volume, so that the pod stands still beside the worker that is one. */
const OF_THE_LAB = 'warning Workers: pods';

const findingIn = ({ found }: Looked, name: string): Finding => {
  const one = found.find((finding) => nameOf(finding) === name);
  if (one === undefined) throw new Error(`only: ${found.map(inWords).join(', ')}`);
  return one;
};

test('in a lab that is well nothing is bad and nothing is unknown, and nothing is left behind', async () => {
  const { exit, found } = await doctor();
  expect(found.map(inWords)).toEqual([OF_THE_LAB]);
  expect(exit).toBe(0);
  const query = 'WorkflowType = "checkUp" AND ExecutionStatus = "Running"';
  await until(
    () => scene.client.workflow.count(query),
    ({ count }) => count === 0,
  );
});

test('a schedule that is paused is found, and mended by what it says', async () => {
  await scene.client.schedule.getHandle(FLEET_SCAN).pause('change freeze');
  const looked = await doctor();
  const { verdict, says, mend = '' } = findingIn(looked, 'Workers: schedule');
  expect({ verdict, says }).toEqual({
    verdict: 'warning',
    says: 'fleet-scan is paused (change freeze): no rollout is begun',
  });
  expect(looked.exit).toBe(0);
  const [, command = ''] = mend.split('\n');
  await new WorkerScene(scene).temporal(...command.split(' ').slice(1));
  expect((await doctor()).good).toContain('Workers: schedule');
});

/** Says when the agent of worker-2 was heard last, until it says so itself. */
const report = (lastHeartbeatTime: string) =>
  scene.lab.fleet.kube.patch('/api/v1/nodes/worker-2/status', 'strategic', {
    status: { conditions: [{ type: 'RebootRequired', lastHeartbeatTime }] },
  });

test('an agent that is silent is found, with its node and where to look', async () => {
  await report(new Date(Date.now() - 20 * 60_000).toISOString());
  const looked = await doctor();
  await report(new Date().toISOString());
  expect(findingIn(looked, 'Agents: reports')).toMatchObject({
    verdict: 'bad',
    says: expect.stringMatching(/^worker-2 has not been heard of by its agent for 2\d+m/),
    mend: expect.stringContaining('spec.nodeName=worker-2'),
  });
  expect(looked.exit).toBe(1);
});

test('a policy that the worker refuses is found, with its problem', async () => {
  const { policyPath } = scene.lab;
  const before = await readFile(policyPath, 'utf8');
  await writeFile(policyPath, 'pools: none\n');
  const looked = await until(
    async () => {
      await scene.client.schedule.getHandle(FLEET_SCAN).trigger();
      return await doctor();
    },
    ({ found }) => found.map(inWords).includes('bad Policy: in force'),
  );
  expect(findingIn(looked, 'Policy: in force')).toMatchObject({
    says: expect.stringMatching(/goes by the one before: it refuses policy\.yaml:1 pools: write/),
    mend: expect.stringContaining('lockkeeper policy check policy.yaml'),
  });
  expect(findingIn(looked, 'Policy: as written').verdict).toBe('bad');
  await writeFile(policyPath, before);
  await until(
    async () => {
      await scene.client.schedule.getHandle(FLEET_SCAN).trigger();
      return await doctor();
    },
    ({ good }) => good.includes('Policy: in force'),
  );
});

test('a Prometheus that the worker does not reach is found, as it says it', async () => {
  const [port] = await freePorts(1);
  const prometheus = `http://127.0.0.1:${port}`;
  await scene.changePolicy((pools) => {
    for (const pool of pools) pool.gates = { alerts: { prometheus } };
  });
  const looked = await until(
    () => doctor(),
    ({ found }) => found.some(({ check }) => check === 'servers'),
  );
  expect(findingIn(looked, 'As the worker reaches it: servers')).toMatchObject({
    verdict: 'bad',
    says: expect.stringContaining(`prometheus ${prometheus} is not reached: connect ECONNREFUSED`),
    mend: expect.stringContaining('docs/gates.md'),
  });
});

test('elsewhere than in the pod of the worker the ConfigMap is looked at, and compared with what is in force', async () => {
  const looked = await doctor({ LOCKKEEPER_POLICY: '' });
  expect(looked.good).toContain('Policy: as written');
  // The worker of a lab reads a file of its own.
  expect(findingIn(looked, 'Policy: in force')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('not what is written in the ConfigMap lockkeeper-policy'),
  });
});

test('with Temporal away the cluster is looked at all the same', async () => {
  const [port] = await freePorts(1);
  const looked = await doctor({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
  expect(findingIn(looked, 'Temporal: reached')).toMatchObject({
    verdict: 'bad',
    says: expect.stringContaining('nothing listens there'),
    mend: expect.stringContaining('--temporal-pod'),
  });
  expect(findingIn(looked, 'Workers: schedule')).toMatchObject({
    verdict: 'unknown',
    says: 'not looked at: Temporal is not reached',
  });
  for (const name of ['Kubernetes: admission', 'Agents: reports', 'Rights: of the worker']) {
    expect(looked.good).toContain(name);
  }
  expect(looked.exit).toBe(1);
});

test('with Kubernetes away Temporal is looked at all the same', async () => {
  const [port] = await freePorts(1);
  const path = join(scene.lab.cluster.dir, 'away.kubeconfig');
  const [name, server] = ['away', `https://127.0.0.1:${port}`];
  const config = {
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writeFile(path, JSON.stringify(config));
  const looked = await doctor({ KUBECONFIG: path });
  expect(findingIn(looked, 'Kubernetes: reached')).toMatchObject({
    verdict: 'bad',
    says: expect.stringContaining('fetch failed'),
    mend: expect.stringContaining('kubectl version'),
  });
  for (const check of ['Temporal: version', 'Workers: polling', 'Workers: schedule']) {
    expect(looked.good).toContain(check);
  }
  expect(findingIn(looked, 'Agents: reports').verdict).toBe('unknown');
});

test("with the worker's own rights, as in its pod, what may not be seen is unknown and nothing is bad", async () => {
  const KUBECONFIG = join(scene.lab.cluster.dir, 'worker.kubeconfig');
  const looked = await doctor({ KUBECONFIG });
  expect(looked.good).toEqual(
    expect.arrayContaining(['Agents: reports', 'Pools: halted', 'Rights: of the worker']),
  );
  const bad = looked.found.filter(({ verdict }) => verdict === 'bad').map(nameOf);
  expect(bad).toEqual(['As the worker reaches it: servers']);
  expect(findingIn(looked, 'Rights: of this command')).toMatchObject({
    verdict: 'unknown',
    says: expect.stringContaining('configmaps: get'),
  });
});

test('a right that the worker has lost and an admission policy that is not bound are found', async () => {
  const { kube } = scene.lab.fleet;
  const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/lockkeeper-worker';
  const { rules } = await kube.get<{ rules: readonly { apiGroups: readonly string[] }[] }>(role);
  const fewer = rules.filter(({ apiGroups }) => !apiGroups.includes('batch'));
  await kube.patch(role, 'merge', { rules: fewer });
  const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
  await kube.delete(`${bindings}/lockkeeper-kubelet`);
  const looked = await until(
    () => doctor(),
    ({ found }) => found.map(inWords).includes('bad Rights: of the worker'),
  );
  expect(findingIn(looked, 'Rights: of the worker')).toMatchObject({
    says: 'lockkeeper-worker may not: batch/jobs: list',
    mend: expect.stringContaining('docs/install.md'),
  });
  expect(findingIn(looked, 'Kubernetes: admission')).toMatchObject({
    verdict: 'bad',
    says: expect.stringContaining('lockkeeper-kubelet is not bound'),
    mend: expect.stringContaining('helm upgrade'),
  });
});
