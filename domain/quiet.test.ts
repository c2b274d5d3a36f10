import { describe, expect, test } from '@jest/globals';
import { aNode } from './a-node.fixture.ts';
import type { NodeFacts } from './node-facts.ts';
import { quietOf, quietPools } from './quiet.ts';

const DAY = 24 * 60 * 60_000;
const MINUTE = 60_000;
const NOW = 1_000 * DAY;
const ago = (days: number): number => NOW - days * DAY;

interface Said {
  readonly wants?: 'required' | 'not-required' | 'unknown';
  /** Since when; null: the report does not say. */
  readonly said: number | null;
  readonly made?: number;
}

/** Of a Node that was there long before any agent, unless it says otherwise. */
const saying = ({ wants = 'not-required', said, made = 900 }: Said, message = ''): NodeFacts =>
  aNode({
    createdAtMs: ago(made),
    report: { wants, message, heardAtMs: NOW, ...(said !== null && { sinceMs: ago(said) }) },
  });
/** Its agent has said the same since it was first heard, two minutes after the node joined. */
const joined = (made: number): NodeFacts => saying({ made, said: made - (2 * MINUTE) / DAY });
const { report: _, ...unheard } = aNode();

describe('a pool is quiet for', () => {
  test.each<{ name: string; nodes: NodeFacts[]; days: number | undefined }>([
    { name: 'no time while a node asks', nodes: [saying({ wants: 'required', said: 9 })], days: 0 },
    {
      name: 'no time while one asks, however long it has, and the others do not',
      nodes: [saying({ said: 40 }), saying({ wants: 'required', said: null })],
      days: 0,
    },
    {
      name: 'as long as its agents have been there, however old its nodes are',
      nodes: [saying({ said: 40 }), saying({ said: 40 })],
      days: 40,
    },
    {
      name: 'the time since the latest node has had its reboot',
      nodes: [saying({ said: 40 }), saying({ said: 7 })],
      days: 7,
    },
    {
      name: 'the time since a check that fails has begun to: it may have asked until then',
      nodes: [saying({ said: 40 }), saying({ wants: 'unknown', said: 12 })],
      days: 12,
    },
    {
      name: 'as long as before when a node joins',
      nodes: [saying({ said: 40 }), joined(1), unheard],
      days: 40,
    },
    {
      name: 'as long as the oldest has been there, where all have joined with their agents',
      nodes: [joined(3), joined(33), joined(5)],
      days: 33 - (2 * MINUTE) / DAY,
    },
    {
      name: 'the time since one of those has changed its mind',
      nodes: [joined(33), saying({ made: 33, said: 31 }), joined(5)],
      days: 31,
    },
    {
      name: 'no longer than a node has been there, whatever its report says',
      nodes: [saying({ made: 10, said: 500 })],
      days: 10,
    },
    { name: 'no less than nothing', nodes: [saying({ said: -500 })], days: 0 },
    { name: 'nobody knows how long before an agent is heard', nodes: [unheard], days: undefined },
    {
      name: 'nobody knows how long without its time',
      nodes: [saying({ said: null })],
      days: undefined,
    },
    { name: 'nobody knows how long without any node', nodes: [], days: undefined },
  ])('$name', ({ nodes, days }) => {
    const expected = days === undefined ? undefined : days * DAY;
    expect(quietOf(nodes, NOW)?.forMs).toBe(expected);
  });
});

test.each([
  {
    messages: ['/s/reboot-required is absent'],
    says: 'the agents say: /s/reboot-required is absent',
  },
  { messages: ['a', 'b', 'a', '', 'c', 'd'], says: 'the agents say: a; b; c and 1 more' },
  { messages: [''], says: 'the agents give no reason' },
])('it is said what the agents say, each once: $messages', ({ messages, says }) => {
  const nodes = messages.map((message) => saying({ said: 40 }, message));
  expect(quietOf(nodes, NOW)?.because).toBe(says);
});

test('too quiet is a pool that has been so for longer than its policy lets it', () => {
  const counts = (days: number, pool = 'workers') => [
    { pool, quiet: { forMs: days * DAY, because: 'x' } },
  ];
  const pools = [{ name: 'workers', quietAfter: 30 * DAY }];
  expect(quietPools(counts(30), pools)).toEqual([]);
  expect(quietPools(counts(31), pools)).toEqual([
    { pool: 'workers', forMs: 31 * DAY, because: 'x', afterMs: 30 * DAY },
  ]);
  expect(quietPools(counts(31), [{ name: 'workers', quietAfter: 'never' }])).toEqual([]);
  expect(quietPools(counts(31, ''), pools)).toEqual([]);
  expect(quietPools([{ pool: 'workers' }], pools)).toEqual([]);
});
