import { expect, test } from '@jest/globals';
import { aNode } from '../../domain/a-node.fixture.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { judgeClocks } from './clocks.ts';

const NOW = 1_000_000_000;

/** A question of 20 s, and what the clock said in it. */
const reading = (saysMs: number, coarseMs = 0) => ({
  saysMs,
  coarseMs,
  askedMs: NOW - 20_000,
  answeredMs: NOW,
});

const judge = (
  api: number | undefined,
  worker: number | undefined,
  facts: Partial<NodeFacts> = {},
) =>
  judgeClocks({
    nowMs: NOW,
    readings: {
      'the API server': api === undefined ? undefined : reading(api, 1_000),
      'the worker': worker === undefined ? undefined : reading(worker),
    },
    nodes: [aNode({ heartbeatAtMs: NOW, ...facts })],
  });

test.each<[string, number | undefined, number | undefined]>([
  ['agree', NOW, NOW - 20_000],
  ['were read at some time within a long question', NOW - 19_000, NOW - 1_000],
  ['differ by what does not matter', NOW + 5_000, NOW - 29_000],
])('clocks that %s', (_, api, worker) => {
  expect(judge(api, worker)).toMatchObject([{ verdict: 'good' }]);
});

test('clocks that nobody has told are not known', () => {
  expect(judge(undefined, undefined)).toMatchObject([{ verdict: 'unknown' }]);
});

test('a clock that is ahead or behind is told of, at the least by how much', () => {
  expect(judge(NOW + 61_000, NOW - 50_000)).toMatchObject([
    { verdict: 'warning', says: 'the API server is 1m 1s ahead of this machine' },
    { verdict: 'warning', says: 'the worker is 30s behind this machine' },
  ]);
});

test('a node whose kubelet or agent is ahead of the API server is named', () => {
  const ahead = [{ verdict: 'warning', says: 'reports of n1 are dated ahead of now' }];
  expect(judge(NOW, NOW, { heartbeatAtMs: NOW + 120_000 })).toMatchObject(ahead);
  const report = { wants: 'required', message: '', heardAtMs: NOW + 120_000 } as const;
  expect(judge(NOW, NOW, { report })).toMatchObject(ahead);
});

test('where this machine is behind, nodes are not ahead for it', () => {
  expect(judge(NOW + 120_000, NOW + 120_000, { heartbeatAtMs: NOW + 120_000 })).toHaveLength(2);
});
