import { expect, test } from '@jest/globals';
import { startTemporal } from './worker-node.ts';

/** A Temporal whose starts end so, one after the other, and the next well. */
function ending(...ends: readonly string[]) {
  const left = [...ends];
  const start = () => {
    const end = left.shift();
    return end === undefined ? Promise.resolve() : Promise.reject(new Error(end));
  };
  return { start, left };
}

test('a Temporal that somebody ends in mid-start is started again', async () => {
  const cluster = ending(
    'temporal ended (signal SIGKILL); it said nothing',
    'temporal ended (signal SIGKILL); it said nothing',
  );
  await startTemporal(cluster);
  expect(cluster.left).toEqual([]);
});

test('one that ends by itself is not', async () => {
  const cluster = ending('temporal ended (exit code 1); it said nothing', 'asked again');
  await expect(startTemporal(cluster)).rejects.toThrow(/exit code 1/);
  expect(cluster.left).toEqual(['asked again']);
});
