import { expect, test } from '@jest/globals';
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

// Each of these took from minutes to for ever when every path, pair or comma was gone through anew.
test('many pools, each after all that are before it, are read', () => {
  const names = Array.from({ length: 200 }, (_, index) => `p${index}`);
  const all = names.map((name, index) => pool(name, { after: names.slice(0, index) }));
  expect(problems(...all)).toEqual([]);
  expect(problems(...all, pool('last', { after: ['last'] }))).toEqual([
    'pools[200].after[0]: pools last and last would wait for each other',
  ]);
});

test('more pools, longer names and longer selectors than anybody needs are refused', () => {
  const many = Array.from({ length: 3_000 }, (_, index) => pool(`p${index}`));
  expect(problems(...many)).toEqual(['pools: write at most 500 pools']);
  const values = Array.from({ length: 4_000 }, () => 'x').join();
  expect(problems(pool('a', { nodes: `pool in (${values})` }))).toEqual([]);
  expect(problems(pool('a', { nodes: `pool in (${values},${values})` }))).toEqual([
    'pools[0].nodes: write at most 10000 characters',
  ]);
  const name = 'p'.repeat(64);
  const nodes = 'pool=a';
  expect(problems(pool(name, { nodes }))).toEqual([
    'pools[0].name: write a name of at most 63 lower-case letters, digits and dashes',
  ]);
  expect(problems(pool(name.slice(1), { nodes }))).toEqual([]);
});
