import { kuredLocks, type KuredLocks } from '../gates/kured-locks.ts';
import type { KubeClient } from './client.ts';
import { nodeApi, type NodeApi } from './nodes.ts';
import { podApi, type PodApi } from './pods.ts';

/**
 * All through which activities ask the API server. test/integration/rights.test.ts calls each method under the worker's own
 * account, so that none asks for what its roles do not give.
 */
export interface KubePorts {
  readonly nodes: NodeApi;
  readonly pods: PodApi;
  readonly kuredLocks: KuredLocks;
}

/** The ports of a real API server. */
export function kubePorts(client: KubeClient): KubePorts {
  return { nodes: nodeApi(client), pods: podApi(client), kuredLocks: kuredLocks(client) };
}
