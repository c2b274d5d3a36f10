import { expect, test } from '@jest/globals';
import { sayLocal, zoneClock } from '../../../domain/window/wall-clock.ts';
import { pictureOf } from './picture.ts';
import { aStory, START } from './stories.fixture.ts';

const MINUTE = 60_000;
const clock = zoneClock('Europe/Zurich');
const facts = { clock, budget: 1 };
const extent = { sinceMs: START - 60 * MINUTE, atMs: START + 600 * MINUTE };
const minutes = (ms: number): number => (ms - START) / MINUTE;

test('it begins with the first rollout and ends with the last, at round times of the clock', () => {
  const { fromMs, toMs, ticks } = pictureOf([aStory()], facts, extent);
  expect([fromMs, toMs].map(minutes)).toEqual([-0.3, 30.3]);
  expect(ticks.map((atMs) => sayLocal(clock, atMs).slice(15))).toEqual([
    '22:00',
    '22:05',
    '22:10',
    '22:15',
    '22:20',
    '22:25',
  ]);
});

test('it begins no earlier than was asked for, and bars are cut there', () => {
  const sinceMs = START + 5 * MINUTE;
  const { fromMs, rows } = pictureOf([aStory()], facts, { ...extent, sinceMs });
  expect(fromMs).toBeGreaterThan(START + 4 * MINUTE);
  expect(rows[0]?.bars[0]?.fromMs).toBe(fromMs);
});

test('nodes out of service are counted, each until its next rollout where one has left it so', () => {
  const left = aStory({
    node: 'n2',
    end: { how: 'terminated', because: 'enough' },
    outOfService: [{ fromMs: START + 15 * MINUTE }],
  });
  const next = aStory({ node: 'n2', beganMs: START + 40 * MINUTE });
  const { out, rows } = pictureOf([aStory(), left, next], facts, extent);
  expect(out.slice(1).map(({ atMs, count }) => [minutes(atMs), count])).toEqual([
    [10, 1],
    [15, 2],
    [30, 1],
    [40, 0],
    [50, 1],
    [70, 0],
  ]);
  expect(rows.map(({ node, stories }) => [node, stories.length])).toEqual([
    ['worker-1', 1],
    ['n2', 2],
  ]);
});

test('a node that makes room for the next is not counted beside it', () => {
  const next = aStory({ node: 'n2', beganMs: START + 20 * MINUTE });
  const { out } = pictureOf([aStory(), next], facts, extent);
  expect(Math.max(...out.map(({ count }) => count))).toBe(1);
});
