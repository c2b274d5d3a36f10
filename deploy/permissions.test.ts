import { expect, test } from '@jest/globals';
import type { AuditRecord } from '../lab/cluster/contract.ts';
import { covers, documentedPermissions, permissionsOf, rightsOf } from './permissions.ts';

const role = (kind: string, rules: object[], namespace?: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: {
    name: 'r',
    labels: { 'app.kubernetes.io/component': 'worker' },
    ...(namespace === undefined ? {} : { namespace }),
  },
  rules,
});
const ROLES = [
  role('ClusterRole', [
    { apiGroups: [''], resources: ['nodes', 'nodes/status'], verbs: ['get', 'patch'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
  ]),
  role('Role', [{ apiGroups: [''], resources: ['events'], verbs: ['create'] }], 'default'),
  role(
    'Role',
    [{ apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: ['kured'], verbs: ['get'] }],
    'kube-system',
  ),
];

test('roles in words, each right once', () => {
  expect(permissionsOf([...ROLES, ...ROLES], 'worker')).toEqual([
    'apps/daemonsets: get',
    'batch/jobs: list',
    'events: create',
    'nodes/status: get',
    'nodes/status: patch',
    'nodes: get',
    'nodes: patch',
  ]);
  expect(permissionsOf(ROLES, 'agent')).toEqual([]);
});

test.each<[string, Partial<AuditRecord>, boolean]>([
  ['a node', {}, true],
  ['another verb', { verb: 'delete' }, false],
  ['a subresource that is given', { subresource: 'status', verb: 'patch' }, true],
  ['a subresource that is not', { subresource: 'proxy' }, false],
  ['a resource of another group', { group: 'metrics.k8s.io' }, false],
  [
    'a namespaced resource everywhere',
    { group: 'batch', resource: 'jobs', verb: 'list', namespace: 'a' },
    true,
  ],
  ['its own namespace', { resource: 'events', verb: 'create', namespace: 'default' }, true],
  ['another namespace', { resource: 'events', verb: 'create', namespace: 'a' }, false],
  ['all namespaces', { resource: 'events', verb: 'create' }, false],
  [
    'the one name',
    { group: 'apps', resource: 'daemonsets', namespace: 'kube-system', name: 'kured' },
    true,
  ],
  [
    'another name',
    { group: 'apps', resource: 'daemonsets', namespace: 'kube-system', name: 'b' },
    false,
  ],
])('a request for %s is covered or not', (_, asked, isCovered) => {
  const node = { user: 'u', verb: 'get', group: '', resource: 'nodes', subresource: '', name: 'n' };
  const request = { ...node, namespace: '', code: 200, allowed: true, at: 0, ...asked };
  expect(rightsOf(ROLES, 'worker').some((right) => covers(right, request))).toBe(isCovered);
});

test('rights in a table, a row for each resource', () => {
  const table = [
    '| agent  | nodes        | get, patch | its own Node |',
    '| worker | apps/things  | list       | to see them  |',
    '| agent  | nodes/status | patch      |              |',
  ].join('\n');
  expect(documentedPermissions(table, 'agent')).toEqual(['nodes: get', 'nodes: patch']);
  expect(documentedPermissions(table, 'worker')).toEqual(['apps/things: list']);
});
