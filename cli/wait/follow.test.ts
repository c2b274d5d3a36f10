import { describe, expect, test } from '@jest/globals';
import type { Phase, RolloutStatus } from '../../domain/status.ts';
import type { PoolSeen, RolloutSeen, Seen } from '../status/seen.ts';
import { Following, type Awaited } from './follow.ts';

const FROM = Date.parse('2026-12-04T20:00:00Z');
const SECOND = 1_000;

const seen = (afterS: number, more: Partial<Seen> = {}): Seen => ({
  atMs: FROM + afterS * SECOND,
  policies: [],
  pools: [],
  rollouts: [],
  leftAlone: [],
  scannedMs: FROM - SECOND,
  ...more,
});

const rollout = (
  node: string,
  phase: Phase,
  more: Partial<RolloutStatus> = {},
  because = '',
): RolloutSeen => ({
  node,
  startedMs: FROM,
  because,
  status: {
    node,
    pool: 'workers',
    phase: { ...phase, sinceMs: FROM },
    skipped: [],
    notUnderstood: [],
    ...more,
  },
});

const CLOSED = {
  gate: 'window',
  because: 'opens tomorrow',
  sinceMs: FROM,
  pollAgainMs: 0,
} as const;
const atWindow = (node: string) => rollout(node, { at: 'waiting', closed: [CLOSED] });
const draining = (node: string, because = '') => rollout(node, { at: 'draining' }, {}, because);

const aPool = (more: object = {}): PoolSeen => ({
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: [],
  notUnderstood: [],
  ...more,
});
const HALTED = aPool({
  troubles: [{ node: 'n9', because: 'it is lost', sinceMs: FROM }],
  because: 'the pool is halted until it is resumed or the node is back: n9: it is lost',
});

const following = (more: Partial<Awaited> = {}) =>
  new Following({ untilWindowCloses: false, fromMs: FROM, ...more });

test('each change is a line, once', () => {
  const it = following();
  expect(
    it.news(seen(0, { rollouts: [draining('n1', 'shop/web-0: no room'), atWindow('n2')] })),
  ).toEqual(['n1: draining n1: shop/web-0: no room', 'n2: n2 waits for its gates']);
  const pools = [aPool({ paused: { by: 'ann', reason: 'a look', atMs: FROM } })];
  expect(it.news(seen(5, { pools, rollouts: [draining('n1'), atWindow('n2')] }))).toEqual([
    'pool workers: paused by ann: a look',
    'n1: draining n1',
  ]);
  expect(it.news(seen(10, { rollouts: [atWindow('n2')] }))).toEqual([
    'pool workers: admits again',
    'n1: its rollout has ended',
  ]);
  expect(it.news(seen(15, { rollouts: [atWindow('n2')] }))).toEqual([]);
});

describe('it is over', () => {
  test('when no rollout runs and a scan made since has found nobody', () => {
    const it = following();
    expect(it.ending(seen(5))).toBeUndefined();
    expect(it.ending(seen(60, { scannedMs: FROM + SECOND }))?.kind).toBe('all-done');
  });

  test('not as long as one runs', () => {
    expect(
      following().ending(seen(900, { scannedMs: FROM + SECOND, rollouts: [atWindow('n2')] })),
    ).toBeUndefined();
  });

  test('with names, when nodes are left alone', () => {
    const leftAlone = [{ node: 'n7', because: 'it is in no pool' }];
    const ending = following().ending(seen(60, { scannedMs: FROM + SECOND, leftAlone }));
    expect(ending).toEqual({ kind: 'not-all', says: 'left alone: not done: n7' });
    const ofPool = following({ pool: 'workers' }).ending(
      seen(60, { scannedMs: FROM + SECOND, leftAlone }),
    );
    expect(ofPool?.kind).toBe('all-done');
  });

  test('with names, when all who are left have waited for a window for a minute, where that is asked for', () => {
    const it = following({ untilWindowCloses: true });
    const rollouts = [atWindow('n2'), atWindow('n3')];
    expect(it.ending(seen(0, { rollouts }))).toBeUndefined();
    expect(it.ending(seen(30, { rollouts: [draining('n2'), atWindow('n3')] }))).toBeUndefined();
    expect(it.ending(seen(40, { rollouts }))).toBeUndefined();
    expect(it.ending(seen(99, { rollouts }))).toBeUndefined();
    expect(it.ending(seen(100, { rollouts }))).toEqual({
      kind: 'not-all',
      says: 'the window has closed: not done: n2, n3',
    });
  });

  test('when a pool is halted and nobody is under way', () => {
    const it = following();
    const rollouts = [
      draining('n1'),
      rollout('n2', { at: 'queued' }),
      rollout('n9', { at: 'lost', because: 'it is lost' }),
    ];
    expect(it.ending(seen(5, { pools: [HALTED], rollouts }))).toBeUndefined();
    expect(it.ending(seen(5, { pools: [HALTED], rollouts: rollouts.slice(1) }))).toEqual({
      kind: 'halted',
      says: 'pool workers: the pool is halted until it is resumed or the node is back: n9: it is lost',
    });
  });
});

test('who waits for one pool hears of no other', () => {
  const it = following({ pool: 'gpu' });
  const scannedMs = FROM + SECOND;
  expect(it.news(seen(60, { pools: [HALTED], rollouts: [draining('n1')] }))).toEqual([]);
  expect(
    it.ending(seen(60, { scannedMs, pools: [HALTED], rollouts: [draining('n1')] }))?.kind,
  ).toBe('all-done');
});
