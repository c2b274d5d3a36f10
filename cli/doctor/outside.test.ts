import { expect, test } from '@jest/globals';
import type { CheckUp } from '../../activities/check-up.ts';
import { judgeReached } from './outside.ts';

const answer = (...reached: CheckUp['reached']): CheckUp => ({
  worker: 'w',
  atMs: 0,
  policy: 'p',
  reached,
});
const where = 'http://prometheus:9090';

test.each<[string, CheckUp | undefined, object[]]>([
  ['nobody could be asked', undefined, [{ verdict: 'unknown' }]],
  ['nothing is named', answer(), [{ verdict: 'good', says: 'the policy names none' }]],
  [
    'all are reached',
    answer({ kind: 'prometheus', where }),
    [{ verdict: 'good', says: '1 server, by w' }],
  ],
  [
    'some are away',
    answer(
      { kind: 'prometheus', where, because: 'connect ECONNREFUSED' },
      { kind: 'alertmanager', where: 'http://am:9093' },
      { kind: 'calendar', where: 'a.ics', because: 'calendar a.ics cannot be read: ENOENT' },
      { kind: 'receiver', where: 'ops', because: 'the worker has no environment variable A' },
    ),
    [
      {
        verdict: 'bad',
        says: `prometheus ${where} is not reached: connect ECONNREFUSED (as w sees it)`,
        mend: expect.stringContaining('docs/gates.md'),
      },
      { verdict: 'bad', says: 'calendar a.ics cannot be read: ENOENT (as w sees it)' },
      {
        verdict: 'bad',
        says: 'receiver ops is not reached: the worker has no environment variable A (as w sees it)',
        mend: expect.stringContaining('docs/notifications.md'),
      },
    ],
  ],
])('%s', (_, seen, expected) => {
  expect(judgeReached(seen)).toMatchObject(expected);
});
