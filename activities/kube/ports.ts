import type { KubeClient } from './client.ts';
import { nodeApi, type NodeApi } from './nodes.ts';
import { objectApi, type ObjectApi } from './objects.ts';
import { podApi, type PodApi } from './pods.ts';

/**
 * All through which activities ask the API server. test/integration/rights.test.ts calls each method under the worker's own
 * account, so that none asks for what its roles do not give.
 */
export interface KubePorts {
  readonly nodes: NodeApi;
  readonly pods: PodApi;
  /** What gates ask for, beside nodes and pods. */
  readonly objects: ObjectApi;
}

/** The ports of a real API server. */
export function kubePorts(client: KubeClient): KubePorts {
  return { nodes: nodeApi(client), pods: podApi(client), objects: objectApi(client) };
}
