import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  AdmissionregistrationV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
} from '@kubernetes/client-node';
import { podApi } from '../../activities/kube/pods.ts';
import { serveWeb } from '../../activities/testing/web-server.ts';
import { clientFor, openScene, type Scene } from './drain-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** Evictions that others than a disruption budget refuse: a webhook, and the worker's own role. */

let scene: Scene;
let node: string;
const cleanUp: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  scene = await openScene(lab().kubeconfigPath);
  node = await scene.addNode();
  await scene.addPod('web', node);
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
  await scene.close();
});

const admin = (): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromFile(lab().kubeconfigPath);
  return config;
};

/** A service account of the scene that may look at pods, and the token it is known by. */
async function somebody(): Promise<{
  token: string;
  may: (verb: Verb) => Promise<void>;
}> {
  const { namespace, client } = scene;
  const rbac = admin().makeApiClient(RbacAuthorizationV1Api);
  const name = `${namespace}-drainer`;
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace }];
  const may = async ({ resource, verbs }: Verb): Promise<void> => {
    const role = `${name}-${resource.replace('/', '-')}`;
    const group = resource === 'volumeattachments' ? 'storage.k8s.io' : '';
    await rbac.createClusterRole({
      body: {
        metadata: { name: role },
        rules: [{ apiGroups: [group], resources: [resource], verbs }],
      },
    });
    cleanUp.push(() => rbac.deleteClusterRole({ name: role }));
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
    await rbac.createClusterRoleBinding({ body: { metadata: { name: role }, roleRef, subjects } });
    cleanUp.push(() => rbac.deleteClusterRoleBinding({ name: role }));
  };
  await may({ resource: 'pods', verbs: ['list', 'watch'] });
  await may({ resource: 'volumeattachments', verbs: ['list'] });
  const request = { namespace, name: 'default', body: { spec: { audiences: [] } } };
  const { status } = await client.core.createNamespacedServiceAccountToken(request);
  return { token: status?.token ?? '', may };
}

interface Verb {
  readonly resource: string;
  readonly verbs: string[];
}

test('by a role that does not let the worker evict or delete: waits, says which permission is missing, and goes on with it', async () => {
  const { token, may } = await somebody();
  const pods = podApi(clientFor(lab().kubeconfigPath, token));
  const { outcome, reports } = scene.drain(node, { pods });
  await eventually(() =>
    expect(reports.at(-1)?.blockers[0]?.because).toMatch(
      /^the worker may not evict it: .*cannot create resource "pods\/eviction"/,
    ),
  );
  const { signal } = new AbortController();
  const [pod] = (await pods.list(node, signal)).pods;
  if (!pod) throw new Error('there is no pod left');
  expect(await pods.delete(pod, { graceMs: 1_000, signal })).toMatchObject({
    kind: 'forbidden',
    because: expect.stringMatching(
      /^the worker may not delete it: .*cannot delete resource "pods"/,
    ),
  });
  expect(await scene.podsOn(node)).toHaveLength(1);
  await may({ resource: 'pods/eviction', verbs: ['create'] });
  expect(await outcome).toMatchObject({ evicted: 1 });
});

test('by an admission webhook: waits, names it with its words, and goes on when it agrees', async () => {
  const webhook = await startWebhook();
  await refuseEvictions(webhook.url);
  const { outcome, reports } = scene.drain(node);
  await eventually(() =>
    expect(reports.at(-1)?.blockers[0]?.because).toMatch(
      /admission webhook "evictions\.shop\.example" denied the request: a backup is running/,
    ),
  );
  expect(await scene.podsOn(node)).toHaveLength(1);
  webhook.agree();
  expect(await outcome).toMatchObject({ evicted: 1 });
});

/** A real admission webhook; the API server's own certificate is good for this address. */
async function startWebhook(): Promise<{ url: string; agree: () => void }> {
  const { caPath } = lab();
  const certs = dirname(caPath);
  let allowed = false;
  const tls = { cert: readFileSync(caPath), key: readFileSync(join(certs, 'apiserver.key')) };
  const server = await serveWeb(({ body }, response) => {
    const { apiVersion, kind, request } = JSON.parse(body) as {
      apiVersion: string;
      kind: string;
      request: { uid: string };
    };
    const status = allowed ? {} : { status: { message: 'a backup is running' } };
    const verdict = { uid: request.uid, allowed, ...status };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion, kind, response: verdict }));
  }, tls);
  cleanUp.push(() => server.close());
  return { url: `${server.url}/`, agree: () => void (allowed = true) };
}

async function refuseEvictions(url: string): Promise<void> {
  const registration = admin().makeApiClient(AdmissionregistrationV1Api);
  const name = scene.namespace;
  await registration.createValidatingWebhookConfiguration({
    body: {
      metadata: { name },
      webhooks: [
        {
          name: 'evictions.shop.example',
          clientConfig: { url, caBundle: readFileSync(lab().caPath).toString('base64') },
          rules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['pods/eviction'],
            },
          ],
          // Others share the cluster.
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': scene.namespace } },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  });
  cleanUp.push(() => registration.deleteValidatingWebhookConfiguration({ name }));
  // It counts a moment after it was written: until then an eviction would pass.
  await eventually(async () => {
    const probe = { metadata: { name: 'nobody', namespace: scene.namespace } };
    const refused = await scene.client.core
      .createNamespacedPodEviction({ name: 'nobody', namespace: scene.namespace, body: probe })
      .then(
        () => '',
        (error: unknown) => String(error),
      );
    expect(refused).toContain('a backup is running');
  });
}
