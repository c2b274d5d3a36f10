import { statSync } from 'node:fs';
import type { PoolPolicy } from '../../domain/policy.ts';
import { present } from '../../domain/present.ts';
import { loadPolicy } from '../../worker/policy-file.ts';
import type { PoolLimits } from './contract.ts';

/** The limits of the policy file as it is at every call; while it is bad, those of the last good one, as in the worker. */
export function limitsOfFile(path: string): () => readonly PoolLimits[] {
  let last: readonly PoolLimits[] = [];
  let read = '';
  return () => {
    const state = stateOf(path);
    if (state === read) return last;
    read = state;
    try {
      last = loadPolicy(path).policy.pools.map(limitsOf);
    } catch {
      // Nothing changes: the worker says what is wrong with the file.
    }
    return last;
  };
}

/** Differs whenever the file has been written: it is asked for many times a second. */
function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : '';
}

function limitsOf({ name, nodes, maxUnavailable, drain, labels }: PoolPolicy): PoolLimits {
  const { podSelector, skipWaitForDeleteTimeout } = drain;
  return {
    name,
    nodes,
    maxUnavailable,
    ...present({
      podSelector,
      skipWaitForDeleteTimeoutMs: skipWaitForDeleteTimeout,
      labelsAfter: labels && (labels.after ?? {}),
    }),
  };
}
