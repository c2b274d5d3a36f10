import type { CheckUp, Reached } from '../../activities/check-up.ts';
import type { Check } from './check.ts';
import { bad, good, many, unknown, type Said } from './finding.ts';

/** What the policy names outside the cluster, as the worker reaches it: this machine may be in another network. */

export const OUTSIDE_CHECKS: readonly Check[] = [
  {
    group: 'As the worker reaches it',
    name: 'servers',
    look: async (world) => judgeReached((await world.checkUp())?.answer),
  },
];

const MENDS: Record<Reached['kind'], string> = {
  prometheus:
    'While it cannot be asked no node is taken out. Check address, token and network policy: docs/gates.md, "Alerts"',
  alertmanager:
    'Silences are not seen and not made. Check address, token and network policy: docs/gates.md, "Silences"',
  calendar:
    'Its last good copy is used, where the worker has one. Check its place: docs/windows.md',
  receiver:
    'People are not told. Check its address, secret and network policy: docs/notifications.md',
};

/** What a worker has answered; undefined: none polls. */
export function judgeReached(answer: CheckUp | undefined): Said[] {
  if (!answer) return [unknown('no worker polls that could be asked')];
  const { worker, reached } = answer;
  if (reached.length === 0) return [good('the policy names none')];
  const away = reached.filter(({ because }) => because !== undefined);
  if (away.length === 0) return [good(`${many(reached.length, 'server')}, by ${worker}`)];
  return away.map(({ kind, where, because = '' }) => {
    const what = kind === 'calendar' ? because : `${kind} ${where} is not reached: ${because}`;
    return bad(`${what} (as ${worker} sees it)`, MENDS[kind]);
  });
}
