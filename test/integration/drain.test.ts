import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';
import { gone, openScene, type Scene } from './drain-scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await openScene(lab().kubeconfigPath);
});
afterEach(async () => {
  await scene.close();
});

/** What client-node sends while `what` runs: method and path, without the query. */
async function requestsOf(what: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: { method: string; path: string } };
    const { pathname, searchParams } = new URL(request.path, 'https://lab');
    sent.push(`${searchParams.has('watch') ? 'WATCH' : request.method} ${pathname}`);
  };
  subscribe('undici:request:create', onRequest);
  try {
    await what();
  } finally {
    unsubscribe('undici:request:create', onRequest);
  }
  return sent;
}

describe('a drain on a real API server', () => {
  test('of a few pods costs four requests beyond its evictions, and tells which DaemonSet pods were Ready', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('Deployment', 'web', 3);
    await scene.addWorkload('DaemonSet', 'cni', 1);
    const [daemonPod] = (await scene.podsOn(node)).filter(
      ({ metadata }) => metadata?.labels?.['app'] === 'cni',
    );
    await scene.cordon(node);
    const draining = { result: {} };
    const sent = await requestsOf(async () => {
      draining.result = await scene.drain(node).outcome;
    });
    const evictions = sent.filter((request) => request.endsWith('/eviction'));
    expect(evictions).toHaveLength(3);
    expect(sent.filter((request) => !request.endsWith('/eviction'))).toEqual([
      'GET /api/v1/pods',
      'WATCH /api/v1/pods',
      'GET /api/v1/pods',
      'GET /apis/storage.k8s.io/v1/volumeattachments',
    ]);
    expect(draining.result).toEqual({
      evicted: 3,
      deleted: [],
      warnings: [],
      daemonSetsReady: [`${scene.namespace}/${daemonPod?.metadata?.ownerReferences?.[0]?.name}`],
    });
    expect((await scene.podsOn(node)).map(({ metadata }) => metadata?.uid)).toEqual([
      daemonPod?.metadata?.uid,
    ]);
  });

  test.each(['Deployment', 'StatefulSet'] as const)(
    'G2: leaves the workers of its own %s, and evicts what only bears their labels',
    async (kind) => {
      const node = await scene.addNode();
      const { namespace, client } = scene;
      const name = 'lockkeeper-worker';
      await scene.addWorkload(kind, name, 1);
      const [worker] = await scene.podsOn(node);
      await scene.addWorkload('Deployment', 'alike', 1);
      for (const { metadata } of await scene.podsOn(node)) {
        const body = [
          { op: 'add', path: '/metadata/labels/app.kubernetes.io~1component', value: 'worker' },
        ];
        await client.core.patchNamespacedPod({ namespace, name: metadata?.name ?? '', body });
      }
      await scene.cordon(node);
      const { outcome } = scene.drain(node, { own: [{ namespace, kind, name }] });
      expect(await outcome).toMatchObject({ evicted: 1, deleted: [] });
      expect((await scene.podsOn(node)).map(({ metadata }) => metadata?.uid)).toEqual([
        worker?.metadata?.uid,
      ]);
    },
  );

  test('is blocked by a disruption budget, names it with its numbers, and goes on when the budget allows', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('Deployment', 'web', 2);
    await scene.addBudget('web', 2);
    await scene.addNode();
    await scene.cordon(node);
    const { outcome, reports } = scene.drain(node);
    await eventually(() =>
      expect(reports.at(-1)?.blockers.map(({ because }) => because)).toEqual([
        'disruption budget web allows 0 disruptions (2 of 2 pods healthy, 2 needed)',
        'disruption budget web allows 0 disruptions (2 of 2 pods healthy, 2 needed)',
      ]),
    );
    expect(await scene.podsOn(node)).toHaveLength(2);
    const body = [{ op: 'replace', path: '/spec/minAvailable', value: 1 }];
    const { namespace } = scene;
    await scene.client.policy.patchNamespacedPodDisruptionBudget({ namespace, name: 'web', body });
    expect(await outcome).toMatchObject({ evicted: 2, deleted: [] });
    expect(await scene.podsOn(node)).toEqual([]);
  });

  test('does not evict a StatefulSet pod that is recreated under its name on another node', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('StatefulSet', 'db', 2);
    const other = await scene.addNode();
    await scene.cordon(node);
    // The second pod holds the drain up while the first is recreated elsewhere.
    const finalizers = ['lockkeeper.io/test'];
    const [, second] = await scene.podsOn(node);
    const { namespace } = scene;
    const name = second?.metadata?.name ?? '';
    await scene.client.core.patchNamespacedPod({
      namespace,
      name,
      body: [{ op: 'add', path: '/metadata/finalizers', value: finalizers }],
    });
    const evicted: string[] = [];
    const pods = {
      ...scene.pods,
      evict(...asked: Parameters<typeof scene.pods.evict>) {
        evicted.push(asked[0].name);
        return scene.pods.evict(...asked);
      },
    };
    const { outcome } = scene.drain(node, { pods });
    const moved = await eventually(async () => {
      const [pod] = await scene.podsOn(other);
      expect(pod?.status?.phase).toBe('Running');
      return pod;
    });
    await scene.client.core.patchNamespacedPod({
      namespace,
      name,
      body: [{ op: 'remove', path: '/metadata/finalizers' }],
    });
    expect(await outcome).toMatchObject({ evicted: 2 });
    expect(evicted.toSorted((a, b) => a.localeCompare(b))).toEqual(['db-0', 'db-1']);
    const [still] = (await scene.podsOn(other)).filter(
      ({ metadata }) => metadata?.name === moved?.metadata?.name,
    );
    expect(still?.metadata).toMatchObject({ uid: moved?.metadata?.uid });
    expect(still?.metadata?.deletionTimestamp).toBeUndefined();
  });

  test('evicts nothing by a name whose UID is another one', async () => {
    const node = await scene.addNode();
    const pod = await scene.addPod('web', node);
    const { namespace } = scene;
    const { signal } = new AbortController();
    const wrong = { namespace, name: 'web', uid: '00000000-0000-0000-0000-000000000000' };
    expect(await scene.pods.evict(wrong, { signal })).toEqual({ kind: 'gone' });
    expect(await scene.pods.delete(wrong, { graceMs: 1_000, signal })).toEqual({ kind: 'gone' });
    const absent = { ...wrong, name: 'nobody' };
    expect(await scene.pods.evict(absent, { signal })).toEqual({ kind: 'gone' });
    const [still] = await scene.podsOn(node);
    expect(still?.metadata).toMatchObject({ uid: pod.metadata?.uid });
    expect(still?.metadata?.deletionTimestamp).toBeUndefined();
  });

  test('evicts an unmanaged pod with its emptyDir, warns about both, and leaves mirror pods, DaemonSet pods and whatever the selector does not match', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('DaemonSet', 'cni', 1);
    const annotations = { 'kubernetes.io/config.mirror': 'hash' };
    await scene.addPod('static', node, { annotations });
    await scene.addPod('other', node);
    await scene.addPod('bare', node, { volumes: [{ name: 'cache', emptyDir: {} }] });
    const { outcome } = scene.drain(node, { podSelector: 'app in (bare, cni, static)' });
    expect(await outcome).toMatchObject({
      evicted: 1,
      warnings: [
        `nothing will recreate ${scene.namespace}/bare`,
        `emptyDir data is lost of ${scene.namespace}/bare`,
      ],
    });
    const left = (await scene.podsOn(node)).map(({ metadata }) => metadata?.name ?? '');
    expect(left.toSorted((a, b) => a.localeCompare(b))).toEqual([
      expect.stringMatching(/^cni-/),
      'other',
      'static',
    ]);
  });

  test('G2: leaves a pod that its owner has put back three times, since it tolerates the cordon', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('Deployment', 'operator', 1, [{ operator: 'Exists' }]);
    await scene.cordon(node);
    const { warnings, cameBack } = await scene.drain(node).outcome;
    expect(Object.entries(cameBack ?? {})).toEqual([
      [expect.stringMatching(`^${scene.namespace}/ReplicaSet/operator-`), 3],
    ]);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^put back here after each eviction, and left for the reboot: \S+$/),
    );
    const [pod, ...others] = await scene.podsOn(node);
    expect([others, pod?.metadata?.deletionTimestamp]).toEqual([[], undefined]);
  });

  test('names a pod that is stuck terminating, and passes it with skipWaitForDeleteTimeout', async () => {
    const node = await scene.addNode();
    await scene.addPod('stuck', node, { finalizers: ['lockkeeper.io/test'] });
    await expect(scene.drain(node, { withinMs: 2_000 }).outcome).rejects.toMatchObject({
      type: 'drain-timed-out',
      message: expect.stringContaining(
        `${scene.namespace}/stuck: it is terminating, held by the finalizer lockkeeper.io/test for`,
      ),
    });
    const { outcome } = scene.drain(node, { skipWaitForDeleteTimeoutMs: 500 });
    expect(await outcome).toMatchObject({ evicted: 0 });
  });

  test('says why a disruption budget that counts no pod allows nothing', async () => {
    const node = await scene.addNode();
    await scene.addPod('web', node);
    const { namespace } = scene;
    const selector = { matchLabels: { app: 'web' } };
    const body = { metadata: { name: 'bare' }, spec: { maxUnavailable: 1, selector } };
    await scene.client.policy.createNamespacedPodDisruptionBudget({ namespace, body });
    await eventually(async () => {
      const { status } = await scene.client.policy.readNamespacedPodDisruptionBudget({
        namespace,
        name: 'bare',
      });
      if (!status?.observedGeneration) throw new Error('the budget has not been counted yet');
    });
    await expect(scene.drain(node, { withinMs: 3_000 }).outcome).rejects.toMatchObject({
      type: 'drain-timed-out',
      message: expect.stringMatching(
        /: it cannot count pods that no controller has made|: .*controller/,
      ),
    });
  });

  test('names two disruption budgets that select one pod', async () => {
    const node = await scene.addNode();
    await scene.addWorkload('Deployment', 'web', 1);
    await scene.addBudget('one', 0);
    await scene.addBudget('two', 0, {});
    const { reports } = scene.drain(node);
    await eventually(() =>
      expect(reports.at(-1)?.blockers[0]?.because).toBe(
        'more than one disruption budget selects it, so Kubernetes cannot evict it: ' +
          'disruption budget one allows 1 disruptions (1 of 1 pods healthy, 0 needed), ' +
          'disruption budget two allows 1 disruptions (1 of 1 pods healthy, 0 needed)',
      ),
    );
    expect(await scene.podsOn(node)).toHaveLength(1);
  });

  test('waits for the volume of a pod that left, not for that of a pod that stays', async () => {
    const node = await scene.addNode();
    await scene.addPod('web', node);
    const claimName = await claim(scene, `${scene.namespace}-kept`);
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
    await scene.addPod('kept', node, { volumes });
    const detachKept = await attach(scene, node, `${scene.namespace}-kept`);
    const detachLeft = await attach(scene, node, `${scene.namespace}-left`);
    const { outcome, reports } = scene.drain(node, { podSelector: 'app=web' });
    await eventually(() =>
      expect(reports.at(-1)?.blockers).toMatchObject([
        { what: `volume ${scene.namespace}-left`, because: 'still attached to the node' },
      ]),
    );
    await detachLeft();
    expect(await outcome).toMatchObject({ evicted: 1 });
    await detachKept();
  });
});

/** A claim that says it is bound to `volume`. */
async function claim({ client, namespace }: Scene, volume: string): Promise<string> {
  const resources = { requests: { storage: '1Gi' } };
  const bound = { volumeName: volume, storageClassName: '', resources };
  const body = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], ...bound } };
  await client.core.createNamespacedPersistentVolumeClaim({ namespace, body });
  return body.metadata.name;
}

/** Attaches `volume` to the node; the answer detaches it. */
async function attach({ client: { storage } }: Scene, node: string, volume: string) {
  const spec = { attacher: 'lab', nodeName: node, source: { persistentVolumeName: volume } };
  await storage.createVolumeAttachment({ body: { metadata: { name: volume }, spec } });
  return async (): Promise<void> => {
    await storage.deleteVolumeAttachment({ name: volume });
    await eventually(() => gone(() => storage.readVolumeAttachment({ name: volume })));
  };
}
