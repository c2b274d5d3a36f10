import { expect, test } from '@jest/globals';
import { nearWord } from './near-word.ts';

const KEYS = ['timeout', 'onTimeout', 'gracePeriod', 'for', 'from', 'end', 'maxUnavailable'];

test.each([
  ['tiemout', 'timeout'],
  ['time_out', 'timeout'],
  ['timeouts', 'timeout'],
  ['ontimeout', 'onTimeout'],
  ['graceperiode', 'gracePeriod'],
  ['maxUnavailible', 'maxUnavailable'],
  ['form', 'from'],
  ['fro', 'for'],
  ['End', 'end'],
  ['until', undefined],
  ['ed', 'end'],
  ['e', undefined],
  ['xnx', undefined],
  ['concurrency', undefined],
])('%s: %s', (word, meant) => {
  expect(nearWord(word, KEYS)).toBe(meant);
});

test('the nearest of several', () => {
  expect(nearWord('pool', ['tools', 'pools', 'foot'])).toBe('pools');
  expect(nearWord('x', [])).toBeUndefined();
});
