import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  nodeApi,
  NO_LIFECYCLE,
  type NodeApi,
  type NodeUpdate,
} from '../../activities/kube/nodes.ts';
import { addTaint, removeTaint } from '../../domain/labels-and-taint.ts';
import { ANNOTATION, LIFECYCLE_CONDITIONS, REBOOT_REQUIRED } from '../../domain/node-contract.ts';
import { requestToken } from '../../lab/fleet/account.ts';
import { readManifests } from '../../lab/fleet/manifests.ts';
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
  labels,
  ON_STATUS,
  onNode,
  report,
  type Change,
} from './attempts.ts';
import { AdmissionProbe } from '../../worker/admission-probe.ts';
import { clientFor } from './drain-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** What somebody can do to Nodes who has stolen the worker's token, and that the worker can do its work with it. */

let scene: AgentScene;
let node: AgentNode;
let token: string;
let nodes: NodeApi;

const THEIRS = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const LIKE_OURS = { key: 'example.org/soft', effect: 'PreferNoSchedule' };

beforeAll(async () => {
  scene = await openAgentScene(lab());
  node = await scene.addNode();
  const { worker } = await readManifests();
  token = await requestToken(scene.admin, worker);
  nodes = nodeApi(clientFor(lab().kubeconfigPath, token));
  const path = `/api/v1/nodes/${node.name}`;
  await scene.admin.patch(path, 'merge', { spec: { taints: [THEIRS, LIKE_OURS] } });
  const probe = dry(onNode(node.name, inMetadata({ finalizers: ['a/b'] })));
  await eventually(async () => (await ask(token, probe)).status === 403);
});
afterAll(async () => {
  await scene.close();
});

const taints = (...list: object[]) => ({ spec: { taints: list } });
const OURS = { key: 'example.org/waits', effect: 'PreferNoSchedule' };
const named = (key: string) => annotations(ANNOTATION.taint, key);
const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
const inStatus = (status: unknown): Change[1] => ({ status });
const addCondition = (value: object) => [{ op: 'add', path: '/status/conditions/-', value }];
const ours = (type: string) => condition(type, { reason: 'Lockkeeper' });

const REFUSED: readonly Change[] = [
  ['a finalizer', inMetadata({ finalizers: ['a/b'] })],
  ['an owner', inMetadata({ ownerReferences: [OWNER] })],
  ['the managed fields', inMetadata({ managedFields: [{}] })],
  ["somebody's annotation", annotations('test/annotation')],
  ['an annotation that is new', annotations('example.org/lockkeeper.io')],
  ['an annotation of a likely name', annotations('lab.lockkeeper.io/boot-id')],
  [
    'what the autoscaler heeds',
    annotations('cluster-autoscaler.kubernetes.io/scale-down-disabled'),
  ],
  ["somebody's annotation, by way of the status", annotations('test/annotation'), ON_STATUS],
  ['all annotations', inMetadata({ annotations: null })],
  ['the host name', labels('kubernetes.io/hostname')],
  ['the host name away', inMetadata({ labels: { 'kubernetes.io/hostname': null } })],
  ['the operating system', labels('kubernetes.io/os')],
  ['the zone', labels('topology.kubernetes.io/zone')],
  ['the zone of old', labels('failure-domain.beta.kubernetes.io/zone')],
  ['a role', labels('node-role.kubernetes.io/control-plane')],
  ['the tenant that a kubelet may not choose', labels('node-restriction.kubernetes.io/tenant')],
  ['the same, of a part of it', labels('a.node-restriction.kubernetes.io/tenant')],
  ['the instance type', labels('node.kubernetes.io/instance-type')],
  ['a label of k8s.io', labels('k8s.io/cluster-autoscaler')],
  ['a label below k8s.io', labels('x.k8s.io/y')],
  ['a protected label, by way of the status', labels('kubernetes.io/arch'), ON_STATUS],
  ['all labels', inMetadata({ labels: null })],
  ["somebody's taint away", taints(LIKE_OURS)],
  ['all taints away', taints()],
  ["somebody's taint away that is like ours", taints(THEIRS)],
  ['another value of a taint', taints({ ...THEIRS, value: 'no' }, LIKE_OURS)],
  ['a taint that nothing names', taints(THEIRS, LIKE_OURS, OURS)],
  [
    'a named taint that evicts',
    { ...named('a'), ...taints(THEIRS, LIKE_OURS, { key: 'a', effect: 'NoExecute' }) },
  ],
  [
    'a named taint that keeps off',
    { ...named('a'), ...taints(THEIRS, LIKE_OURS, { key: 'a', effect: 'NoSchedule' }) },
  ],
  [
    'a named taint with a value',
    { ...named('a'), ...taints(THEIRS, LIKE_OURS, { ...OURS, key: 'a', value: 'b' }) },
  ],
  [
    "a named taint of Kubernetes' own",
    {
      ...named('node.kubernetes.io/a'),
      ...taints(THEIRS, LIKE_OURS, { ...OURS, key: 'node.kubernetes.io/a' }),
    },
  ],
  [
    "somebody's taint away by naming it in the same write",
    { ...named(LIKE_OURS.key), ...taints(THEIRS) },
  ],
  ['the provider id', { spec: { providerID: 'stolen://' } }],
  ['the pod range', { spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'] } }],
  ['the Ready condition', report('Ready'), CONDITIONS],
  ['the Ready condition in our name', report('Ready', { reason: 'Lockkeeper' }), CONDITIONS],
  [
    'the Ready condition away',
    inStatus({ conditions: [{ type: 'Ready', $patch: 'delete' }] }),
    CONDITIONS,
  ],
  ["the agent's report", report(REBOOT_REQUIRED), CONDITIONS],
  ["the agent's report in our name", report(REBOOT_REQUIRED, { reason: 'Lockkeeper' }), CONDITIONS],
  ['a condition of its own making', report('Stolen', { reason: 'Lockkeeper' }), CONDITIONS],
  ['a lifecycle condition in another name', report('Drained'), CONDITIONS],
  [
    'a hundred lifecycle conditions',
    Array.from({ length: 100 }, () => addCondition(ours('Drained'))[0]),
    JSON_ON_STATUS,
  ],
  ['all conditions', inStatus({ conditions: null }), ON_STATUS],
  ['the boot id', inStatus({ nodeInfo: { bootID: 'b' } }), ON_STATUS],
  ['the version of its kubelet', inStatus({ nodeInfo: { kubeletVersion: 'v9' } }), ON_STATUS],
  ['the capacity', inStatus({ capacity: { cpu: '1' } }), ON_STATUS],
  ['what can be used of it', inStatus({ allocatable: { cpu: '1' } }), ON_STATUS],
  ['an address', inStatus({ addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] }), ON_STATUS],
  [
    "the kubelet's port",
    inStatus({ daemonEndpoints: { kubeletEndpoint: { Port: 1 } } }),
    ON_STATUS,
  ],
  ['the images', inStatus({ images: [{ names: ['a'], sizeBytes: 1 }] }), ON_STATUS],
  ['the volumes in use', inStatus({ volumesInUse: ['a'] }), ON_STATUS],
  [
    'the volumes attached',
    inStatus({ volumesAttached: [{ name: 'a', devicePath: 'b' }] }),
    ON_STATUS,
  ],
  ['the whole status', { status: null }, ON_STATUS],
];

test.each(REFUSED)('G10: the worker does not change %s of a node', async (_, body, how = {}) => {
  const { message } = await expectRefused(token, onNode(node.name, body, how));
  expect(message).toContain("ValidatingAdmissionPolicy 'lockkeeper-worker'");
});

async function write(over: Omit<NodeUpdate, 'resourceVersion'>): Promise<void> {
  await eventually(async () => {
    const read = await nodes.read(node.name);
    const { resourceVersion } = read ?? { resourceVersion: '' };
    return (await nodes.update(node.name, { resourceVersion, ...over })) === 'updated';
  });
}
const facts = async () => {
  const read = await nodes.read(node.name);
  if (!read) throw new Error('the node is gone');
  return read;
};

describe('the worker writes what it has to:', () => {
  test('every annotation of its own, the cordon, and labels of a pool', async () => {
    const written = Object.fromEntries(Object.values(ANNOTATION).map((key) => [key, 'x']));
    const set = {
      state: 'rebooting',
      'node.kubernetes.io/exclude-from-external-load-balancers': 'true',
    };
    await write({ unschedulable: true, annotations: written, labels: set });
    expect(await facts()).toMatchObject({ unschedulable: true, labels: set });
    const gone = Object.fromEntries(Object.values(ANNOTATION).map((key) => [key, null]));
    const unset = Object.fromEntries(Object.keys(set).map((key) => [key, null]));
    await write({ unschedulable: false, annotations: gone, labels: unset });
    expect(await facts()).toMatchObject({ unschedulable: false });
  });

  test('its taint, another in its place, and neither', async () => {
    for (const key of ['example.org/waits', 'example.org/other']) {
      await write(addTaint(await facts(), key) ?? {});
      expect((await facts()).taints.map((taint) => taint.key)).toEqual([
        'gpu',
        'example.org/soft',
        key,
      ]);
    }
    await write(removeTaint(await facts()) ?? {});
    expect((await facts()).taints).toEqual([THEIRS, LIKE_OURS]);
  });

  test('the conditions of a maintenance', async () => {
    const all = Object.fromEntries(LIFECYCLE_CONDITIONS.map((type) => [type, true]));
    await nodes.setLifecycle(node.name, all, 'draining');
    await nodes.setLifecycle(node.name, { Drained: false, DrainInProgress: true }, 'anew');
    expect(await facts()).toMatchObject({ hasLifecycle: true });
    await nodes.setLifecycle(node.name, NO_LIFECYCLE, '');
    expect(await facts()).not.toHaveProperty('hasLifecycle');
  });

  test('also over a condition that somebody else has set', async () => {
    const path = `/api/v1/nodes/${node.name}/status`;
    await scene.admin.patch(path, 'strategic', report('MaintenancePlanned'));
    await nodes.setLifecycle(node.name, { MaintenancePlanned: true }, 'ours now');
    await nodes.setLifecycle(node.name, NO_LIFECYCLE, '');
  });
});

test('G10: an admission policy that is gone is noticed, and so is that it is back', async () => {
  const said: string[] = [];
  const log = { error: (text: string) => void said.push(text), info: () => undefined };
  const { core } = clientFor(lab().kubeconfigPath, token);
  const probe = new AdmissionProbe({ core, node: () => node.name, log, everyMs: 50 });
  const stop = new AbortController();
  const running = probe.run(stop.signal);
  const kind = 'validatingadmissionpolicybindings';
  try {
    await scene.admin.delete(`/apis/admissionregistration.k8s.io/v1/${kind}/lockkeeper-worker`);
    await eventually(() => probe.isMissing());
    await scene.applyManifests();
    await eventually(() => !probe.isMissing());
    expect(said).toEqual(['admission policy missing']);
  } finally {
    await scene.applyManifests();
    stop.abort();
    await running;
  }
});

test.each([
  { what: 'letters', long: 'x'.repeat(2_000), bytes: 1_024 },
  { what: 'letters of two bytes', long: `x${'ü'.repeat(2_000)}`, bytes: 1_024 },
  { what: 'signs of four bytes, of which none is halved', long: '𝕏'.repeat(2_000), bytes: 1_023 },
])('of a long Event the API server takes as much as it can: $what', async ({ long, bytes }) => {
  await nodes.announce(node.name, { reason: 'Draining', message: long, type: 'Normal' });
  const query = `fieldSelector=involvedObject.name=${node.name}`;
  const { items } = await scene.admin.get<{ items: readonly { readonly message: string }[] }>(
    `/api/v1/namespaces/default/events?${query}`,
  );
  const found = items.find(({ message }) => message.startsWith(long.slice(0, 100)));
  expect(found?.message).toMatch(/…$/u);
  expect(Buffer.byteLength(found?.message ?? '')).toBe(bytes);
  expect(found?.message).not.toContain('\uFFFD');
});

test('a Node whose annotations leave no room for another says so', async () => {
  const full = await scene.addNode();
  const annotations = { 'example.org/notes': 'x'.repeat(255_000) };
  await scene.admin.patch(`/api/v1/nodes/${full.name}`, 'merge', { metadata: { annotations } });
  const { resourceVersion = '' } = (await nodes.read(full.name)) ?? {};
  const update = { resourceVersion, annotations: { [ANNOTATION.hold]: 'y'.repeat(10_000) } };
  await expect(nodes.update(full.name, update)).rejects.toMatchObject({
    type: 'kube-rejected',
    message: expect.stringMatching(/^updating node \S+: .*annotations: Too long/),
  });
});
