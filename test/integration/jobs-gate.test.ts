import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1JobSpec,
} from '@kubernetes/client-node';
import { evaluateGates, type GateAnswer } from '../../activities/gates/pass-gates.ts';
import type { KubeClient } from '../../activities/kube/client.ts';
import { objectApi } from '../../activities/kube/objects.ts';
import { podApi } from '../../activities/kube/pods.ts';
import { Stage } from '../../activities/testing/stage.ts';
import { OUTSIDE_GATES } from '../../domain/gates/outside-gates.ts';
import { clientFor, openScene, type Scene } from './drain-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** The gate `jobs` with real Jobs: their controller starts and ends them, the API server judges the worker's rights. */

const config = new KubeConfig();
config.loadFromFile(lab().kubeconfigPath);
const batch = config.makeApiClient(BatchV1Api);
const core = config.makeApiClient(CoreV1Api);
const rbac = config.makeApiClient(RbacAuthorizationV1Api);

let scene: Scene;
let node: string;
let other: string;
/** The API as a worker sees it that has the rights of this gate and no others. */
let worker: KubeClient;
/** The same without any right. */
let nobody: KubeClient;

beforeAll(async () => {
  scene = await openScene(lab().kubeconfigPath);
  [node, other] = [await scene.addNode(), await scene.addNode()];
  const { namespace } = scene;
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'worker' } } });
  const metadata = { name: `${namespace}-jobs-gate` };
  const rules = OUTSIDE_GATES.jobs.rights.map(({ group, resource, verb }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [verb],
  }));
  await rbac.createClusterRole({ body: { metadata, rules } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', ...metadata };
  const subjects = [{ kind: 'ServiceAccount', name: 'worker', namespace }];
  await rbac.createClusterRoleBinding({ body: { metadata, roleRef, subjects } });
  [worker, nobody] = [await clientOf('worker'), await clientOf('default')];
});

afterAll(async () => {
  const name = `${scene.namespace}-jobs-gate`;
  await rbac.deleteClusterRoleBinding({ name });
  await rbac.deleteClusterRole({ name });
  await scene.close();
});

async function clientOf(name: string): Promise<KubeClient> {
  const { namespace } = scene;
  const request = { namespace, name, body: { spec: { audiences: [] } } };
  const { status } = await core.createNamespacedServiceAccountToken(request);
  return clientFor(lab().kubeconfigPath, status?.token ?? '');
}

/** What the gates of this node say now, with this alone in the policy. */
async function gatesOf(name: string, jobs: unknown, client = worker): Promise<GateAnswer> {
  const stage = new Stage({ gates: { jobs, budgets: 'ignore' } });
  stage.nodes.add(name);
  const deps = { ...stage.deps, objects: objectApi(client), pods: podApi(client) };
  const asked = { node: name, pool: 'workers', skip: [], evenIfNotRequired: false };
  return await stage.environment.run(() => evaluateGates(deps, asked));
}

const closedBy = (because: unknown) => ({ kind: 'closed', closed: [{ gate: 'jobs', because }] });
const OPEN = { kind: 'open' };

/** A Job with a pod on this node that runs until `finish` says it has done its work. */
async function startJob(name: string, on: string, spec: Partial<V1JobSpec> = {}): Promise<void> {
  const { namespace } = scene;
  const labels = { app: name };
  // In the lab pods of Jobs are done at once, but for those of this component.
  const waits = { ...labels, 'app.kubernetes.io/component': 'uninstall' };
  const tolerations = [{ operator: 'Exists' }];
  const containers = [{ name: 'main', image: 'none' }];
  const podSpec = { containers, tolerations, nodeName: on, restartPolicy: 'Never' };
  const template = { metadata: { labels: waits }, spec: podSpec };
  await batch.createNamespacedJob({
    namespace,
    body: { metadata: { name, labels }, spec: { template, ...spec } },
  });
}

const podsOf = async (name: string) => {
  const labelSelector = `job-name=${name}`;
  return (await core.listNamespacedPod({ namespace: scene.namespace, labelSelector })).items;
};

async function finish(name: string, phase: 'Succeeded' | 'Failed'): Promise<void> {
  const { namespace } = scene;
  await eventually(async () => {
    const [pod] = await podsOf(name);
    expect(pod?.status?.phase).toBe('Running');
    const body = [{ op: 'replace', path: '/status/phase', value: phase }];
    await core.patchNamespacedPodStatus({ namespace, name: pod?.metadata?.name ?? '', body });
  });
}

describe('a Job', () => {
  test('closes the gate of every node while it runs, and of no node once it is complete', async () => {
    await startJob('backup', node);
    const running = new RegExp(`^running: ${scene.namespace}/backup since 2\\S+Z$`);
    await eventually(async () => expect(await podsOf('backup')).toHaveLength(1));
    for (const name of [node, other]) {
      expect(await gatesOf(name, ['app=backup'])).toMatchObject(
        closedBy(expect.stringMatching(running)),
      );
    }
    expect(await gatesOf(node, ['app=else'])).toMatchObject(OPEN);
    await finish('backup', 'Succeeded');
    await eventually(async () => expect(await gatesOf(node, ['app=backup'])).toMatchObject(OPEN));
  });

  test('closes the gate of its own node alone, where the policy says so', async () => {
    await startJob('etl', node, { backoffLimit: 0 });
    const rules = [{ selector: 'app=etl', where: 'node', namespace: scene.namespace }];
    await eventually(async () =>
      expect(await gatesOf(node, rules)).toMatchObject(
        closedBy(expect.stringContaining(`${scene.namespace}/etl`)),
      ),
    );
    expect(await gatesOf(other, rules)).toMatchObject(OPEN);
    expect(await gatesOf(node, [{ ...rules[0], namespace: 'default' }])).toMatchObject(OPEN);
    await finish('etl', 'Failed');
    await eventually(async () => expect(await gatesOf(node, rules)).toMatchObject(OPEN));
  });

  test('closes no gate while it is suspended', async () => {
    await startJob('report', node, { suspend: true });
    expect(await gatesOf(node, ['app=report'])).toMatchObject(OPEN);
    const name = 'report';
    const body = [{ op: 'replace', path: '/spec/suspend', value: false }];
    await batch.patchNamespacedJob({ namespace: scene.namespace, name, body });
    expect(await gatesOf(node, ['app=report'])).toMatchObject({ kind: 'closed' });
  });
});

test('G8: a role that lets nobody list Jobs closes the gate, and is named', async () => {
  expect(await gatesOf(node, ['app=backup'], nobody)).toMatchObject(
    closedBy(
      expect.stringMatching(
        /^the Jobs cannot be listed: listing jobs: .*cannot list resource "jobs" in API group "batch"/,
      ),
    ),
  );
});
