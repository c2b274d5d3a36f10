import { describe, expect, test } from '@jest/globals';
import {
  expressionProblem,
  matching,
  nameTest,
  readMatcher,
  type LabelMatcher,
} from './label-matcher.ts';

const matcher = (text: string): LabelMatcher => {
  const read = readMatcher(text);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};

describe('a matcher is read', () => {
  test.each([
    { text: 'a=b', expected: { label: 'a', operator: '=', value: 'b' } },
    { text: ' a != "b c" ', expected: { label: 'a', operator: '!=', value: 'b c' } },
    { text: 'a=""', expected: { label: 'a', operator: '=', value: '' } },
    { text: 'a=', expected: { label: 'a', operator: '=', value: '' } },
    { text: 'a=~"x|y"', expected: { label: 'a', operator: '=~', value: 'x|y' } },
    { text: 'a!~x.*', expected: { label: 'a', operator: '!~', value: 'x.*' } },
    { text: 'a=~"n\\d+"', expected: { label: 'a', operator: '=~', value: 'n\\d+' } },
    { text: 'a=~"n\\\\d+ \\"q\\""', expected: { label: 'a', operator: '=~', value: 'n\\d+ "q"' } },
  ])('$text', ({ text, expected }) => {
    expect(readMatcher(text)).toEqual(expected);
  });

  test.each(['', 'a', '=b', '1a=b', 'a==b c', 'a="b', 'a=b,c=d', 'a=~"[" '])(
    'but not %p',
    (text) => {
      expect(readMatcher(text)).toHaveProperty('problem');
    },
  );
});

describe('a matcher holds for', () => {
  test.each([
    { matchers: ['a=x'], labels: { a: 'x' }, expected: true },
    { matchers: ['a=x'], labels: { a: 'y' }, expected: false },
    { matchers: ['a!=x'], labels: {}, expected: true },
    { matchers: ['a=""'], labels: {}, expected: true },
    { matchers: ['a=""'], labels: { a: 'x' }, expected: false },
    { matchers: ['a=~"x"'], labels: { a: 'xy' }, expected: false },
    { matchers: ['a=~"x|xy"'], labels: { a: 'xy' }, expected: true },
    { matchers: ['a=~".*"'], labels: { a: 'two\nlines' }, expected: true },
    { matchers: ['a!~"x.*"'], labels: { a: 'xy' }, expected: false },
    { matchers: ['a!~".+"'], labels: {}, expected: true },
    { matchers: ['a=x', 'b=y'], labels: { a: 'x' }, expected: false },
    { matchers: ['a=x', 'b=y'], labels: { a: 'x', b: 'y' }, expected: true },
    { matchers: [], labels: {}, expected: true },
    { matchers: ['constructor=""'], labels: {}, expected: true },
  ])('$matchers, $labels: $expected', ({ matchers, labels, expected }) => {
    expect(matching(matchers.map(matcher))(labels)).toBe(expected);
  });
});

describe('an expression over names', () => {
  test.each([
    { expression: 'Node', anchored: false, name: 'KubeNodeNotReady', expected: true },
    { expression: 'Node', anchored: true, name: 'KubeNodeNotReady', expected: false },
    { expression: '.*Node.*', anchored: true, name: 'KubeNodeNotReady', expected: true },
    { expression: 'Kube|KubeNode', anchored: true, name: 'KubeNode', expected: true },
    { expression: '^(Watchdog|X)$', anchored: false, name: 'Watchdog', expected: true },
    { expression: '^(Watchdog|X)$', anchored: false, name: 'Watchdogs', expected: false },
    { expression: '(?i)watchdog', anchored: false, name: 'Watchdog', expected: true },
    { expression: '(?P<kind>Node)\\z', anchored: false, name: 'KubeNode', expected: true },
  ])('$expression (anchored: $anchored) on $name: $expected', (row) => {
    expect(nameTest(row.expression, row.anchored)(row.name)).toBe(row.expected);
  });

  test('G11: that would keep another engine busy for ever does not hang the worker', () => {
    expect(nameTest('(a|aa)+$', false)(`${'a'.repeat(5_000)}b`)).toBe(false);
    expect(nameTest('(a*)*b', true)(`${'a'.repeat(5_000)}c`)).toBe(false);
    expect(expressionProblem('((a{100}){100}){100}')).toMatch(/invalid repeat count/);
  });
});
