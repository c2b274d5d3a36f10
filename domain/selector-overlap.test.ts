import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSelector, requirementsIn } from './label-selector.ts';
import { matchesNothing, sharedLabels } from './selector-overlap.ts';

const shared = (one: string, other: string) =>
  sharedLabels(requirementsIn(one) ?? [], requirementsIn(other) ?? []);

describe('two selectors share nodes', () => {
  test.each([
    ['pool=a', 'pool in (b,a)', 'pool=a'],
    ['pool in (a,b)', 'pool in (b,c)', 'pool=b'],
    ['pool=a', 'pool!=b', 'pool=a'],
    ['pool!=a', 'pool!=b', '!pool'],
    ['pool,pool!=a', 'pool', 'pool'],
    ['pool in (a,b),!gpu', 'pool in (b,c)', 'pool=b,!gpu'],
  ])('%s and %s', (one, other, expected) => {
    expect(shared(one, other)).toBe(expected);
    expect(shared(other, one)).toBeDefined();
  });
});

const KEYS = ['a', 'b'];
/** More values than any selector names, so that there is always another. */
const VALUES = ['x', 'y', 'z', 'w'];
const requirement = fc
  .tuple(
    fc.constantFrom(...KEYS),
    fc.constantFrom('=', '!=', 'in', 'notin', '', '!'),
    fc.subarray(['x', 'y', 'z'], { minLength: 1 }),
  )
  .map(([key, operator, values]) => {
    if (operator === '' || operator === '!') return `${operator}${key}`;
    if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.join()})`;
    return `${key}${operator}${values[0]}`;
  });
const selector = fc
  .array(requirement, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(','));

const NODES = [undefined, ...VALUES].flatMap((a) =>
  [undefined, ...VALUES].map((b) => ({ ...(a && { a }), ...(b && { b }) })),
);
const matching = (...selectors: string[]) =>
  NODES.filter((labels) => selectors.every((text) => parseSelector(text)?.(labels)));
const named = (text: string): string[] => KEYS.filter((key) => text.includes(key));

test('what is shared is what a try of all labels finds, and the words are a selector of it', () => {
  fc.assert(
    fc.property(selector, selector, (one, other) => {
      const [first, second] = [named(one), named(other)];
      const decidable =
        first.every((key) => second.includes(key)) || second.every((key) => first.includes(key));
      const both = shared(one, other);
      expect(both !== undefined).toBe(decidable && matching(one, other).length > 0);
      if (both !== undefined) expect(matching(both, one, other).length).toBeGreaterThan(0);
    }),
    { numRuns: 2_000 },
  );
});

test('a selector that matches nothing is one that a try of all labels finds nothing for', () => {
  fc.assert(
    fc.property(selector, (text) => {
      expect(matchesNothing(text)).toBe(matching(text).length === 0);
    }),
    { numRuns: 1_000 },
  );
});
