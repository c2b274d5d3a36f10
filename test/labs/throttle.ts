import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { call } from '../../lab/cluster/http.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import type { Kube } from '../../lab/fleet/kube.ts';

const NAME = 'throttled-worker';
const ACCOUNT = { name: 'lockkeeper-worker', namespace: 'lockkeeper' };
const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io/v1';
const REGISTRATION = 'admissionregistration.k8s.io/v1';
const HANGS = { hangs: 'yes' };

/**
 * Has the API server refuse the requests of the worker's own account with 429, as its priority and fairness does to whoever
 * asks for more than its share (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/). The account has no
 * share, which lets one request pass at a time: that one hangs in a webhook, again and again.
 */
export async function throttleWorker(cluster: Cluster, kube: Kube): Promise<() => Promise<void>> {
  const webhook = await hangingWebhook(cluster);
  const { port } = webhook.address() as AddressInfo;
  const paths: string[] = [];
  const create = async (
    group: string,
    resource: string,
    object: { kind: string },
  ): Promise<void> => {
    const metadata = { name: NAME };
    await kube.post(`/apis/${group}/${resource}`, { apiVersion: group, metadata, ...object });
    paths.unshift(`/apis/${group}/${resource}/${NAME}`);
  };
  await create(REGISTRATION, 'validatingwebhookconfigurations', webhookFor(cluster, port));
  await create(FLOW_CONTROL, 'prioritylevelconfigurations', NO_SHARE);
  await create(FLOW_CONTROL, 'flowschemas', SCHEMA);
  const ending = new AbortController();
  const occupied = occupy(cluster, ending.signal);
  await untilThrottled(cluster, ending.signal);
  return async () => {
    ending.abort();
    await occupied;
    for (const path of paths) await kube.delete(path);
    webhook.closeAllConnections();
    webhook.close();
  };
}

async function hangingWebhook({ caPath }: Cluster): Promise<Server> {
  const cert = readFileSync(caPath);
  const key = readFileSync(caPath.replace(/\.crt$/, '.key'));
  const server = createServer({ cert, key }, () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const webhookFor = ({ caPath }: Cluster, port: number) => ({
  kind: 'ValidatingWebhookConfiguration',
  webhooks: [
    {
      name: 'hangs.shop.example',
      clientConfig: {
        url: `https://127.0.0.1:${port}/`,
        caBundle: readFileSync(caPath).toString('base64'),
      },
      rules: [
        { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE'], resources: ['events'] },
      ],
      objectSelector: { matchLabels: HANGS },
      failurePolicy: 'Ignore',
      timeoutSeconds: 30,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
  ],
});

const NO_SHARE = {
  kind: 'PriorityLevelConfiguration',
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 0,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Reject' },
    },
  },
};

const SCHEMA = {
  kind: 'FlowSchema',
  spec: {
    matchingPrecedence: 2,
    priorityLevelConfiguration: { name: NAME },
    rules: [
      {
        subjects: [{ kind: 'ServiceAccount', serviceAccount: ACCOUNT }],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            namespaces: ['*'],
            clusterScope: true,
          },
        ],
      },
    ],
  },
};

/** One request of the worker's account. */
function asWorker(
  { apiServerUrl, caPath, adminToken }: Cluster,
  { path, body, signal }: { path: string; body?: object; signal: AbortSignal },
) {
  return call(`${apiServerUrl}${path}`, {
    ...(body && { method: 'POST', body }),
    headers: { 'impersonate-user': `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}` },
    token: adminToken,
    ca: readFileSync(caPath, 'utf8'),
    signal,
  });
}

/** Nobody is patient for ever, and before the schema is in force the request may be over at once. */
async function occupy(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const path = '/api/v1/namespaces/default/events?dryRun=All';
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: 'hangs-', namespace: 'default', labels: HANGS },
    involvedObject: { kind: 'Node', name: 'worker-1', namespace: 'default' },
    reason: 'Hangs',
    message: 'a test',
  };
  while (!signal.aborted) {
    await asWorker(cluster, { path, body, signal }).catch(() => undefined);
    await pause(10);
  }
}

async function untilThrottled(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const endMs = Date.now() + 30_000;
  for (;;) {
    const { status } = await asWorker(cluster, { path: '/api/v1/nodes?limit=1', signal });
    if (status === 429) return;
    if (Date.now() > endMs) throw new Error(`the worker is not throttled: HTTP ${status}`);
    await pause(100);
  }
}
