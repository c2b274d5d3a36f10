import type { Cluster } from '../../lab/cluster/contract.ts';

interface Running {
  cluster?: Cluster;
}

// Set-up and teardown run in one process, but Jest may load this module for each of them.
const shared = globalThis as typeof globalThis & { lockkeeperIntegration?: Running };

/** What set-up hands to teardown. */
export const running: Running = (shared.lockkeeperIntegration ??= {});
