import { describe, expect, test } from '@jest/globals';
import { Policy, poolOf, problemsOf, REBOOT_DEFAULTS } from './policy.ts';

const WORKERS = { name: 'workers', nodes: 'pool=workers' };
const pools = (over: object): object => ({ pools: [{ ...WORKERS, ...over }] });

const problems = (policy: unknown): string[] => {
  const { error } = Policy.safeParse(policy);
  return error ? problemsOf(error) : [];
};

const MINUTE = 60_000;

test('a name and a selector are a whole pool; what is not written has a safe default', () => {
  expect(Policy.parse({ pools: [WORKERS] })).toEqual({
    scanEvery: MINUTE,
    freezes: [],
    pools: [
      {
        ...WORKERS,
        maxUnavailable: 1,
        freezes: [],
        gates: { blockingPods: [] },
        after: [],
        order: 'fifo',
        pauseBetween: 0,
        failureBudget: 1,
        overdueAfter: 14 * 24 * 60 * MINUTE,
        waitingAfter: 3 * 24 * 60 * MINUTE,
        retry: { pause: 10 * MINUTE, longest: 6 * 60 * MINUTE },
        drain: {
          timeout: 30 * MINUTE,
          onTimeout: 'undo',
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
        },
      },
    ],
    notifications: [],
  });
  expect(REBOOT_DEFAULTS.returnWithin).toBe(20 * MINUTE);
});

test('every duration is written in words and counted in milliseconds', () => {
  const policy = Policy.parse({
    scanEvery: '90s',
    ...pools({
      drain: { timeout: '1h30m', gracePeriod: '10s', skipWaitForDeleteTimeout: '1d', delay: '1ms' },
      reboot: { returnWithin: '1h' },
    }),
  });
  expect(policy).toMatchObject({
    scanEvery: 90_000,
    pools: [
      {
        drain: {
          timeout: 90 * MINUTE,
          gracePeriod: 10_000,
          skipWaitForDeleteTimeout: 1_440 * MINUTE,
          delay: 1,
        },
        reboot: { returnWithin: 60 * MINUTE },
      },
    ],
  });
});

describe('G9: a bad policy is refused with the path and the rule:', () => {
  const BUDGET = 'write a number of nodes from 1, or a percentage from "1%" to "100%"';
  const SELECTOR = 'write a label selector like agentpool=workers';
  const DURATION = 'write a duration like 90s, 30m, 1h30m or 14d';
  test.each<{ name: string; policy: unknown; expected: string[] }>([
    {
      name: 'no pools',
      policy: {},
      expected: ['pools: write a list of pools'],
    },
    {
      name: 'an empty file',
      policy: null,
      expected: ['(whole file): Invalid input: expected object, received null'],
    },
    {
      name: 'a typing error at the top',
      policy: { ...pools({}), scanEverry: '1m' },
      expected: ['(whole file): Unrecognized key: "scanEverry"'],
    },
    {
      name: 'a typing error in a pool',
      policy: pools({ maxUnavailible: 1 }),
      expected: ['pools[0]: Unrecognized key: "maxUnavailible"'],
    },
    ...['drain', 'reboot'].map((section) => ({
      name: `a typing error in ${section}`,
      policy: pools({ [section]: { tiemout: '1m' } }),
      expected: [`pools[0].${section}: Unrecognized key: "tiemout"`],
    })),
    {
      name: 'a typing error in a window',
      policy: pools({ windows: [{ always: true, allways: true }] }),
      expected: ['pools[0].windows[0]: Unrecognized key: "allways"'],
    },
    ...[0, -1, 1.5, '0%', '101%', '05%', '1.5%', '10', 'all', null].map((maxUnavailable) => ({
      name: `a budget of ${JSON.stringify(maxUnavailable)}`,
      policy: pools({ maxUnavailable }),
      expected: [`pools[0].maxUnavailable: ${BUDGET}`],
    })),
    ...['', 'a in b', 'Example.org/a=b'].map((nodes) => ({
      name: `a selector of "${nodes}"`,
      policy: pools({ nodes }),
      expected: [`pools[0].nodes: ${SELECTOR}`],
    })),
    {
      name: 'a duration without a unit',
      policy: pools({ drain: { timeout: '30' } }),
      expected: [`pools[0].drain.timeout: ${DURATION}`],
    },
    {
      name: 'a duration no calendar can hold',
      policy: pools({ reboot: { orderExpires: '99999999999d' } }),
      expected: ['pools[0].reboot.orderExpires: write a duration of at most 3650d'],
    },
    {
      name: 'a window that is not said to be always open',
      policy: pools({ windows: [{ always: false }] }),
      expected: ['pools[0].windows[0].always: write always: true, or another window'],
    },
    {
      name: 'two pools of one name',
      policy: { pools: [WORKERS, { ...WORKERS, nodes: 'pool=other' }] },
      expected: ['pools[1].name: there is another pool named workers'],
    },
    {
      name: 'everything that is wrong, at once',
      policy: pools({ name: 'Workers', drain: { timeout: 'x', atOnce: 0 } }),
      expected: [
        'pools[0].name: write a name of lower-case letters, digits and dashes',
        `pools[0].drain.timeout: ${DURATION}`,
        'pools[0].drain.atOnce: Too small: expected number to be >=1',
      ],
    },
  ])('$name', ({ policy, expected }) => {
    expect(problems(policy)).toEqual(expected);
  });
});

describe('poolOf', () => {
  const policy = Policy.parse({
    pools: [WORKERS, { name: 'gpu', nodes: 'gpu' }, { name: 'edge', nodes: 'zone in (edge)' }],
  });
  test.each([
    {
      name: 'finds the one pool that matches',
      labels: { gpu: '' },
      expected: { kind: 'pool', pool: { name: 'gpu' } },
    },
    {
      name: 'leaves a node in no pool alone, and says so',
      labels: { pool: 'masters' },
      expected: { kind: 'none', because: 'its labels match the selector of no pool' },
    },
    {
      name: 'leaves a node in two pools alone, and names them',
      labels: { pool: 'workers', zone: 'edge' },
      expected: {
        kind: 'none',
        because: 'its labels match the selectors of several pools: workers and edge',
      },
    },
  ])('$name', ({ labels, expected }) => {
    expect(poolOf(policy, labels)).toMatchObject(expected);
  });
});
