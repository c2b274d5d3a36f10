/** Names that workflows, worker, command line and people share. */

export const TASK_QUEUE = 'lockkeeper';
export const FLEET_SCAN = 'fleet-scan';

const ROLLOUT_OF = 'node-rollout/';
export const rolloutId = (node: string): string => `${ROLLOUT_OF}${node}`;
/** The node whose rollout has this id. */
export const nodeOf = (workflowId: string): string => workflowId.slice(ROLLOUT_OF.length);
export const lockId = (pool: string): string => `pool-lock/${pool}`;

/** Search attributes, all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['LockkeeperNode', 'LockkeeperPool', 'LockkeeperPhase'] as const;

/** With what a namespace bears since when it has been there, if a worker has made it. */
export const MADE_AT = 'lockkeeper.io/made-at';

/** Tells people about one node, one pool, or the policy. */
export function notifierId({ node, pool }: { node?: string; pool?: string }): string {
  if (node !== undefined) return `notify/node/${node}`;
  return pool === undefined ? 'notify/policy' : `notify/pool/${pool}`;
}
