import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Policy, problemsOf } from './policy.ts';

const pool = (name: string, over: object = {}): object => ({
  name,
  nodes: `pool=${name}`,
  ...over,
});

const problems = (...pools: object[]): string[] => {
  const { error } = Policy.safeParse({ pools });
  return error ? problemsOf(error) : [];
};

test('what spaces rollouts out is written in words and counted in milliseconds', () => {
  const given = {
    order: 'zone',
    pauseBetween: '90s',
    failureBudget: 2,
    overdueAfter: '7d',
    retry: { pause: '5m', longest: '1h' },
    reboot: { perDay: 1 },
  };
  const policy = Policy.parse({ pools: [pool('a'), pool('b', { ...given, after: ['a'] })] });
  expect(policy.pools[1]).toMatchObject({
    order: 'zone',
    after: ['a'],
    pauseBetween: 90_000,
    failureBudget: 2,
    overdueAfter: 7 * 24 * 60 * 60_000,
    retry: { pause: 300_000, longest: 3_600_000 },
    reboot: { perDay: 1 },
  });
});

describe('G9: a pool is refused with the path and the rule:', () => {
  test.each<{ name: string; pools: object[]; expected: string[] }>([
    {
      name: 'one that goes after a pool there is not',
      pools: [pool('a', { after: ['b', 'c'] }), pool('b')],
      expected: ['pools[0].after[1]: there is no pool named c'],
    },
    {
      name: 'one that goes after itself',
      pools: [pool('a', { after: ['a'] })],
      expected: ['pools[0].after[0]: pools a and a would wait for each other'],
    },
    {
      name: 'two that go after each other',
      pools: [pool('a', { after: ['b'] }), pool('b', { after: ['a'] })],
      expected: [
        'pools[0].after[0]: pools a and b would wait for each other',
        'pools[1].after[0]: pools b and a would wait for each other',
      ],
    },
    {
      name: 'those on a longer way round, and not who waits for them',
      pools: [
        pool('a', { after: ['b'] }),
        pool('b', { after: ['c'] }),
        pool('c', { after: ['a'] }),
        pool('d', { after: ['a'] }),
      ],
      expected: [
        'pools[0].after[0]: pools a and b would wait for each other',
        'pools[1].after[0]: pools b and c would wait for each other',
        'pools[2].after[0]: pools c and a would wait for each other',
      ],
    },
    ...[0, -1, 1.5].map((failureBudget) => ({
      name: `a failure budget of ${failureBudget}`,
      pools: [pool('a', { failureBudget })],
      expected: [expect.stringMatching(/^pools\[0\]\.failureBudget: /) as unknown as string],
    })),
    {
      name: 'an order nobody knows',
      pools: [pool('a', { order: 'random' })],
      expected: ['pools[0].order: Invalid option: expected one of "fifo"|"zone"'],
    },
    {
      name: 'no reboot at all in a day',
      pools: [pool('a', { reboot: { perDay: 0 } })],
      expected: ['pools[0].reboot.perDay: Too small: expected number to be >=1'],
    },
    {
      name: 'a pause of nothing after a failed try, which would be a loop',
      pools: [pool('a', { retry: { pause: '0s', longest: '0s' } })],
      expected: [
        'pools[0].retry.pause: write a duration of at least 1s',
        'pools[0].retry.longest: write a duration of at least 1s',
      ],
    },
    {
      name: 'a typing error in retry',
      pools: [pool('a', { retry: { puase: '1m' } })],
      expected: ['pools[0].retry: Unrecognized key: "puase"'],
    },
    {
      name: 'durations without a unit',
      pools: [pool('a', { pauseBetween: 5, overdueAfter: '14' })],
      expected: [
        'pools[0].pauseBetween: write a duration like 90s, 30m, 1h30m or 14d',
        'pools[0].overdueAfter: write a duration like 90s, 30m, 1h30m or 14d',
      ],
    },
  ])('$name', ({ pools, expected }) => {
    expect(problems(...pools)).toEqual(expected);
  });
});

test('pools that can be done one after the other are taken, and all others refused', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const after = fc.subarray(names);
  fc.assert(
    fc.property(fc.tuple(after, after, after, after, after), (all) => {
      const pools = names.map((name, index) => ({ name, after: all[index] ?? [] }));
      const left = new Set(names);
      for (let done = true; done;) {
        const next = pools.find(
          (one) => left.has(one.name) && !one.after.some((first) => left.has(first)),
        );
        done = next !== undefined && left.delete(next.name);
      }
      const found = problems(
        ...pools.map(({ name, after: first }) => pool(name, { after: first })),
      );
      expect(found.length === 0).toBe(left.size === 0);
    }),
    { numRuns: 300 },
  );
});
