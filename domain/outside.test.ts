import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isAhead, isId, words } from './outside.ts';

describe('words of others are', () => {
  test.each<[name: string, written: string, shown: string]>([
    ['what they are', 'linux-image-6.1 (Ünïcödé, 日本)', 'linux-image-6.1 (Ünïcödé, 日本)'],
    ['on one line', ' a\r\nb\tc\u2028d ', 'a b c d'],
    ['without what steers a terminal', 'a\u001b[31mred\u0007\u009b2J', 'a [31mred 2J'],
    ['without what turns their direction', 'a\u202egpj\u2066x\u200f', 'agpjx'],
    ['without what has no width', 'a\u200bb\u2060c\u00add', 'abcd'],
    ['without what is no character', 'a\ud800b\uffff\ue000', 'ab'],
    ['with one blank, whatever stood in between', 'a\u0000\u2065\u0000b', 'a b'],
    ['nothing, where they have nothing to say', '\u0000\u200b \n', ''],
  ])('%s', (_, written, shown) => {
    expect(words(written)).toBe(shown);
  });

  test('cut, and not in the middle of a character', () => {
    expect(words('x'.repeat(400))).toBe(`${'x'.repeat(299)}…`);
    expect(words('x'.repeat(300))).toBe('x'.repeat(300));
    expect(words(`${'x'.repeat(8)}😀😀`, 10)).toBe(`${'x'.repeat(8)}…`);
  });

  test('never longer than they may be, nor changed when they are read again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 900 }),
        fc.integer({ min: 2, max: 400 }),
        (text, most) => {
          const shown = words(text, most);
          expect(shown.length).toBeLessThanOrEqual(most);
          expect(shown).not.toMatch(/[\p{C}\r\n\t]/u);
          expect(words(shown, most)).toBe(shown);
        },
      ),
    );
  });
});

test.each<[text: string, expected: boolean]>([
  ['node-rollout/n1/1-2-3', true],
  ['', true],
  ['x'.repeat(500), true],
  ['x'.repeat(501), false],
  ['boot\u001b[2J', false],
  ['boot\n', false],
  ['boot\u202e', false],
])('%j is an id: %s', (text, expected) => {
  expect(isId(text)).toBe(expected);
});

test('a time is ahead where clocks do not differ so much', () => {
  const nowMs = Date.parse('2026-11-23T22:00:00Z');
  expect([isAhead(nowMs + 300_000, nowMs), isAhead(nowMs + 300_001, nowMs)]).toEqual([false, true]);
  expect(isAhead(0, nowMs)).toBe(false);
});
