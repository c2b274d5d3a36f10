import { setTimeout as pause } from 'node:timers/promises';
import { KubeError, type Kube, type KubeObject } from '../fleet/kube.ts';

interface NodeObject extends KubeObject {
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
}

const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
const LOOK_EVERY_MS = 500;

/**
 * What a cloud's controller does with a machine that has joined: says by which address its kubelet is reached - from here, that is
 * the forwarded port - and takes away the taint that waits for it. Waits for the Node.
 */
export async function adopt(kube: Kube, name: string, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  for (;;) {
    try {
      const { spec } = await kube.get<NodeObject>(path);
      const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
      await kube.patch(`${path}/status`, 'merge', { status: { addresses } });
      const taints = spec.taints?.filter(({ key }) => key !== UNINITIALIZED) ?? [];
      await kube.patch(path, 'merge', { spec: { taints } });
      return;
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
    }
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
