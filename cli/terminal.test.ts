import { expect, test } from '@jest/globals';
import { plain } from './terminal.ts';

test('what is printed keeps its lines and columns, and steers no terminal', () => {
  expect(plain('a\tb\n\u001b[31mc\r\u0007\u202ed\u009b2J ü 日\n')).toBe('a\tb\n[31mcd2J ü 日\n');
});
