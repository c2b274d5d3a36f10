import { expect, test } from '@jest/globals';
import { columns, wrapped } from './columns.ts';
import { paint, printed } from './paint.ts';

test('what is printed keeps its lines and columns, and steers no terminal', () => {
  const written = 'a\tb\n\u001b[31mc\r\u0007\u202ed\u009b2J ü 日\n';
  expect(printed(written, true)).toBe('a\tb\n[31mcd2J ü 日\n');
});

test('what stands out does so on a terminal that shows colours, and is the same words elsewhere', () => {
  const text = `it is ${paint('bad', 'halted')}`;
  expect(printed(text, true)).toBe('it is \u001B[31mhalted\u001B[0m');
  expect(printed(text, false)).toBe('it is halted');
});

test('the last column goes on below where it would stand out over the width', () => {
  const rows = [
    ['NODE', 'WHY'],
    [paint('good', 'n1'), 'its budget has no room for another pod'],
  ];
  expect(printed(columns(rows, 30), false)).toBe(
    ['NODE  WHY', 'n1    its budget has no room', '      for another pod', ''].join('\n'),
  );
  expect(printed(columns(rows), false)).toContain('n1    its budget has no room for another pod\n');
});

test('a word that is longer than the line stays whole', () => {
  expect(wrapped('see https://example.invalid/a/b now', 10)).toEqual([
    'see',
    'https://example.invalid/a/b',
    'now',
  ]);
});
