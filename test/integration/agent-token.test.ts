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

type Change = readonly [what: string, body: object, how?: { at?: Where; contentType?: string }];

const inMetadata = (metadata: object) => ({ metadata });
const ON_STATUS = { at: 'status' } as const;
const CONDITIONS = { at: 'status', contentType: STRATEGIC } as const;
const ADDRESS = { type: 'InternalIP', address: '10.0.0.9' };
const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };

const CHANGES: readonly Change[] = [
  ['a taint', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
  ['the cordon', { spec: { unschedulable: true } }],
  ['a label', inMetadata({ labels: { a: 'b' } })],
  ['all labels', inMetadata({ labels: null })],
  ['a label, by way of the status', inMetadata({ labels: { a: 'b' } }), ON_STATUS],
  ['a finalizer', inMetadata({ finalizers: ['a/b'] })],
  ['an owner', inMetadata({ ownerReferences: [OWNER] })],
  ['the order', annotations(ANNOTATION.order)],
  ['the rollout record', annotations(ANNOTATION.rollout)],
  ['the quarantine', annotations(ANNOTATION.quarantine)],
  ['what is remembered of it', annotations(ANNOTATION.attempts)],
  ['the hold', annotations(ANNOTATION.hold), ON_STATUS],
  ["somebody's annotation", annotations('test/annotation')],
  ['all annotations', inMetadata({ annotations: null })],
  ['the Ready condition', report('Ready'), CONDITIONS],
  ['a condition of the rollout', report('Drained'), CONDITIONS],
  ['all conditions', { status: { conditions: null } }, ON_STATUS],
  ['the boot id', { status: { nodeInfo: { bootID: 'b' } } }, ON_STATUS],
  ['the capacity', { status: { capacity: { cpu: '1' } } }, ON_STATUS],
  ['an address', { status: { addresses: [ADDRESS] } }, ON_STATUS],
  ['the whole status', { status: null }, ON_STATUS],
];
const OF_ITS_OWN: readonly Change[] = [
  ['the report', report('RebootRequired'), CONDITIONS],
  ['the answer', annotations(ANNOTATION.answer)],
];

test.each(CHANGES)('G10: does not change %s of its own node', async (_, body, how = {}) => {
  await expectRefused(onNode(node, body, how));
});

test.each([...OF_ITS_OWN, ...CHANGES])(
  'G10: does not change %s of another node',
  async (_, body, how = {}) => {
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
const get = (path: string): Attempt => ({ path });
const remove = (path: string): Attempt => ({ method: 'DELETE', path });
const create = (path: string, body: object): Attempt => ({ method: 'POST', path, body });
const as = (headers: Record<string, string>): Attempt => ({ path: '/api/v1/nodes', headers });

const NODES = '/api/v1/nodes';
const aNode = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'stolen' } };
const anEviction = () => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name: node.name },
});
const tokenOf = (account: string): Attempt =>
  create(inNamespace(`serviceaccounts/${account}/token`), aTokenRequest());
const ADMISSION = 'validatingadmissionpolicies/lockkeeper-agent';
const ADMISSION_BINDING = 'validatingadmissionpolicybindings/lockkeeper-agent';

test.each<[what: string, attempt: () => Attempt]>([
  ['delete its own node', () => remove(`${NODES}/${node.name}`)],
  ['delete another node', () => remove(`${NODES}/${other.name}`)],
  ['create a node', () => create(NODES, aNode)],
  ['evict a pod', () => create(inNamespace(`pods/${node.name}/eviction`), anEviction())],
  ['delete a pod', () => remove(inNamespace(`pods/${node.name}`))],
  ['delete all pods', () => remove(inNamespace('pods?labelSelector=none'))],
  ['create a pod', () => create(inNamespace('pods'), aPod())],
  ['read pods', () => get('/api/v1/pods')],
  ['read secrets', () => get('/api/v1/secrets')],
  ['read secrets of its namespace', () => get(inNamespace('secrets'))],
  ['read the policy', () => get(inNamespace('configmaps'))],
  [
    'change the policy',
    () => patch(inNamespace('configmaps/lockkeeper-policy'), { data: { a: 'b' } }),
  ],
  ['change the DaemonSet', () => patch(inApps('daemonsets/lockkeeper-agent'), image, STRATEGIC)],
  ['delete the DaemonSet', () => remove(inApps('daemonsets/lockkeeper-agent'))],
  [
    'change the worker',
    () => patch(inApps('deployments/lockkeeper-worker'), { spec: { replicas: 0 } }),
  ],
  [
    'change the admission policy',
    () => patch(inAdmission(ADMISSION), { spec: { failurePolicy: 'Ignore' } }),
  ],
  ['unbind the admission policy', () => remove(inAdmission(ADMISSION_BINDING))],
  ['change its role', () => patch(inRbac('clusterroles/lockkeeper-agent'), { rules: [] })],
  [
    "change the worker's role",
    () => patch(inRbac('clusterroles/lockkeeper-worker'), { rules: [] }),
  ],
  ['give itself a role', () => create(inRbac('clusterrolebindings'), aBinding('cluster-admin'))],
  ['get another token of its account', () => tokenOf('lockkeeper-agent')],
  ['get a token of the worker', () => tokenOf('lockkeeper-worker')],
  ...['lockkeeper-worker', 'lockkeeper-agent'].map((account): [string, () => Attempt] => [
    `impersonate ${account}`,
    () => as({ 'Impersonate-User': `system:serviceaccount:lockkeeper:${account}` }),
  ]),
  [
    'impersonate an administrator',
    () => as({ 'Impersonate-User': 'admin', 'Impersonate-Group': 'system:masters' }),
  ],
])('G10: does not %s', async (_, attempt) => {
  await expectRefused(attempt());
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
