import { describe, expect, test } from '@jest/globals';
import { aNode, read } from '../a-node.fixture.ts';
import type { NodeFacts } from '../node-facts.ts';
import { Policy } from '../policy.ts';
import type { LockStatus, RolloutStatus } from '../status.ts';
import { Plan } from '../window/plan.ts';
import { poolWindows } from '../window/pool-windows.ts';
import { forecast } from './forecast.ts';
import type { ForecastQuestion, NodeForecast, RolloutKnown } from './known.ts';

const MINUTE = 60_000;
/** A Tuesday. */
const NOW = Date.parse('2026-12-08T20:00:00Z');
const TEN = Array.from({ length: 10 }, () => 10 * MINUTE);

/** A node of pool `workers` that has just been heard to want a reboot. */
const wants = (name: string, facts: Partial<NodeFacts> = {}): NodeFacts =>
  aNode({
    name,
    uid: name,
    labels: { pool: 'workers' },
    report: { wants: 'required', message: '', heardAtMs: NOW, sinceMs: NOW },
    ...facts,
  });
const needsNone = (name: string, facts: Partial<NodeFacts> = {}): NodeFacts =>
  wants(name, { report: { wants: 'not-required', message: '', heardAtMs: NOW }, ...facts });
const lock = (status: Partial<LockStatus> = {}): LockStatus => ({
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: TEN,
  notUnderstood: [],
  ...status,
});
const queued = (...nodes: string[]) => nodes.map((node) => ({ node, sinceMs: NOW - MINUTE }));
const status = (
  node: string,
  phase: RolloutStatus['phase'] | { at: string; sinceMs: number },
  more: Partial<RolloutStatus> = {},
): RolloutKnown => ({
  node,
  startedMs: NOW - MINUTE,
  because: '',
  status: {
    node,
    pool: 'workers',
    phase: phase as RolloutStatus['phase'],
    skipped: [],
    notUnderstood: [],
    ...more,
  },
});
const record = (node: string) =>
  read({
    workflowId: `node-rollout/${node}`,
    runId: 'r',
    cordonedByUs: true,
    bootIdBefore: 'boot-1',
    phase: 'draining',
  });
const ALWAYS = [{ always: true as const }];
/** From 20:00 to 21:00 UTC, which is from NOW on. */
const HOURLY = [{ days: ['tue', 'wed'], start: '20:00', end: '21:00' }];

interface Asked extends Partial<Omit<ForecastQuestion, 'policy' | 'plans'>> {
  /** Of the pool `workers`. */
  readonly rules?: object;
  readonly more?: readonly object[];
  readonly freezes?: readonly object[];
}

/** What is foretold; nothing is known but what a test names. */
function ask({ rules = {}, more = [], freezes = [], ...over }: Asked) {
  const workers = { name: 'workers', nodes: 'pool=workers', windows: ALWAYS, ...rules };
  const policy = Policy.parse({ freezes, pools: [workers, ...more] });
  const plans = policy.pools.map(
    (_, index) => new Plan({ ...poolWindows(policy, index), calendars: new Map() }),
  );
  return forecast({
    policy,
    plans,
    nodes: [],
    locks: [lock()],
    rollouts: [],
    workerNodes: new Set(),
    nextScan: { atMs: NOW },
    nowMs: NOW,
    ...over,
  });
}

const minutes = (ms: number): number => (ms - NOW) / MINUTE;

/** "n1 0-10", in minutes from now, or "n1 because". */
const say = (row: NodeForecast): string => {
  if (row.kind === 'not-foretold') return `${row.node} ${row.because}`;
  return `${row.node} ${row.beginsMs === undefined ? '?' : minutes(row.beginsMs)}-${minutes(row.endsMs)}`;
};
const told = (asked: Asked, pool = 'workers'): string[] =>
  ask(asked)
    .pools.filter((one) => one.pool === pool)
    .flatMap(({ nodes }) => nodes.map(say));
const rowOf = (asked: Asked, node: string) =>
  ask(asked).pools[0]?.nodes.find((row) => row.node === node);
const five = ['n1', 'n2', 'n3', 'n4', 'n5'].map((name) => wants(name));

describe('one after the other, as many at a time as the pool allows:', () => {
  test.each<[name: string, asked: Asked, expected: string[]]>([
    ['one', { nodes: five.slice(0, 3) }, ['n1 0-10', 'n2 10-20', 'n3 20-30']],
    [
      'two',
      { rules: { maxUnavailable: 2 }, nodes: five },
      ['n1 0-10', 'n2 0-10', 'n3 10-20', 'n4 10-20', 'n5 20-30'],
    ],
    [
      'half of the pool',
      { rules: { maxUnavailable: '50%' }, nodes: five },
      ['n1 0-10', 'n2 0-10', 'n3 10-20', 'n4 10-20', 'n5 20-30'],
    ],
    [
      'with a pause between them',
      { rules: { pauseBetween: '5m' }, nodes: five.slice(0, 3) },
      ['n1 0-10', 'n2 15-25', 'n3 30-40'],
    ],
    [
      'with what is left of a pause',
      {
        rules: { pauseBetween: '5m' },
        nodes: five.slice(0, 1),
        locks: [lock({ lastReturn: { atMs: NOW - 2 * MINUTE } })],
      },
      ['n1 3-13'],
    ],
    [
      'one zone after the other',
      {
        rules: { order: 'zone' },
        nodes: [
          wants('n1', { zone: 'a' }),
          wants('n2', { zone: 'b' }),
          wants('n3', { zone: 'a' }),
          wants('n4', { zone: 'b' }),
        ],
      },
      ['n1 0-10', 'n3 10-20', 'n2 20-30', 'n4 30-40'],
    ],
    [
      'as the queue of the lock has them',
      { nodes: five.slice(0, 3), locks: [lock({ queue: queued('n3', 'n1') })] },
      ['n3 0-10', 'n1 10-20', 'n2 20-30'],
    ],
    [
      'an overdue one first, the host of a worker last',
      {
        nodes: five.slice(0, 3),
        locks: [
          lock({
            queue: [
              { node: 'n1', sinceMs: NOW, last: true },
              { node: 'n2', sinceMs: NOW },
              { node: 'n3', sinceMs: NOW, overdueAtMs: NOW - MINUTE },
            ],
          }),
        ],
      },
      ['n3 0-10', 'n2 10-20', 'n1 20-30'],
    ],
    [
      'a host of a worker that has not asked yet goes last too',
      { nodes: five.slice(0, 2), workerNodes: new Set(['n1']) },
      ['n2 0-10', 'n1 10-20'],
    ],
    [
      'those first whose rollouts run',
      {
        nodes: five.slice(0, 2),
        rollouts: [status('n2', { at: 'starting', sinceMs: NOW })],
        nextScan: { atMs: NOW + MINUTE },
      },
      ['n2 0-10', 'n1 10-20'],
    ],
  ])('%s', (_, asked, expected) => {
    expect(told(asked)).toEqual(expected);
  });

  test('another pool when this one is done', () => {
    const other = { name: 'gpu', nodes: 'pool=gpu', windows: ALWAYS, after: ['workers'] };
    const gpu = wants('g1', { labels: { pool: 'gpu' } });
    const asked = {
      more: [other],
      nodes: [...five.slice(0, 2), gpu],
      locks: [lock(), lock({ pool: 'gpu' })],
    };
    expect(told(asked, 'gpu')).toEqual(['g1 20-30']);
  });

  test('places are of the pool', () => {
    const { pools } = ask({ nodes: five });
    expect(pools[0]?.nodes.map((row) => 'place' in row && row.place)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('how long one takes', () => {
  test('is the median of the latest, where there are enough', () => {
    const lengths = [1, 2, 30, 4, 3, 5].map((one) => one * MINUTE);
    const asked = { nodes: five.slice(0, 1), locks: [lock({ lengths })] };
    expect(ask(asked).pools[0]).toMatchObject({
      length: { ms: 3.5 * MINUTE, by: 'the median of the last 6' },
      needed: { ms: 30 * MINUTE, by: 'as nine of ten of the last did at most' },
    });
    expect(told(asked)).toEqual(['n1 0-3.5']);
  });

  test('is what the policy allows where there are too few, or no lock at all', () => {
    const byTimeouts = { ms: 55 * MINUTE, by: 'the sum of its timeouts' };
    for (const locks of [[lock({ lengths: [MINUTE] })], []]) {
      const asked = { nodes: five.slice(0, 1), locks };
      expect(ask(asked).pools[0]).toMatchObject({ length: byTimeouts, needed: byTimeouts });
    }
  });
});

describe('the window', () => {
  const inWindow = { rules: { windows: HOURLY }, nodes: five };

  test('takes as many as fit, and the others come in the next one', () => {
    expect(told({ ...inWindow, rules: { windows: HOURLY, expectedLength: '25m' } })).toEqual([
      'n1 0-10',
      'n2 10-20',
      'n3 20-30',
      'n4 30-40',
      `n5 ${24 * 60}-${24 * 60 + 10}`,
    ]);
  });

  test('says which opening it is, and why not an earlier one', () => {
    const asked = { ...inWindow, rules: { windows: HOURLY, expectedLength: '25m' } };
    const closesMs = Date.parse('2026-12-08T21:00Z');
    expect(rowOf(asked, 'n4')).toMatchObject({ place: 4, closesMs });
    expect(rowOf(asked, 'n4')).not.toHaveProperty('because');
    expect(rowOf(asked, 'n5')).toMatchObject({
      closesMs: closesMs + 24 * 60 * MINUTE,
      because:
        'the window closes at Tue 2026-12-08 21:00 UTC and a rollout may take 25m (its expectedLength); the next opens at Wed 2026-12-09 20:00 UTC',
    });
  });

  test('that is too short for any, and the last one, leaves all out, with the reason', () => {
    const freezes = [{ from: '2026-12-08T20:15Z', to: '2099-01-01', because: 'the end' }];
    expect(told({ freezes, rules: { expectedLength: '25m' }, nodes: five.slice(0, 1) })).toEqual([
      'n1 window: the window closes at Tue 2026-12-08 20:15 UTC and a rollout may take 25m (its expectedLength); no other opens within ten years',
    ]);
  });

  test('that has closed while it waited in the queue counts as missed', () => {
    const lengths = TEN.map(() => 40 * MINUTE);
    const asked = {
      rules: { windows: HOURLY, expectedLength: '5m' },
      nodes: five.slice(0, 3),
      locks: [lock({ lengths, queue: queued('n1', 'n2', 'n3') })],
    };
    expect(told(asked)).toEqual(['n1 0-40', 'n2 40-80', `n3 ${24 * 60}-${24 * 60 + 40}`]);
    expect(rowOf(asked, 'n3')).toMatchObject({
      because: 'closed until Wed 2026-12-09 20:00 UTC',
    });
  });

  test('opens only after a freeze', () => {
    const freezes = [{ from: '2026-12-08T20:15Z', to: '2026-12-09T12:00Z', because: 'election' }];
    expect(told({ freezes, rules: { expectedLength: '10m' }, nodes: five.slice(0, 2) })).toEqual([
      'n1 0-10',
      `n2 ${16 * 60}-${16 * 60 + 10}`,
    ]);
  });

  test('a pool without any is never open', () => {
    const asked = { rules: { windows: undefined }, nodes: five.slice(0, 1) };
    expect(told(asked)).toEqual(['n1 window: its pool has no window']);
  });

  test('one that a person has opened counts until it is over', () => {
    const window = { fromMs: NOW, untilMs: NOW + 25 * MINUTE, by: 'ann', reason: 'CHG0042' };
    const asked = {
      rules: { windows: undefined, expectedLength: '10m' },
      locks: [lock({ window })],
    };
    expect(told({ ...asked, nodes: five.slice(0, 3) })).toEqual([
      'n1 0-10',
      'n2 10-20',
      'n3 window: the window (open until 2026-12-08T20:25:00Z by ann: CHG0042) closes at Tue 2026-12-08 20:25 UTC and a rollout may take 10m (its expectedLength); no other opens within ten years',
    ]);
  });

  test('a gate that a person has skipped is not waited for', () => {
    const skipped = [{ gate: 'window', reason: '', by: 'kim', atMs: NOW }];
    const rollouts = [status('n1', { at: 'starting', sinceMs: NOW }, { skipped })];
    expect(told({ rules: { windows: undefined }, nodes: five.slice(0, 1), rollouts })).toEqual([
      'n1 0-10',
    ]);
  });
});

describe('who is not foretold is said why:', () => {
  const pause = { reason: 'incident', by: 'kim', atMs: NOW };
  const HALT = 'the pool is halted until it is resumed or the node is back: ';
  const trouble = { because: 'no answer', atMs: NOW };
  test.each<[name: string, asked: Asked, expected: string[]]>([
    [
      'held, without an end',
      { nodes: [wants('n1', { hold: { reason: 'mine' } })] },
      ['n1 hold: held: mine'],
    ],
    [
      'its agent is silent, and is not heard as time goes by',
      {
        nodes: [
          wants('n1', {
            report: { wants: 'required', message: '', heardAtMs: NOW - 16 * MINUTE },
          }),
        ],
      },
      ['n1 agent: the agent has been silent since 2026-12-08T19:44:00.000Z'],
    ],
    [
      'quarantined',
      {
        rules: { failureBudget: 2 },
        nodes: [
          wants('n1', {
            quarantine: read({ bootId: 'boot-1', because: 'it survived', atMs: NOW }),
          }),
        ],
      },
      ['n1 quarantine: it survived'],
    ],
    [
      'a gate outside the node is closed just now',
      {
        nodes: five.slice(0, 1),
        rollouts: [
          status('n1', {
            at: 'waiting',
            sinceMs: NOW,
            closed: [{ gate: 'alerts', because: 'DiskFull', sinceMs: NOW, pollAgainMs: 1 }],
          }),
        ],
      },
      ['n1 alerts: DiskFull'],
    ],
    [
      'the pool is paused',
      { nodes: five.slice(0, 1), locks: [lock({ paused: pause, queue: queued('n1') })] },
      ['n1 the lock is paused by kim: incident'],
    ],
    [
      'its rollout is paused',
      {
        nodes: five.slice(0, 1),
        rollouts: [status('n1', { at: 'paused', sinceMs: NOW }, { paused: pause })],
      },
      ['n1 paused by kim: incident'],
    ],
    [
      'the pool is halted; only the trouble itself may try again',
      {
        nodes: [wants('n1'), wants('n2', { attempts: { reboots: [], trouble } })],
        locks: [lock({ queue: queued('n1') })],
        rollouts: [
          status('n2', { at: 'paused', sinceMs: NOW }, { paused: pause }),
          status('n1', { at: 'queued', sinceMs: NOW }),
        ],
      },
      [`n1 ${HALT}n2: no answer`, 'n2 paused by kim: incident'],
    ],
    [
      'others have the budget',
      { nodes: [wants('n1'), needsNone('n2', { unschedulable: true })] },
      ['n1 1 of at most 1 out of service: n2 is cordoned'],
    ],
    [
      'the scans are paused, and no rollout runs',
      { nodes: five.slice(0, 1), nextScan: { because: 'the scans are paused' } },
      ['n1 the scans are paused'],
    ],
    [
      'a lost node keeps its place, and the others wait for it',
      {
        nodes: [wants('n1', { rollout: record('n1') }), wants('n2')],
        rollouts: [status('n1', { at: 'lost', because: 'not Ready', sinceMs: NOW } as never)],
      },
      [
        'n1 it is lost: not Ready',
        'n2 1 of at most 1 out of service: n1 is in the middle of a rollout',
      ],
    ],
  ])('%s', (_, asked, expected) => {
    expect(told(asked)).toEqual(expected);
  });

  test('the policy has it in no pool', () => {
    expect(ask({ nodes: [wants('n1', { labels: {} })] }).inNoPool).toEqual([
      { node: 'n1', because: 'its labels match the selector of no pool' },
    ]);
  });

  test('who wants no reboot is not told of', () => {
    expect(told({ nodes: [needsNone('n1')] })).toEqual([]);
  });
});

describe('what ends by itself is waited for:', () => {
  const untilMs = NOW + 30 * MINUTE;
  const pause = { reason: 'incident', by: 'kim', atMs: NOW, untilMs };
  const trouble = { because: 'no answer', atMs: NOW };
  test.each<[name: string, asked: Asked, expected: string[]]>([
    [
      'a hold; the others do not wait',
      { nodes: [wants('n1', { hold: { reason: 'mine', untilMs } }), wants('n2')] },
      ['n2 0-10', 'n1 30-40'],
    ],
    [
      'a rest after a try that failed',
      {
        nodes: [
          wants('n1', {
            attempts: { reboots: [], failed: { count: 1, lastAtMs: NOW, because: '' } },
          }),
        ],
      },
      ['n1 10-20'],
    ],
    [
      'a rest that only the rollout knows',
      {
        nodes: five.slice(0, 1),
        rollouts: [
          status('n1', {
            at: 'waiting',
            sinceMs: NOW,
            closed: [
              { gate: 'rest', because: 'it was aborted', sinceMs: NOW - MINUTE, pollAgainMs: 1 },
            ],
          }),
        ],
      },
      ['n1 9-19'],
    ],
    [
      'the pause of a pool',
      { nodes: five.slice(0, 1), locks: [lock({ paused: pause, queue: queued('n1') })] },
      ['n1 30-40'],
    ],
    [
      'the pause of a rollout',
      {
        nodes: five.slice(0, 2),
        rollouts: [status('n1', { at: 'paused', sinceMs: NOW }, { paused: pause })],
      },
      ['n2 0-10', 'n1 30-40'],
    ],
    ['the next scan', { nodes: five.slice(0, 1), nextScan: { atMs: NOW + MINUTE } }, ['n1 1-11']],
    [
      'a trouble that tries again and goes well',
      {
        nodes: [wants('n1'), wants('n2', { attempts: { reboots: [], trouble } })],
        locks: [lock({ queue: queued('n1', 'n2') })],
      },
      ['n2 0-10', 'n1 10-20'],
    ],
  ])('%s', (_, asked, expected) => {
    expect(told(asked)).toEqual(expected);
  });
});

const draining = (more: Partial<RolloutStatus> = {}): RolloutKnown =>
  status('n1', { at: 'draining', sinceMs: NOW }, more);
const since = (ago: number): RolloutKnown[] => [draining({ outSinceMs: NOW - ago * MINUTE })];

describe('a node that is under way', () => {
  const out = wants('n1', { rollout: record('n1'), unschedulable: true });
  const nodes = [out, wants('n2')];

  test('ends when it has taken as long as usual, and comes first', () => {
    const rollouts = [draining({ outSinceMs: NOW - 4 * MINUTE })];
    expect(told({ nodes, rollouts })).toEqual(['n1 -4-6', 'n2 6-16']);
    expect(rowOf({ nodes, rollouts }, 'n1')).toMatchObject({
      kind: 'under-way',
      place: 1,
      phase: 'draining',
    });
  });

  test('is taken to have just begun where nobody knows when it has', () => {
    expect(told({ nodes, rollouts: [draining()] })).toEqual(['n1 ?-10', 'n2 10-20']);
  });

  test('that takes longer than usual has as long as the window gate reckons with', () => {
    const lengths = [10, 10, 10, 10, 10, 10, 10, 20, 20, 20].map((one) => one * MINUTE);
    const locks = [lock({ lengths })];
    expect(told({ nodes, locks, rollouts: since(12) })).toEqual(['n1 -12-8', 'n2 8-18']);
    expect(told({ nodes, locks, rollouts: since(30) })).toEqual(['n1 -30-0', 'n2 0-10']);
  });

  test('keeps its place while it is paused', () => {
    const paused = { reason: 'look', by: 'kim', atMs: NOW, untilMs: NOW + 30 * MINUTE };
    expect(told({ nodes, rollouts: [draining({ paused })] })).toEqual(['n1 ?-40', 'n2 40-50']);
  });

  test('that is undone leaves its place at once', () => {
    const aborted = { reason: 'no', by: 'kim', atMs: NOW };
    const rollouts = [{ ...draining({ aborted }), because: 'aborted by kim: no' }];
    expect(told({ nodes, rollouts })).toEqual(['n2 0-10', 'n1 aborted by kim: no']);
  });

  test('has a permit, and does not show it yet', () => {
    const permits = [{ node: 'n1', grantId: 'g', sinceMs: NOW }];
    const rollouts = [status('n1', { at: 'cordoning', sinceMs: NOW })];
    const asked = { nodes: five.slice(0, 2), locks: [lock({ permits })], rollouts };
    expect(told(asked)).toEqual(['n1 ?-10', 'n2 10-20']);
  });

  test('whose reboot takes longer than a return may is not halted for beforehand', () => {
    const order = read({ bootId: 'boot-1', rollout: 'r', expiresAtMs: NOW + 5 * MINUTE });
    const answer = read({
      bootId: 'boot-1',
      rollout: 'r',
      verdict: 'accepted' as const,
      because: '',
      atMs: NOW,
    });
    const hold = { reason: 'a while', untilMs: NOW + 5 * MINUTE };
    const asked = {
      rules: { maxUnavailable: 2, reboot: { returnWithin: '2m' } },
      nodes: [{ ...out, ready: false, order, answer }, wants('n2', { hold })],
      rollouts: [status('n1', { at: 'rebooting', sinceMs: NOW }, { outSinceMs: NOW })],
    };
    expect(told(asked)).toEqual(['n1 0-10', 'n2 5-15']);
  });
});

test('many nodes are foretold over many windows', () => {
  const nodes = Array.from({ length: 300 }, (_, index) => wants(`n${1_000 + index}`));
  const { pools } = ask({ nodes, rules: { maxUnavailable: '5%', windows: HOURLY } });
  const rows = pools[0]?.nodes ?? [];
  expect(rows.filter(({ kind }) => kind === 'foretold')).toHaveLength(300);
});
