import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppsV1Api, KubeConfig } from '@kubernetes/client-node';
import { kubePorts, type KubePorts } from '../../activities/kube/ports.ts';
import { absent, type KubeClient } from '../../activities/kube/client.ts';
import { clusterSide } from '../../cli/uninstall/cluster-side.ts';
import { leftoversOf } from '../../cli/uninstall/leftovers.ts';
import type { ClusterSide } from '../../cli/uninstall/uninstall.ts';
import { Chart, pool } from '../../deploy/chart.fixture.ts';
import { covers, rightsOf, sayRight } from '../../deploy/permissions.ts';
import { ANNOTATION, writeOrder } from '../../domain/node-contract.ts';
import { dueGates } from '../../domain/gates/outside-gates.ts';
import { Policy } from '../../domain/policy.ts';
import type { PodFacts } from '../../domain/pod-verdict.ts';
import { readAudit } from '../../lab/cluster/audit.ts';
import type { AuditRecord } from '../../lab/cluster/contract.ts';
import { requestToken } from '../../lab/fleet/account.ts';
import { applyObjects, deleteObjects } from '../../lab/fleet/apply.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { eventsOf } from '../../worker/policy-events.ts';
import { openAgentScene } from './agent-scene.ts';
import { clientFor, openScene, type Scene } from './drain-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/**
 * G10: worker, agent and uninstall ask a real API server under accounts of their own, with the roles of the chart, and by the
 * audit log their roles give what they have asked for, all of it and nothing else.
 */

const NAMESPACE = 'lockkeeper';
/** A policy that needs every right there is, under names that no other test has. */
const VALUES = {
  fullnameOverride: 'rights',
  namespace: { create: true },
  policy: {
    pools: [
      pool({ drain: { onTimeout: 'delete' }, gates: { kuredLock: {}, jobs: ['app=backup'] } }),
    ],
  },
};
/** What the gates of that policy ask the API server for. */
const GATES_ASK = Policy.parse(VALUES.policy).pools.flatMap(({ gates }) =>
  dueGates(gates, { moment: 'cordon', skip: [], inWindow: true }).flatMap(
    ({ questions }) => questions.objects ?? [],
  ),
);
const ACCESS = ['Namespace', 'ServiceAccount'];
/** With the admission policies: what the roles allow and the code asks for has to pass them too. */
const isAccess = ({ apiVersion, kind }: KubeObject): boolean =>
  ACCESS.includes(kind) ||
  /^(rbac.authorization|admissionregistration)[.]k8s[.]io[/]/.test(apiVersion);

let admin: Kube;
let chart: Chart;
let objects: KubeObject[];
let scene: Scene;
let node: string;

beforeAll(async () => {
  admin = connectKube(lab(), lab().adminToken);
  chart = await Chart.open(() => undefined);
  objects = (await chart.render(VALUES)).filter(isAccess);
  await applyObjects(admin, objects);
  scene = await openScene(lab().kubeconfigPath);
  node = await scene.addNode();
}, 300_000);
afterAll(async () => {
  await scene.close();
  await deleteObjects(
    admin,
    objects.filter(({ kind }) => kind !== 'Namespace'),
  );
  await chart.close();
  admin.close();
});

const userOf = (account: string): string => `system:serviceaccount:${NAMESPACE}:${account}`;

/** The API server as the account knows it. */
async function clientOf(account: string): Promise<KubeClient> {
  const asked = { namespace: NAMESPACE, serviceAccount: account };
  return clientFor(lab().kubeconfigPath, await requestToken(admin, asked));
}

/** Other tests ask as an agent too, also for what it may not. */
const sinceMs = Date.now();

/** Its requests so far, without those that everybody may make. */
async function requestsOf(account: string): Promise<AuditRecord[]> {
  const all = await readAudit(lab().auditPath);
  return all.filter(
    ({ user, resource, at }) => user === userOf(account) && resource !== '' && at >= sinceMs,
  );
}

/** Holds the roles of a component to what the account has asked for; a record may come a little after its answer. */
async function expectRightsUsed(
  account: string,
  from: readonly KubeObject[],
  component: string,
): Promise<void> {
  const rights = rightsOf(from, component);
  expect(rights.length).toBeGreaterThan(3);
  await eventually(async () => {
    const requests = await requestsOf(account);
    const isGiven = (request: AuditRecord) => rights.some((right) => covers(right, request));
    expect(requests.filter((request) => !request.allowed || !isGiven(request))).toEqual([]);
    const isUsed = (right: (typeof rights)[number]) =>
      requests.some((request) => covers(right, request));
    expect(rights.filter((right) => !isUsed(right)).map(sayRight)).toEqual([]);
  }, 10_000);
}

/** What one method needs to ask all it can. */
type Asks<Port> = { [Method in keyof Port]: (port: Port) => Promise<unknown> };

/** Asks with every method of a port. */
async function askAll<Port>(port: Port, asks: Asks<Port>): Promise<void> {
  for (const ask of Object.values<(port: Port) => Promise<unknown>>(asks)) await ask(port);
}

/** Until something is told, while the node changes. */
async function untilTold(begin: (told: () => void, signal: AbortSignal) => Promise<void>) {
  const stop = new AbortController();
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const done = begin(resolve, stop.signal);
  let turn = 0;
  const changing = setInterval(() => {
    const metadata = { annotations: { 'test/turn': String((turn += 1)) } };
    void admin.patch(`/api/v1/nodes/${node}`, 'merge', { metadata });
  }, 200);
  await told;
  clearInterval(changing);
  stop.abort();
  await done.catch(() => undefined);
}

const { signal } = new AbortController();

const podOf = async (ports: KubePorts['pods'], name: string): Promise<PodFacts> => {
  const { pods } = await ports.list(node, signal);
  const found = pods.find((pod) => pod.name === name);
  if (!found) throw new Error(`there is no pod ${name}`);
  return found;
};

/** A new method, or a new port, does not compile without its row here. */
const PORTS: { [Port in keyof KubePorts]: Asks<KubePorts[Port]> } = {
  nodes: {
    read: (nodes) => nodes.read(node),
    list: (nodes) => nodes.list(),
    async update(nodes) {
      const { resourceVersion = '' } = (await nodes.read(node)) ?? {};
      return nodes.update(node, { resourceVersion, annotations: { [ANNOTATION.hold]: 'x' } });
    },
    setLifecycle: (nodes) => nodes.setLifecycle(node, { MaintenancePlanned: true }, 'a test'),
    announce: (nodes) =>
      nodes.announce(node, { reason: 'Draining', message: 'a test', type: 'Normal' }),
    async follow(nodes) {
      let seen = 0;
      // The first is of the list.
      await untilTold((told, signal) =>
        nodes.follow(node, () => void ((seen += 1) > 1 && told()), signal),
      );
    },
  },
  pods: {
    list: (pods) => pods.list(node, signal),
    async watch(pods) {
      const { resourceVersion } = await pods.list(node, signal);
      await scene.addPod('seen', node);
      await untilTold((told, signal) =>
        pods.watch(node, { resourceVersion, onEvent: told, signal }),
      );
    },
    async evict(pods) {
      await scene.addPod('evicted', node);
      return pods.evict(await podOf(pods, 'evicted'), { signal });
    },
    async delete(pods) {
      await scene.addPod('deleted', node);
      return pods.delete(await podOf(pods, 'deleted'), { graceMs: 1_000, signal });
    },
    budgets: (pods) => pods.budgets(scene.namespace, signal),
    async volumesLeft(pods) {
      const { storage } = scene.client;
      const volume = `${scene.namespace}-attached`;
      const source = { persistentVolumeName: volume };
      const spec = { attacher: 'lab', nodeName: node, source };
      await storage.createVolumeAttachment({ body: { metadata: { name: volume }, spec } });
      // The claim of a pod that stays is read only while something is attached.
      const staying = { ...(await podOf(pods, 'seen')), claims: ['data'] };
      await pods.volumesLeft(node, [staying], signal);
      await storage.deleteVolumeAttachment({ name: volume });
    },
  },
  objects: {
    async ask(objects) {
      for (const question of GATES_ASK) await objects.ask(question, 0);
    },
  },
};

describe('the roles give what is asked for, and nothing else:', () => {
  test('those of the worker', async () => {
    const client = await clientOf('rights-worker');
    const ports = kubePorts(client);
    await askAll(ports.nodes, PORTS.nodes);
    await askAll(ports.pods, PORTS.pods);
    await askAll(ports.objects, PORTS.objects);
    await eventsOf(client, { name: 'worker', namespace: NAMESPACE }).refused('a test');
    await expectRightsUsed('rights-worker', objects, 'worker');
  });

  test('those of the account that uninstalls', async () => {
    const apps = adminConfig().makeApiClient(AppsV1Api);
    await apps.createNamespacedDaemonSet({ namespace: NAMESPACE, body: daemonSet() });
    const client = await clientOf('rights-uninstall');
    const side = clusterSide(client, {
      namespace: NAMESPACE,
      daemonSet: 'rights-agent',
    });
    await askAll<ClusterSide>(side, {
      removeAgents: (side) => side.removeAgents(),
      leftovers: (side) => side.leftovers(),
      // What the worker has written above, or as much.
      async clean(side) {
        const found = await scene.client.core.readNode({ name: node });
        const ours = leftoversOf(found);
        if (!ours) throw new Error('nothing of ours is on the node');
        return side.clean({ ...ours, annotations: [ANNOTATION.hold], conditions: ['Drained'] });
      },
    });
    // No pod is there: what counts is whether one may ask, as older API servers take it, and newer ones.
    const pod = { namespace: NAMESPACE, name: 'rights-worker-0' };
    await client.core.connectGetNamespacedPodPortforward(pod).catch(absent);
    await client.core.connectPostNamespacedPodPortforward(pod).catch(absent);
    await expectRightsUsed('rights-uninstall', objects, 'uninstall');
  });

  test('those of an agent', async () => {
    const agents = await openAgentScene(lab());
    try {
      const agent = await agents.addNode();
      agent.start();
      const expiresAtMs = Date.now() + 60_000;
      await agent.order(
        writeOrder({ bootId: agent.host.boot, rollout: 'workflow/run', expiresAtMs }),
      );
      await eventually(async () => expect(await agent.answer()).toBeDefined());
    } finally {
      await agents.close();
    }
    const rendered = await chart.render({});
    await expectRightsUsed('lockkeeper-agent', rendered, 'agent');
  });
});

function adminConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(lab().kubeconfigPath);
  return config;
}

/** Of agents, on no node. */
function daemonSet() {
  const labels = { app: 'rights-agent' };
  const containers = [{ name: 'agent', image: 'none' }];
  const nodeSelector = { 'rights-test': 'nowhere' };
  return {
    metadata: { name: 'rights-agent' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, nodeSelector } },
    },
  };
}
