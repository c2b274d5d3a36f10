import { expect, test } from '@jest/globals';
import type { Kube } from '../fleet/kube.ts';
import { caughtUp } from './caught-up.ts';
import type { NodeObject } from './sight.ts';

const NODE: NodeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', resourceVersion: '7' },
};
const { signal } = new AbortController();
const kube: Pick<Kube, 'get'> = { get: async <T>() => ({ items: [NODE] }) as T };
const AWAY: Pick<Kube, 'get'> = {
  get: async () => {
    throw new Error('connect ECONNREFUSED');
  },
};

test('waits until the watch shows what the list has', async () => {
  let looks = 0;
  const knows = (node: NodeObject): boolean => {
    looks += 1;
    expect(node).toBe(NODE);
    return looks === 3;
  };
  await caughtUp({ kube, knows, signal, withinMs: 60_000 });
  expect(looks).toBe(3);
});

test('says so when the watch stays behind', async () => {
  await expect(caughtUp({ kube, knows: () => false, signal, withinMs: 150 })).rejects.toThrow(
    'the watch does not show what the API server has of the nodes',
  );
});

test.each([
  { name: 'the API server is away', away: true, stopped: false },
  { name: 'it is stopped', away: false, stopped: true },
])('waits for nothing while $name', async ({ away, stopped }) => {
  const stop = new AbortController();
  if (stopped) stop.abort();
  await caughtUp({
    kube: away ? AWAY : kube,
    knows: () => false,
    signal: stop.signal,
    withinMs: 60_000,
  });
});
