import { randomUUID } from 'node:crypto';
import { LAB_NODE } from '../cluster/contract.ts';
import type { Kube } from './kube.ts';

/** The names of the lab's nodes, with their number. */
export const NODE_NAMES = /^worker-([1-9][0-9]*)$/;

/** The pool label of the lab's nodes and of its policy. */
export const POOL_LABEL = { key: 'agentpool', value: 'workers' } as const;

const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;

/** `worker-1` is the first. */
export function nodeName(number: number): string {
  return `worker-${number}`;
}

/** A Node that KWOK plays the kubelet of, with room for the pods of its neighbours. */
function nodeManifest(number: number, bootId: string) {
  const name = nodeName(number);
  const room = { cpu: '32', memory: '128Gi', pods: '250', 'ephemeral-storage': '100Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [POOL_LABEL.key]: POOL_LABEL.value,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': 'lab',
        'topology.kubernetes.io/zone': ZONES[(number - 1) % ZONES.length] ?? ZONES[0],
        [LAB_NODE.kubelet.label]: LAB_NODE.kubelet.running,
      },
      annotations: { [LAB_NODE.bootIdAnnotation]: bootId },
    },
    status: { capacity: room, allocatable: room },
  };
}

/** Creates `count` nodes and answers with the boot id each was created with. */
export async function createNodes(kube: Kube, count: number): Promise<Map<string, string>> {
  const bootIds = new Map<string, string>();
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  await Promise.all(
    numbers.map(async (number) => {
      const bootId = randomUUID();
      bootIds.set(nodeName(number), bootId);
      await kube.post('/api/v1/nodes', nodeManifest(number, bootId));
    }),
  );
  return bootIds;
}
