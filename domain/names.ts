/** Names that workflows, worker, command line and people share. */

export const TASK_QUEUE = 'lockkeeper';
export const FLEET_SCAN = 'fleet-scan';

export const rolloutId = (node: string): string => `node-rollout/${node}`;
export const lockId = (pool: string): string => `pool-lock/${pool}`;

/** Search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['LockkeeperNode', 'LockkeeperPool', 'LockkeeperPhase'] as const;
