import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ANNOTATION, REBOOT_REQUIRED } from '../../domain/node-contract.ts';
import { openAgentScene, type AgentNode, type AgentScene } from './agent-scene.ts';
import {
  annotations,
  ask,
  condition,
  CONDITIONS,
  dry,
  expectRefused,
  inMetadata,
  JSON_ON_STATUS,
  MERGE,
  ON_STATUS,
  onNode,
  report,
  STRATEGIC,
  type Attempt,
  type Change,
} from './attempts.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** What somebody can do who has stolen an agent's token: real tokens, the shipped objects, a real API server. */

let scene: AgentScene;
let node: AgentNode;
let other: AgentNode;

beforeAll(async () => {
  scene = await openAgentScene(lab());
  node = await scene.addNode();
  other = await scene.addNode();
  // The API server takes a moment to put a new policy into force; what it lets through until then must not stay.
  const probe = dry(onNode(node.name, annotations('probe')));
  await eventually(async () => (await ask(node.token, probe)).status === 403);
});
afterAll(async () => {
  await scene.close();
});

const inNamespace = (rest: string): string => `/api/v1/namespaces/lockkeeper/${rest}`;
const inApps = (rest: string): string => `/apis/apps/v1/namespaces/lockkeeper/${rest}`;
const inAdmission = (rest: string): string => `/apis/admissionregistration.k8s.io/v1/${rest}`;
const inRbac = (rest: string): string => `/apis/rbac.authorization.k8s.io/v1/${rest}`;

test('G10: changes the condition and the answer of its own node', async () => {
  const strategic = { at: 'status', contentType: STRATEGIC } as const;
  const reported = await ask(node.token, onNode(node.name, report('RebootRequired'), strategic));
  expect(reported.status).toBe(200);
  const answered = await ask(node.token, onNode(node.name, annotations(ANNOTATION.answer)));
  expect(answered.status).toBe(200);
  expect(await node.condition()).toMatchObject({ status: 'Unknown', reason: 'Stolen' });
  // The longest that it may write.
  const longest = { reason: long(64), message: long(1_024) };
  for (const attempt of [
    onNode(node.name, report('RebootRequired', longest), CONDITIONS),
    onNode(node.name, annotations(ANNOTATION.answer, long(2_048))),
  ]) {
    expect(await ask(node.token, attempt)).toMatchObject({ status: 200 });
  }
});

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
  ['the managed fields', inMetadata({ managedFields: [{}] })],
];
const long = (length: number): string => 'x'.repeat(length);
const another = (conditions: number) =>
  Array.from({ length: conditions }, () => ({
    op: 'add',
    path: '/status/conditions/-',
    value: condition(REBOOT_REQUIRED),
  }));
/** Of what is its own to write, what others would choke on. */
const TOO_MUCH: readonly Change[] = [
  ['a second report', another(2), JSON_ON_STATUS],
  ['five hundred reports', another(500), JSON_ON_STATUS],
  ['a long message', report(REBOOT_REQUIRED, { message: long(1_025) }), CONDITIONS],
  ['a message of 200 kB', report(REBOOT_REQUIRED, { message: long(200_000) }), CONDITIONS],
  ['a long reason', report(REBOOT_REQUIRED, { reason: long(65) }), CONDITIONS],
  ['a status of its own', report(REBOOT_REQUIRED, { status: 'Perhaps' }), CONDITIONS],
  ['a long answer', annotations(ANNOTATION.answer, long(2_049))],
  ['a long answer, by way of the status', annotations(ANNOTATION.answer, long(2_049)), ON_STATUS],
];
const OF_ITS_OWN: readonly Change[] = [
  ['the report', report('RebootRequired'), CONDITIONS],
  ['the answer', annotations(ANNOTATION.answer)],
];

test.each([...CHANGES, ...TOO_MUCH])(
  'G10: does not change %s of its own node',
  async (_, body, how = {}) => {
    await expectRefused(node.token, onNode(node.name, body, how));
  },
);

test.each([...OF_ITS_OWN, ...CHANGES])(
  'G10: does not change %s of another node',
  async (_, body, how = {}) => {
    await expectRefused(node.token, onNode(other.name, body, how));
  },
);

test('G10: is told whose token it is', async () => {
  const { message } = await ask(node.token, onNode(other.name, annotations(ANNOTATION.answer)));
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
    () => patch(inApps('statefulsets/lockkeeper-worker'), { spec: { replicas: 0 } }),
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
  await expectRefused(node.token, attempt());
});

describe('G10: a token of the account', () => {
  test('that is bound to no pod changes nothing', async () => {
    const unbound = await scene.token();
    for (const attempt of [
      onNode(node.name, report('RebootRequired'), { at: 'status', contentType: STRATEGIC }),
      onNode(node.name, annotations(ANNOTATION.answer)),
    ]) {
      const { status, message } = await ask(unbound, attempt);
      expect(status).toBe(403);
      expect(message).toContain('is not bound to a pod on a node');
    }
  });

  test('is worth nothing once its pod is gone', async () => {
    const gone = await scene.addNode();
    await scene.admin.delete(inNamespace(`pods/${gone.name}?gracePeriodSeconds=0`));
    const attempt = onNode(gone.name, annotations(ANNOTATION.answer));
    await eventually(async () => (await ask(gone.token, attempt)).status === 401);
  });
});

test('G10: waits in a queue of its own, apart from everybody else', async () => {
  const { priorityLevelConfiguration: level } = (
    await scene.admin.get<{ spec: { priorityLevelConfiguration: { name: string } } }>(
      '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/lockkeeper-agent',
    )
  ).spec;
  const { metadata } = await scene.admin.get<{ metadata: { uid: string } }>(
    `/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/${level.name}`,
  );
  const asked = onNode(node.name, annotations(ANNOTATION.answer));
  // The API server says in its answer where a request has waited.
  await eventually(async () => (await ask(node.token, asked)).level === metadata.uid);
  expect((await ask(lab().adminToken, asked)).level).not.toBe(metadata.uid);
});
