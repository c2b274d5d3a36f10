import { describe, expect, test } from '@jest/globals';
import type { RolloutStatus } from '../../domain/status.ts';
import { printStatus } from './print.ts';
import type { PoolSeen, Seen } from './seen.ts';

const NOW = Date.parse('2026-12-04T12:00:00Z');
const MINUTE = 60_000;
const at = (minutes: number): number => NOW - minutes * MINUTE;

const seen = (more: Partial<Seen> = {}): string =>
  printStatus({ atMs: NOW, policies: [], pools: [], rollouts: [], leftAlone: [], ...more });

const aPool = (more: object = {}): PoolSeen => ({
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: [],
  notUnderstood: [],
  ...more,
});

const SCHEDULE = { paused: false, everyMs: MINUTE, lastMs: at(1), nextMs: NOW };

test('an idle fleet is three lines', () => {
  const policies = [{ worker: 'w1', atMs: at(1), hash: '0a1b', refused: [] }];
  expect(seen({ policies, schedule: SCHEDULE, scannedMs: at(3) })).toBe(
    [
      'policy: 0a1b is in force at w1, as of 1m ago',
      'scans: the last 1m ago',
      '',
      'no rollout is running',
      '',
    ].join('\n'),
  );
});

describe('it is shown', () => {
  test.each<[string, Partial<Seen>, string]>([
    [
      'G8: which nodes get no rollout, and why',
      {
        leftAlone: [{ node: 'n7', because: 'its labels match the selector of no pool' }],
        leftAloneMore: 3,
        schedule: SCHEDULE,
        scannedMs: at(3),
      },
      '\nwanting a reboot and left alone, as of the latest scan 3m ago:\n  n7: its labels match the selector of no pool\n  and 3 more\n',
    ],
    [
      'G8: that a node may stand nowhere, where scans are paused',
      { schedule: { ...SCHEDULE, paused: true }, scannedMs: at(1) },
      'no rollout is running\n\na node that has wanted a reboot only since the latest scan 1m ago is not shown\n',
    ],
    [
      'G8: the same where the latest scan is older than three intervals',
      {
        leftAlone: [{ node: 'n7', because: 'its labels match the selector of no pool' }],
        schedule: SCHEDULE,
        scannedMs: at(4),
      },
      '  n7: its labels match the selector of no pool\na node that has wanted a reboot only since the latest scan 4m ago is not shown\n',
    ],
    [
      'G8: the same where nobody scans',
      { scannedMs: at(90) },
      '\na node that has wanted a reboot only since the latest scan 1h 30m ago is not shown\n',
    ],
    [
      'G8: the same where no scan is known',
      { schedule: { ...SCHEDULE, paused: true } },
      '\na node that wants a reboot and has no rollout is not shown, for no scan has ended lately\n',
    ],
    [
      'which pools ask for nothing, and what their agents say',
      {
        quiet: [{ pool: 'gpu', forMs: 31 * 24 * 60 * MINUTE, afterMs: 1, because: 'they say: x' }],
      },
      'updates installed at all?\n  pool gpu: no node has asked for a reboot for 31d; they say: x\n',
    ],
    ['that nobody knows the policy', {}, 'policy: not known, for no scan has ended lately'],
    ['that there is no schedule', {}, 'scans: there is no schedule fleet-scan'],
    [
      'what is wrong with the policy file',
      { policies: [{ worker: 'w1', atMs: at(0), hash: '0a1b', refused: ['policy.yaml:1 a: b'] }] },
      '  the file as it is now is REFUSED:\n    policy.yaml:1 a: b\n',
    ],
    [
      'that there is no policy',
      { policies: [{ worker: 'w1', atMs: at(0), refused: ['x'] }] },
      'policy: NONE is in force at w1',
    ],
    [
      'that the schedule is paused, and who said so',
      {
        schedule: { ...SCHEDULE, paused: true, note: 'maintenance of the network', lastMs: at(90) },
      },
      'scans: PAUSED (maintenance of the network), the last 1h 30m ago; no rollout is begun',
    ],
    [
      'who has a permit, and on which no rollout counts',
      {
        pools: [
          aPool({
            permits: [{ node: 'n1', grantId: 'workers-k-1', sinceMs: at(5), endedMs: at(1) }],
          }),
        ],
      },
      'pool workers: 1 permit not yet used, 0 waiting\n  n1 has a permit for 5m; no rollout has counted on it for 1m\n',
    ],
    [
      'how many wait, and why',
      {
        pools: [
          aPool({ queue: [{ node: 'n2', sinceMs: 0 }], because: '1 of 1 nodes is out of service' }),
        ],
      },
      '0 permits not yet used, 1 waiting\n  nobody is admitted: 1 of 1 nodes is out of service',
    ],
    [
      'what halts a pool',
      { pools: [aPool({ troubles: [{ node: 'n1', because: 'it is lost', sinceMs: at(9) }] })] },
      '  TROUBLE with n1 for 9m: it is lost',
    ],
    [
      'who has paused a pool',
      { pools: [aPool({ paused: { by: 'ann', reason: 'a look', atMs: at(2) } })] },
      '  PAUSED by ann for 2m: a look',
    ],
    [
      'who has opened the window of a pool',
      { pools: [aPool({ window: { fromMs: 0, untilMs: 3_600_000, by: 'ann', reason: 'x' } })] },
      '  window: open until 1970-01-01T01:00:00Z by ann: x',
    ],
    [
      'a signal that was not understood',
      { pools: [aPool({ notUnderstood: ['permitUsed: it names no rollout or no node'] })] },
      'signal not understood: permitUsed',
    ],
    [
      'a lock of which nothing is known',
      { pools: [{ pool: 'gpu', unknown: 'no worker has answered' }] },
      'pool gpu: no worker has answered',
    ],
  ])('%s', (_, more, text) => {
    expect(seen(more)).toContain(text);
  });
});

test('rollouts are a table, with the phase, since when, and why they wait', () => {
  const status: RolloutStatus = {
    node: 'n1',
    pool: 'workers',
    phase: { at: 'waiting', sinceMs: at(3), closed: [] },
    skipped: [],
    notUnderstood: [],
  };
  const rollouts = [
    {
      node: 'n1',
      startedMs: at(9),
      status,
      because: 'window: opens tomorrow',
      lookedAtMs: at(1),
      againAtMs: NOW + 30_000,
    },
    { node: 'worker-22', startedMs: at(9), because: 'no worker has answered' },
  ];
  expect(seen({ rollouts })).toContain(
    [
      'NODE       POOL     PHASE    SINCE   WHY',
      'n1         workers  waiting  for 3m  window: opens tomorrow (looked at 1m ago, again in 30s)',
      'worker-22           ?        for 9m  no worker has answered',
      '',
    ].join('\n'),
  );
});
