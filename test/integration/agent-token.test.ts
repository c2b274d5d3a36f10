import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ANNOTATION } from '../../domain/node-contract.ts';
import { call, type HttpCall } from '../../lab/cluster/http.ts';
import { openAgentScene, type AgentNode, type AgentScene } from './agent-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** What somebody can do who has stolen an agent's token: real tokens, the shipped objects, a real API server. */

let scene: AgentScene;
let node: AgentNode;
let other: AgentNode;
let ca: string;
const { signal } = new AbortController();

beforeAll(async () => {
  scene = await openAgentScene(lab());
  node = await scene.addNode();
  other = await scene.addNode();
  ca = readFileSync(lab().caPath, 'utf8');
  // The API server takes a moment to put a new policy into force.
  await eventually(
    async () => (await ask(node.token, onNode(node, annotations('probe')))).status === 403,
  );
});
afterAll(async () => {
  await scene.close();
});

/** One request, and what the API server says to it. */
type Attempt = Pick<HttpCall, 'method' | 'body' | 'contentType' | 'headers'> & {
  readonly path: string;
};

async function ask(token: string, { path, ...how }: Attempt) {
  const { status, text } = await call(`${lab().apiServerUrl}${path}`, {
    ...how,
    token,
    ca,
    signal,
  });
  const { message = '' } = JSON.parse(text) as { message?: string };
  return { status, message };
}

/** The same by an administrator changes nothing and is allowed: so it is the right that is missing, not the words. */
async function asAdministrator({ path, ...how }: Attempt) {
  const dry = `${path}${path.includes('?') ? '&' : '?'}dryRun=All`;
  return ask(lab().adminToken, { ...how, path: dry });
}

async function expectRefused(attempt: Attempt): Promise<void> {
  const allowed = await asAdministrator(attempt);
  expect([200, 201]).toContain(allowed.status);
  expect(await ask(node.token, attempt)).toMatchObject({ status: 403 });
}

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
type Where = 'node' | 'status';

function onNode(
  { name }: AgentNode,
  body: unknown,
  { at = 'node', contentType = MERGE }: { at?: Where; contentType?: string } = {},
): Attempt {
  const path = `/api/v1/nodes/${name}${at === 'status' ? '/status' : ''}`;
  return { method: 'PATCH', path, contentType, body };
}
const report = (type: string) => ({
  status: { conditions: [{ type, status: 'Unknown', reason: 'Stolen', message: 'by a test' }] },
});
const annotations = (key: string) => ({ metadata: { annotations: { [key]: 'stolen' } } });
const inNamespace = (rest: string): string => `/api/v1/namespaces/lockkeeper/${rest}`;
const inApps = (rest: string): string => `/apis/apps/v1/namespaces/lockkeeper/${rest}`;
const inAdmission = (rest: string): string => `/apis/admissionregistration.k8s.io/v1/${rest}`;
const inRbac = (rest: string): string => `/apis/rbac.authorization.k8s.io/v1/${rest}`;

test('G10: changes the condition and the answer of its own node', async () => {
  const strategic = { at: 'status', contentType: STRATEGIC } as const;
  const reported = await ask(node.token, onNode(node, report('RebootRequired'), strategic));
  expect(reported.status).toBe(200);
  const answered = await ask(node.token, onNode(node, annotations(ANNOTATION.answer)));
  expect(answered.status).toBe(200);
  expect(await node.condition()).toMatchObject({ status: 'Unknown', reason: 'Stolen' });
});

interface Change {
  readonly what: string;
  readonly body: object;
  readonly at?: Where;
  readonly contentType?: string;
}

const CHANGES: readonly Change[] = [
  { what: 'a taint', body: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } } },
  { what: 'the cordon', body: { spec: { unschedulable: true } } },
  { what: 'a label', body: { metadata: { labels: { a: 'b' } } } },
  { what: 'all labels', body: { metadata: { labels: null } } },
  {
    what: 'a label, by way of the status',
    at: 'status',
    body: { metadata: { labels: { a: 'b' } } },
  },
  { what: 'a finalizer', body: { metadata: { finalizers: ['a/b'] } } },
  {
    what: 'an owner',
    body: {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] },
    },
  },
  { what: 'the order', body: annotations(ANNOTATION.order) },
  { what: 'the rollout record', body: annotations(ANNOTATION.rollout) },
  { what: 'the quarantine', body: annotations(ANNOTATION.quarantine) },
  { what: 'what is remembered of it', body: annotations(ANNOTATION.attempts) },
  { what: 'the hold', at: 'status', body: annotations(ANNOTATION.hold) },
  { what: "somebody's annotation", body: annotations('test/annotation') },
  { what: 'all annotations', body: { metadata: { annotations: null } } },
  { what: 'the Ready condition', at: 'status', contentType: STRATEGIC, body: report('Ready') },
  {
    what: 'a condition of the rollout',
    at: 'status',
    contentType: STRATEGIC,
    body: report('Drained'),
  },
  { what: 'all conditions', at: 'status', body: { status: { conditions: null } } },
  { what: 'the boot id', at: 'status', body: { status: { nodeInfo: { bootID: 'b' } } } },
  { what: 'the capacity', at: 'status', body: { status: { capacity: { cpu: '1' } } } },
  {
    what: 'an address',
    at: 'status',
    body: { status: { addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] } },
  },
  { what: 'the whole status', at: 'status', body: { status: null } },
];

test.each(CHANGES)('G10: does not change $what of its own node', async ({ body, ...how }) => {
  await expectRefused(onNode(node, body, how));
});

const OF_ITS_OWN: readonly Change[] = [
  {
    what: 'the report',
    at: 'status',
    contentType: STRATEGIC,
    body: report('RebootRequired'),
  },
  { what: 'the answer', body: annotations(ANNOTATION.answer) },
];

test.each([...OF_ITS_OWN, ...CHANGES])(
  'G10: does not change $what of another node',
  async ({ body, ...how }) => {
    await expectRefused(onNode(other, body, how));
  },
);

test('G10: is told whose token it is', async () => {
  const { message } = await ask(node.token, onNode(other, annotations(ANNOTATION.answer)));
  expect(message).toContain(`belongs to node ${node.name}, not ${other.name}`);
});

/** A pod of somebody who wants the node. */
const aPod = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'stolen' },
  spec: {
    nodeName: node.name,
    hostPID: true,
    containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }],
  },
});
const aBinding = (role: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'stolen' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: 'lockkeeper-agent', namespace: 'lockkeeper' }],
});
const aTokenRequest = () => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: {},
});
const image = {
  spec: { template: { spec: { containers: [{ name: 'agent', image: 'stolen' }] } } },
};
const patch = (path: string, body: unknown, contentType = MERGE): Attempt => ({
  method: 'PATCH',
  path,
  contentType,
  body,
});

describe('G10: does not', () => {
  test.each<{ what: string; attempt: () => Attempt }>([
    {
      what: 'delete its own node',
      attempt: () => ({ method: 'DELETE', path: `/api/v1/nodes/${node.name}` }),
    },
    {
      what: 'delete another node',
      attempt: () => ({ method: 'DELETE', path: `/api/v1/nodes/${other.name}` }),
    },
    {
      what: 'create a node',
      attempt: () => ({
        method: 'POST',
        path: '/api/v1/nodes',
        body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'stolen' } },
      }),
    },
    {
      what: 'evict a pod',
      attempt: () => ({
        method: 'POST',
        path: inNamespace(`pods/${node.name}/eviction`),
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: node.name } },
      }),
    },
    {
      what: 'delete a pod',
      attempt: () => ({ method: 'DELETE', path: inNamespace(`pods/${node.name}`) }),
    },
    {
      what: 'delete all pods',
      attempt: () => ({ method: 'DELETE', path: inNamespace('pods?labelSelector=none') }),
    },
    {
      what: 'create a pod',
      attempt: () => ({ method: 'POST', path: inNamespace('pods'), body: aPod() }),
    },
    { what: 'read pods', attempt: () => ({ path: '/api/v1/pods' }) },
    { what: 'read secrets', attempt: () => ({ path: '/api/v1/secrets' }) },
    { what: 'read secrets of its namespace', attempt: () => ({ path: inNamespace('secrets') }) },
    { what: 'read the policy', attempt: () => ({ path: inNamespace('configmaps') }) },
    {
      what: 'change the policy',
      attempt: () => patch(inNamespace('configmaps/lockkeeper-policy'), { data: { a: 'b' } }),
    },
    {
      what: 'change the DaemonSet',
      attempt: () => patch(inApps('daemonsets/lockkeeper-agent'), image, STRATEGIC),
    },
    {
      what: 'delete the DaemonSet',
      attempt: () => ({ method: 'DELETE', path: inApps('daemonsets/lockkeeper-agent') }),
    },
    {
      what: 'change the worker',
      attempt: () => patch(inApps('deployments/lockkeeper-worker'), { spec: { replicas: 0 } }),
    },
    {
      what: 'change the admission policy',
      attempt: () =>
        patch(inAdmission('validatingadmissionpolicies/lockkeeper-agent'), {
          spec: { failurePolicy: 'Ignore' },
        }),
    },
    {
      what: 'unbind the admission policy',
      attempt: () => ({
        method: 'DELETE',
        path: inAdmission('validatingadmissionpolicybindings/lockkeeper-agent'),
      }),
    },
    {
      what: 'change its role',
      attempt: () => patch(inRbac('clusterroles/lockkeeper-agent'), { rules: [] }),
    },
    {
      what: "change the worker's role",
      attempt: () => patch(inRbac('clusterroles/lockkeeper-worker'), { rules: [] }),
    },
    {
      what: 'give itself a role',
      attempt: () => ({
        method: 'POST',
        path: inRbac('clusterrolebindings'),
        body: aBinding('cluster-admin'),
      }),
    },
    {
      what: 'get another token of its account',
      attempt: () => ({
        method: 'POST',
        path: inNamespace('serviceaccounts/lockkeeper-agent/token'),
        body: aTokenRequest(),
      }),
    },
    {
      what: 'get a token of the worker',
      attempt: () => ({
        method: 'POST',
        path: inNamespace('serviceaccounts/lockkeeper-worker/token'),
        body: aTokenRequest(),
      }),
    },
    ...['lockkeeper-worker', 'lockkeeper-agent'].map((account) => ({
      what: `impersonate ${account}`,
      attempt: () => ({
        path: '/api/v1/nodes',
        headers: { 'Impersonate-User': `system:serviceaccount:lockkeeper:${account}` },
      }),
    })),
    {
      what: 'impersonate an administrator',
      attempt: () => ({
        path: '/api/v1/nodes',
        headers: { 'Impersonate-User': 'admin', 'Impersonate-Group': 'system:masters' },
      }),
    },
  ])('$what', async ({ attempt }) => {
    await expectRefused(attempt());
  });
});

describe('G10: a token of the account', () => {
  test('that is bound to no pod changes nothing', async () => {
    const unbound = await scene.token();
    for (const attempt of [
      onNode(node, report('RebootRequired'), { at: 'status', contentType: STRATEGIC }),
      onNode(node, annotations(ANNOTATION.answer)),
    ]) {
      const { status, message } = await ask(unbound, attempt);
      expect(status).toBe(403);
      expect(message).toContain('is not bound to a pod on a node');
    }
  });

  test('is worth nothing once its pod is gone', async () => {
    const gone = await scene.addNode();
    await scene.admin.delete(inNamespace(`pods/${gone.name}?gracePeriodSeconds=0`));
    const attempt = onNode(gone, annotations(ANNOTATION.answer));
    await eventually(async () => (await ask(gone.token, attempt)).status === 401);
  });
});
