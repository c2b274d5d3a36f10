import { describe, expect, test } from '@jest/globals';
import { AWAY_TAINTS } from './away-taints.ts';
import { Policy, poolOf, problemsOf, REBOOT_DEFAULTS } from './policy.ts';

const WORKERS = { name: 'workers', nodes: 'pool=workers' };

const MINUTE = 60_000;

test('a name and a selector are a whole pool; what is not written has a safe default', () => {
  expect(Policy.parse({ pools: [WORKERS] })).toEqual({
    scanEvery: MINUTE,
    freezes: [],
    awayTaints: AWAY_TAINTS,
    pools: [
      {
        ...WORKERS,
        maxUnavailable: 1,
        freezes: [],
        gates: { blockingPods: [], budgets: 'wait' },
        after: [],
        order: 'fifo',
        pauseBetween: 0,
        failureBudget: 1,
        overdueAfter: 14 * 24 * 60 * MINUTE,
        waitingAfter: 3 * 24 * 60 * MINUTE,
        quietAfter: 30 * 24 * 60 * MINUTE,
        retry: { pause: 10 * MINUTE, longest: 6 * 60 * MINUTE },
        drain: {
          timeout: 30 * MINUTE,
          onTimeout: 'undo',
          comesBack: 'leave',
          delay: 0,
          atOnce: 20,
          blockedAfter: 10 * MINUTE,
        },
        reboot: {
          delay: 0,
          orderExpires: 5 * MINUTE,
          returnWithin: 20 * MINUTE,
          perDay: 3,
          stableFor: MINUTE / 2,
          daemonSetsWithin: 10 * MINUTE,
        },
      },
    ],
    notifications: [],
  });
  expect(REBOOT_DEFAULTS.returnWithin).toBe(20 * MINUTE);
});

describe('G9: what test/policies/bad does not show is refused as well:', () => {
  test.each([
    ...[-1, '05%', '1.5%', 'all', null].map((maxUnavailable) => ({ maxUnavailable })),
    { nodes: 'Example.org/a=b' },
    { drain: { atOnce: 0 } },
    { reboot: { tiemout: '1m' } },
    { windows: [{ always: true, allways: true }] },
  ])('%j', (over) => {
    const { error } = Policy.safeParse({ pools: [{ ...WORKERS, ...over }] });
    expect(error && problemsOf(error)).toEqual([
      expect.stringMatching(`^pools\\[0\\]\\.${Object.keys(over)[0]}`),
    ]);
  });
});

describe('poolOf', () => {
  const policy = Policy.parse({
    pools: [WORKERS, { name: 'gpu', nodes: 'gpu' }, { name: 'edge', nodes: 'zone in (edge)' }],
  });
  test.each([
    ['finds the one pool that matches', { gpu: '' }, { kind: 'pool', pool: { name: 'gpu' } }],
    [
      'leaves a node in no pool alone, and says so',
      { pool: 'masters' },
      { kind: 'none', because: 'its labels match the selector of no pool' },
    ],
    [
      'leaves a node in two pools alone, and names them',
      { pool: 'workers', zone: 'edge' },
      {
        kind: 'none',
        because: 'its labels match the selectors of several pools: workers and edge',
      },
    ],
  ])('%s', (_, labels, expected) => {
    expect(poolOf(policy, labels)).toMatchObject(expected);
  });
});
