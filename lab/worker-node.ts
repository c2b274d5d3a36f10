import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster/contract.ts';
import { applyObjects } from './fleet/apply.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Kube, KubeObject } from './fleet/kube.ts';
import type { KeptProcess } from './fleet/kept-process.ts';
import type { Component } from './fleet/manifests.ts';

interface PodObject extends KubeObject {
  readonly spec: { readonly nodeName?: string };
}

const LOOK_EVERY_MS = 100;

/** What the claim of the embedded Temporal is bound to; the cluster of the lab has nobody who makes volumes. */
const VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'temporal-data' },
  spec: {
    capacity: { storage: '100Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    // Nothing is ever mounted by it.
    hostPath: { path: '/nowhere' },
  },
};

/** The node to which the scheduler has brought the worker's pod. */
export async function nodeOfWorker(
  kube: Kube,
  { namespace, labelSelector }: Component,
  signal: AbortSignal,
): Promise<string> {
  await applyObjects(kube, [VOLUME]);
  const query = new URLSearchParams({ labelSelector }).toString();
  for (;;) {
    const path = `/api/v1/namespaces/${namespace}/pods?${query}`;
    const { items } = await kube.get<{ readonly items: readonly PodObject[] }>(path);
    const node = items.find(({ spec }) => spec.nodeName !== undefined)?.spec.nodeName;
    if (node !== undefined) return node;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Resolves when Temporal runs; as a kubelet, it starts it again where somebody has ended it in mid-start. */
export async function startTemporal(cluster: Pick<Cluster, 'start'>): Promise<void> {
  for (;;) {
    try {
      return await cluster.start('temporal');
    } catch (error) {
      if (!/ ended \(signal SIGKILL\)/.test(String(error))) throw error;
    }
  }
}

/** From now on worker and Temporal go down with that node, and come up with it, Temporal first. */
export function bindToNode(
  node: string,
  { fleet, cluster, worker }: { fleet: Fleet; cluster: Cluster; worker: KeptProcess },
): void {
  fleet.machine(node).carry({
    async kill() {
      await Promise.all([worker.kill(), cluster.kill('temporal')]);
    },
    async start() {
      await startTemporal(cluster);
      await worker.start();
    },
  });
}
