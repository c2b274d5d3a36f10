import {
  AppsV1Api,
  AuthenticationV1Api,
  CoreV1Api,
  KubeConfig,
  type V1Node,
  type V1Pod,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readAudit } from '../../lab/cluster/audit.ts';
import {
  CLUSTER_PROCESSES,
  LAB_NODE,
  type Cluster,
  type ClusterFacts,
} from '../../lab/cluster/contract.ts';
import { powerOff, powerOn } from '../../lab/cluster/machine.ts';
import { startCluster } from '../../lab/cluster/start.ts';
import { until } from '../ask.ts';
import { lab, processesOf } from './lab.ts';

const { signal } = new AbortController();
const silent = (): void => undefined;

function clientsOf({ kubeconfigPath }: ClusterFacts) {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    authentication: config.makeApiClient(AuthenticationV1Api),
  };
}

function aNode(name: string, bootId: string): V1Node {
  return {
    metadata: {
      name,
      labels: { [LAB_NODE.kubelet.label]: LAB_NODE.kubelet.running, 'test.lockkeeper.io': name },
      annotations: { [LAB_NODE.bootIdAnnotation]: bootId },
    },
  };
}

function readyOf(object: V1Node | V1Pod): string | undefined {
  return object.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

describe('a node of the lab', () => {
  const node = 'cluster-test-1';
  const labels = { app: 'cluster-test' };
  const { core, apps, authentication } = clientsOf(lab());
  const seeNode = () => core.readNode({ name: node });
  const seePods = async () => {
    const list = await core.listNamespacedPod({
      namespace: 'default',
      labelSelector: 'app=cluster-test',
    });
    return list.items;
  };

  beforeAll(async () => {
    await core.createNode({ body: aNode(node, 'boot-1') });
    await apps.createNamespacedDeployment({
      namespace: 'default',
      body: {
        metadata: { name: 'cluster-test' },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              nodeSelector: { 'test.lockkeeper.io': node },
              // A node that is down for long must not lose them to the taint manager while the test looks.
              tolerations: [{ operator: 'Exists' }],
              containers: [{ name: 'c', image: 'example.com/nothing' }],
            },
          },
        },
      },
    });
  });

  afterAll(async () => {
    await apps.deleteNamespacedDeployment({ namespace: 'default', name: 'cluster-test' });
    await core.deleteNode({ name: node });
  });

  test('becomes Ready with the boot id it was given, and runs what a Deployment puts on it', async () => {
    const seen = await until(seeNode, (it) => readyOf(it) === 'True');
    expect(seen.status?.nodeInfo?.bootID).toBe('boot-1');
    const pods = await until(
      seePods,
      (it) => it.length === 2 && it.every((pod) => readyOf(pod) === 'True'),
    );
    expect(pods.map((pod) => pod.spec?.nodeName)).toEqual([node, node]);
  });

  test('goes NotReady with its pods when powered off, stays so, and comes back with them and a new boot id', async () => {
    await powerOff(lab(), node, signal);
    // Longer than KWOK takes to play any of its stages.
    await sleep(3_000);
    expect(readyOf(await seeNode())).toBe('False');
    expect((await seePods()).map(readyOf)).toEqual(['False', 'False']);

    await powerOn(lab(), node, { bootId: 'boot-2', signal });
    const seen = await seeNode();
    expect([readyOf(seen), seen.status?.nodeInfo?.bootID]).toEqual(['True', 'boot-2']);
    expect((await seePods()).map(readyOf)).toEqual(['True', 'True']);
  });

  test('keeps a deleted pod terminating while it is down', async () => {
    const [pod] = await seePods();
    const name = pod?.metadata?.name ?? '';
    await powerOff(lab(), node, signal);
    await core.deleteNamespacedPod({ namespace: 'default', name });
    await sleep(2_000);
    const seen = await core.readNamespacedPod({ namespace: 'default', name });
    expect(seen.metadata?.deletionTimestamp).toBeDefined();

    await powerOn(lab(), node, { signal });
    await until(seePods, (it) => !it.some((one) => one.metadata?.name === name));
  });

  test('lets a token be bound to a pod on it', async () => {
    const [pod] = await until(seePods, (it) => it.length === 2);
    const { name = '', uid = '' } = pod?.metadata ?? {};
    const request = await core.createNamespacedServiceAccountToken({
      namespace: 'default',
      name: 'default',
      body: {
        spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
      },
    });
    const review = await authentication.createTokenReview({
      body: { spec: { token: request.status?.token ?? '' } },
    });
    expect(review.status?.user?.extra?.['authentication.kubernetes.io/node-name']).toEqual([node]);
  });
});

async function looksForNothing() {
  const records = await readAudit(lab().auditPath);
  return records.filter(
    ({ user, verb, resource, name }) =>
      user === 'admin' && verb === 'get' && resource === 'configmaps' && name === 'not-there',
  );
}

describe('the audit log', () => {
  test('counts each request once, by user and verb', async () => {
    const { core } = clientsOf(lab());
    const before = (await looksForNothing()).length;
    for (let turn = 0; turn < 3; turn += 1) {
      const asked = core.readNamespacedConfigMap({ namespace: 'default', name: 'not-there' });
      await expect(asked).rejects.toMatchObject({ code: 404 });
    }
    const records = await looksForNothing();
    expect(records).toHaveLength(before + 3);
    expect(records.at(-1)).toMatchObject({ code: 404, namespace: 'default', subresource: '' });
  });
});

describe('a cluster of its own', () => {
  let dir: string;
  let cluster: Cluster | undefined;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockkeeper-cluster-test-'));
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('keeps its objects over a restart of the API server and of Temporal, and leaves nothing behind when stopped', async () => {
    const own = join(dir, 'restarted');
    cluster = await startCluster({ dir: own, tools: lab().tools, log: silent, signal, ui: false });
    const { core } = clientsOf(cluster);
    await core.createNode({ body: aNode('survivor', 'boot-1') });
    await Promise.all([
      cluster.restart('kube-apiserver', { downMs: 500 }),
      cluster.restart('temporal'),
    ]);
    await until(
      () => core.readNode({ name: 'survivor' }),
      (it) => readyOf(it) === 'True',
    );
    expect(processesOf(own)).toHaveLength(CLUSTER_PROCESSES.length);

    await Promise.all([cluster.stop(), cluster.stop()]);
    expect(processesOf(own)).toEqual([]);
  });

  test('leaves no process behind when its parent is killed', async () => {
    const own = join(dir, 'doomed');
    const script = fileURLToPath(new URL('doomed-cluster.ts', import.meta.url));
    const parent = spawn(process.execPath, [script, own, JSON.stringify(lab().tools)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(parent.stdout, 'data');
    expect(processesOf(own)).toHaveLength(CLUSTER_PROCESSES.length);

    parent.kill('SIGKILL');
    await until(
      async () => processesOf(own),
      (left) => left.length === 0,
    );
  });

  test('says in one line that a demanded port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const uiPort = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startCluster({
      dir: join(dir, 'refused'),
      tools: lab().tools,
      log: silent,
      signal,
      uiPort,
    });
    await expect(start).rejects.toThrow(
      `port ${uiPort} of 127.0.0.1 is in use: end what listens there, or choose another with --ui-port`,
    );
    server.close();
  });

  test('says in one line which process ended while it started, with its last words', async () => {
    const own = join(dir, 'broken');
    const start = startCluster({
      dir: own,
      tools: { ...lab().tools, kubeScheduler: '/bin/false' },
      log: silent,
      signal,
      ui: false,
    });
    await expect(start).rejects.toThrow(/^kube-scheduler ended \(exit code 1\); it said nothing/);
    expect(processesOf(own)).toEqual([]);
  });
});
