import { inTheWay, type DrainProgress } from '../../domain/drain-progress.ts';
import { shortList } from '../../domain/short-list.ts';
import type { Deps } from '../deps.ts';
import { knownPool } from '../pool.ts';
import { notify } from './answers.ts';

/** Takes the progress of one drain, and notifies people, once, of what has been in its way for too long. Never waited for. */
export function blockedNotifier(
  deps: Deps,
  { node, pool }: { node: string; pool: string },
): (progress: DrainProgress) => void {
  let notified = false;
  return (progress) => {
    const afterMs = knownPool(deps, pool)?.drain.blockedAfter;
    if (notified || afterMs === undefined) return;
    const nowMs = Date.now();
    const stuck = inTheWay(progress).filter(({ sinceMs }) => nowMs - sinceMs > afterMs);
    const [first] = stuck;
    if (!first) return;
    notified = true;
    const sinceMs = Math.min(...stuck.map((one) => one.sinceMs));
    const words = stuck.map((one) => `${one.what}: ${one.because}`);
    const because = shortList(words, { between: '; ' });
    void notify(deps, { event: 'blocked', node, pool, because, sinceMs });
  };
}
