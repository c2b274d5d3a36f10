import type { Blocker, DrainProgress } from '../../domain/drain-progress.ts';
import { shortList } from '../../domain/short-list.ts';
import type { Deps } from '../deps.ts';
import { knownPool } from '../pool.ts';
import { notify } from './answers.ts';

/** Takes the progress of one drain, and lets people know, once, of what has been in its way for too long. Never waited for. */
export function tellingOfBlocked(
  deps: Deps,
  { node, pool }: { node: string; pool: string },
): (progress: DrainProgress) => void {
  let told = false;
  return ({ blockers, trouble }) => {
    const afterMs = knownPool(deps, pool)?.drain.blockedAfter;
    if (told || afterMs === undefined) return;
    const nowMs = Date.now();
    const stuck = [...(trouble ? [trouble] : []), ...blockers].filter(
      ({ sinceMs }) => nowMs - sinceMs > afterMs,
    );
    const [first] = stuck;
    if (!first) return;
    told = true;
    const sinceMs = Math.min(...stuck.map((one) => one.sinceMs));
    const because = shortList(stuck.map(say), { between: '; ' });
    void notify(deps, { event: 'blocked', node, pool, because, sinceMs });
  };
}

const say = ({ what, because }: Blocker): string => `${what}: ${because}`;
