import type { Client } from '@temporalio/client';
import { lockId, rolloutId } from '../../domain/names.ts';
import { shortList } from '../../domain/short-list.ts';
import { poolsOf, runningOf } from '../temporal-view.ts';
import { wrongOption } from '../terminal.ts';

/** What a person speaks to: a node's rollout, a pool's lock, or everything. */
export type Target =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'all' };

export const TARGET_HELP = 'a node, pool/NAME, or all';

/** "worker-7", "pool/workers" or "all". */
export function readTarget(text: string): Target {
  if (text === 'all') return { kind: 'all' };
  const pool = /^pool\/(.+)$/.exec(text)?.[1];
  if (pool !== undefined) return { kind: 'pool', pool };
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return { kind: 'node', node: text };
  throw wrongOption('TARGET', `write the name of a node, pool/NAME or all, not "${text}"`);
}

/** Whom it is said to. */
export interface Addressee {
  /** As a person writes it: a target of its own. */
  readonly name: string;
  readonly workflowId: string;
  /** A lock that does not run is started for it. */
  readonly pool?: string;
}

const rolloutOf = (node: string): Addressee => ({ name: node, workflowId: rolloutId(node) });
const lockOf = (pool: string): Addressee => ({
  name: `pool/${pool}`,
  workflowId: lockId(pool),
  pool,
});

/** Everybody who is meant where a word is for rollouts alone: those of the pool, or all that run. */
export async function rolloutsOf(client: Client, target: Target): Promise<Addressee[]> {
  switch (target.kind) {
    case 'node':
      return [rolloutOf(target.node)];
    case 'pool':
      await knownPool(client, target.pool);
      return await runningRollouts(client, target.pool);
    case 'all':
      return await runningRollouts(client);
    default:
      return target satisfies never;
  }
}

/** Everybody who is meant where locks listen too: a pool stands for its lock, all for every lock and every rollout that runs. */
export async function listenersOf(client: Client, target: Target): Promise<Addressee[]> {
  switch (target.kind) {
    case 'node':
      return [rolloutOf(target.node)];
    case 'pool':
      return [lockOf(await knownPool(client, target.pool))];
    case 'all': {
      // The locks first, so that nobody is admitted while the rollouts are spoken to.
      const locks = (await poolsOf(client)).map(lockOf);
      return [...locks, ...(await runningRollouts(client))];
    }
    default:
      return target satisfies never;
  }
}

async function runningRollouts(client: Client, pool?: string): Promise<Addressee[]> {
  const found = await runningOf(client, 'nodeRollout', pool);
  return found.map(({ workflowId }) => rolloutOf(workflowId.slice(rolloutId('').length)));
}

/** A mistyped name must not make a lock that nobody asks. */
async function knownPool(client: Client, pool: string): Promise<string> {
  const known = await poolsOf(client);
  if (known.includes(pool)) return pool;
  const names =
    known.length === 0
      ? 'no pool is known, for no scan has ended lately'
      : `there are ${shortList(known, { most: 20 })}`;
  throw wrongOption('TARGET', `there is no pool named ${pool}; ${names}`);
}
