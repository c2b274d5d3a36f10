import { describe, expect, test } from '@jest/globals';
import { aNode } from '../a-node.fixture.ts';
import type { NodeFacts } from '../node-facts.ts';
import { closedGates } from './closed-gates.ts';
import type { GateFacts } from './gate.ts';
import { pollPause } from './poll-pause.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const report = { wants: 'required', message: '', heardAtMs: NOW } as const;
const closedUntil = (opensMs?: number) =>
  ({ kind: 'closed', because: 'closed', ...(opensMs === undefined ? {} : { opensMs }) }) as const;
const heldUntil = (untilMs?: number): Partial<NodeFacts> => ({
  hold: { reason: 'x', ...(untilMs === undefined ? {} : { untilMs }) },
});
const failedAt = (lastAtMs: number): Partial<NodeFacts> => ({
  attempts: { reboots: [], failed: { count: 1, lastAtMs, because: 'x' } },
});

function facts(node: Partial<NodeFacts>, window: GateFacts['window']): GateFacts {
  return {
    moment: 'waiting',
    node: aNode({ report, ...node }),
    workflowId: 'node-rollout/n1',
    ownerRunning: true,
    window,
    outside: {},
    rest: { pauseMs: 10 * MINUTE, longestPauseMs: HOUR, rebootsPerDay: 3 },
    awayTaints: [],
    evenIfNotRequired: false,
    nowMs: NOW,
  };
}

const pause = (
  {
    node = {},
    window = { kind: 'open' },
  }: { node?: Partial<NodeFacts>; window?: GateFacts['window'] },
  inARow = 1,
  usualMs = MINUTE,
) => {
  const given = facts(node, window);
  return pollPause(given, closedGates(given, []), { usualMs, inARow });
};

describe('the pause between two polls', () => {
  test.each([
    { inARow: 1, ms: MINUTE },
    { inARow: 2, ms: 2 * MINUTE },
    { inARow: 5, ms: 5 * MINUTE },
    { inARow: 6, ms: 5 * MINUTE },
    { inARow: 10_000, ms: 5 * MINUTE },
  ])('grows while nothing changes: $ms after $inARow', ({ inARow, ms }) => {
    expect(pause({ node: heldUntil() }, inARow)).toEqual({ ms, exact: false });
  });

  test.each([
    { usualMs: 2 * SECOND, ms: 10 * SECOND },
    { usualMs: 2 * MINUTE, ms: 5 * MINUTE },
    { usualMs: 12 * HOUR, ms: 12 * HOUR },
  ])('grows to five times $usualMs, and not above five minutes', ({ usualMs, ms }) => {
    expect(pause({ node: heldUntil() }, 100, usualMs).ms).toBe(ms);
  });

  test.each<{ name: string; node?: Partial<NodeFacts>; window?: GateFacts['window']; ms: number }>([
    { name: 'a window that opens in an hour', window: closedUntil(NOW + HOUR), ms: 5 * MINUTE },
    { name: 'a window that never opens', window: closedUntil(), ms: 5 * MINUTE },
    {
      name: 'a closed window, whatever else is closed',
      window: closedUntil(),
      node: heldUntil(),
      ms: 5 * MINUTE,
    },
  ])('is long from the beginning for $name', ({ ms, ...given }) => {
    expect(pause(given)).toEqual({ ms, exact: false });
  });

  test.each<{ name: string; node?: Partial<NodeFacts>; window?: GateFacts['window']; ms: number }>([
    { name: 'the window opens', window: closedUntil(NOW + 2 * MINUTE), ms: 2 * MINUTE },
    { name: 'the hold ends', node: heldUntil(NOW + 20 * SECOND), ms: 20 * SECOND },
    { name: 'the rest is over', node: failedAt(NOW - 9.5 * MINUTE), ms: 30 * SECOND },
    {
      name: 'the last of them opens',
      node: heldUntil(NOW + 3 * MINUTE),
      window: closedUntil(NOW + 10 * SECOND),
      ms: 3 * MINUTE,
    },
    { name: 'it opens, but not at once again', window: closedUntil(NOW + 1), ms: SECOND },
  ])('ends when $name', ({ ms, ...given }) => {
    expect(pause(given)).toEqual({ ms, exact: true });
  });
});
