import { nodeLabels, waitingTaint } from '../../domain/node-marks-schema.ts';
import { poolProblems } from '../../domain/pool-problems.ts';
import type { Draft, PoolText, Reader } from './draft.ts';
import { loud, type Note } from './notes.ts';
import type { OptionName } from './options.ts';

/** kured's node labels and its taint. */
export function marks(read: Reader, { pool }: Draft): void {
  const before = labels(read, 'pre-reboot-node-labels');
  const after = labels(read, 'post-reboot-node-labels');
  if (before || after) pool.labels = { ...(before && { before }), ...(after && { after }) };
  if (keys(before) !== keys(after))
    read.warn(before ? 'pre-reboot-node-labels' : 'post-reboot-node-labels', UNEVEN);
  const taint = read.text('prefer-no-schedule-taint');
  if (taint === '') return;
  const problem = waitingTaint.safeParse(taint).error?.issues[0];
  if (problem) read.warn('prefer-no-schedule-taint', `it is left out: ${problem.message}`);
  else pool.taint = taint;
}

const UNEVEN =
  'the labels before and after have different keys: what is set before and not after stays on the node';

const keys = (map: object = {}): string => Object.keys(map).toSorted().join();

function labels(read: Reader, name: OptionName): Record<string, string> | undefined {
  const pairs = read.list(name) ?? [];
  const whole = pairs.filter((pair) => pair.includes('='));
  if (whole.length < pairs.length) {
    read.warn(name, 'one entry has no "=", on which kured crashes; it is left out');
  }
  // As kured: what follows a second "=" is lost.
  const split = whole.map((pair) => pair.split('=', 2) as [string, string]);
  const good = split.filter(([key, value]) => {
    const [issue] = nodeLabels.safeParse({ before: { [key]: value } }).error?.issues ?? [];
    if (!issue) return true;
    const rule = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
    read.warn(name, `an entry that Kubernetes or Lockkeeper refuses is left out: ${rule}`);
    return false;
  });
  return good.length > 0 ? Object.fromEntries(good) : undefined;
}

/** Leaves out the labels by which a pool is chosen, and says so: with them the policy would be refused. */
export function dropMovingLabels(converted: readonly { pool: PoolText; notes: Note[] }[]): void {
  for (const { path, message } of poolProblems(converted.map(({ pool }) => pool))) {
    const [index, , when, key] = path;
    const one = converted[Number(index)];
    if (!one?.pool.labels || (when !== 'before' && when !== 'after')) continue;
    delete one.pool.labels[when]?.[String(key)];
    one.notes.push(loud(`label ${String(key)}`, `it is left out: ${message}`));
  }
}
