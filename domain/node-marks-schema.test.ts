import { expect, test } from '@jest/globals';
import { nodeLabels, waitingTaint } from './labels-and-taint-schema.ts';

const A253 = `${'a'.repeat(249)}.org`;

test.each([
  { key: 'state', good: true },
  { key: 'Example_2.b', good: true },
  { key: `${A253}/${'b'.repeat(63)}`, good: true },
  { key: `a${A253}/b`, good: false },
  { key: `a/${'b'.repeat(64)}`, good: false },
  { key: 'a..b/c', good: false },
  { key: 'A/c', good: false },
  { key: 'a/b/c', good: false },
  { key: '/c', good: false },
  { key: '-c', good: false },
  { key: '', good: false },
])('$key is taken as a key where Kubernetes takes it: $good', ({ key, good }) => {
  expect(nodeLabels.safeParse({ before: { [key]: '' } }).success).toBe(good);
  expect(waitingTaint.safeParse(key).success).toBe(good);
});
