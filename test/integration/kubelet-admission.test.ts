import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ANNOTATION } from '../../domain/node-contract.ts';
import { openAgentScene, type AgentNode, type AgentScene } from './agent-scene.ts';
import {
  annotations,
  ask,
  dry,
  inMetadata,
  labels,
  MERGE,
  ON_STATUS,
  onNode,
  type Attempt,
  type Change,
} from './attempts.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** What a kubelet's credential may write on its own Node, with the right that Kubernetes gives it. */

const RBAC = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const BINDING = 'kubelet-admission-test';

let scene: AgentScene;
let node: AgentNode;

beforeAll(async () => {
  scene = await openAgentScene(lab());
  node = await scene.addNode();
  await node.annotate({ [ANNOTATION.hold]: 'by a person' });
  // In a cluster the Node authorizer gives this to each kubelet.
  await scene.admin.post(RBAC, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: BINDING },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  });
  await eventually(async () => (await asKubelet(onNode(node.name, {}))).status === 200);
  await eventually(async () => (await asKubelet(hold())).status === 403);
});
afterAll(async () => {
  await scene.admin.delete(`${RBAC}/${BINDING}`);
  await scene.close();
});

const hold = (): Attempt => dry(onNode(node.name, annotations(ANNOTATION.hold)));

function asKubelet(attempt: Attempt) {
  const headers = {
    'Impersonate-User': `system:node:${node.name}`,
    'Impersonate-Group': 'system:nodes',
  };
  return ask(lab().adminToken, { ...attempt, headers });
}

const OURS: readonly Change[] = [
  ...Object.entries(ANNOTATION).map(([what, key]): Change => [what, annotations(key)]),
  ['the record, by way of the status', annotations(ANNOTATION.rollout), ON_STATUS],
  ['an annotation to come', annotations('lockkeeper.io/new')],
  ["a person's hold away", inMetadata({ annotations: { [ANNOTATION.hold]: null } })],
  ['all annotations away', inMetadata({ annotations: null })],
  ['the label that chooses its pool', labels('lockkeeper.io/pool')],
];

test.each(OURS)('G10: a kubelet does not write %s', async (_, body, how = {}) => {
  const answer = await asKubelet(onNode(node.name, body, how));
  expect(answer).toMatchObject({ status: 403 });
  expect(answer.message).toContain('under lockkeeper.io/');
});

const aNode = (metadata: object): Attempt =>
  dry({
    method: 'POST',
    path: '/api/v1/nodes',
    contentType: 'application/json',
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: `${node.name}-anew`, ...metadata } },
  });

test('G10: a kubelet does not bring them along when it registers', async () => {
  for (const metadata of [
    { annotations: { [ANNOTATION.rollout]: 'stolen' } },
    { labels: { 'lockkeeper.io/pool': 'stolen' } },
  ]) {
    expect(await asKubelet(aNode(metadata))).toMatchObject({ status: 403 });
  }
});

test('a kubelet registers, reports, and writes what is its own', async () => {
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'it is' };
  const strategic = 'application/strategic-merge-patch+json';
  for (const attempt of [
    aNode({ labels: { 'kubernetes.io/hostname': 'n' }, annotations: { a: 'b' } }),
    onNode(node.name, labels('node.kubernetes.io/instance-type')),
    onNode(node.name, annotations('volumes.kubernetes.io/controller-managed-attach-detach')),
    onNode(
      node.name,
      { status: { conditions: [ready] } },
      { at: 'status', contentType: strategic },
    ),
  ]) {
    expect(await asKubelet(attempt)).toMatchObject({ status: expect.any(Number), message: '' });
  }
});

test('everybody else still writes there, as a person does', async () => {
  const asked = {
    path: `/api/v1/nodes/${node.name}`,
    method: 'PATCH',
    contentType: MERGE,
  } as const;
  const body = annotations(ANNOTATION.hold, 'for a while');
  expect(await ask(lab().adminToken, { ...asked, body })).toMatchObject({ status: 200 });
});
