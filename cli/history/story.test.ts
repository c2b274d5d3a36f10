import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import { EncryptionCodec } from '../../worker/encryption/codec.ts';
import { KeyFile } from '../../worker/encryption/keys.ts';
import type { Entry, HistoryEvent } from './entries.ts';
import { eventsOf, storyIn, storyOfEntries } from './recorded.fixture.ts';
import { timeIn, type RolloutStory } from './story.ts';

const phasesOf = ({ spans }: RolloutStory): string[] => spans.map(({ phase }) => phase);
const atMs = (time: string): number => Date.parse(`2026-11-29T${time}Z`);
const said = ({ happened }: RolloutStory, what: string): string[] =>
  happened.flatMap((one) => (one.what === what ? [one.says] : []));

test('a rollout that goes well: who, when, how long, pods, boot ids, policy', async () => {
  const story = await storyIn(eventsOf('rebooted'));
  expect(story).toMatchObject({
    node: 'worker-1',
    pool: 'workers',
    by: 'temporal-cli:root@vm',
    beganMs: atMs('05:11:58.194'),
    endedMs: atMs('05:12:02.922'),
    end: { how: 'rebooted', because: 'it rebooted and is back' },
    outOfService: [{ fromMs: atMs('05:11:58.792'), toMs: atMs('05:12:02.900') }],
    podsEvicted: 2,
    bootIdBefore: '6232f5b8-2a29-40b9-a8d9-eca01fb5a557',
    bootIdAfter: 'b2a12ffc-0c59-495f-b5ed-36c230ad5467',
    policies: ['152177d99a90'],
    unread: [],
  });
  expect(phasesOf(story)).toEqual(['waiting', 'queued', 'draining', 'rebooting', 'settling']);
  // It settles from the moment that its kubelet was heard in the new boot.
  expect(story.spans.at(-1)?.fromMs).toBe(atMs('05:12:00.000'));
  expect(timeIn(story, ['waiting', 'queued'], 0)).toBe(598);
});

const REBOOTS = 'waiting queued draining rebooting settling';

describe.each([
  ['held', REBOOTS],
  ['paused-while-ordering', `waiting queued draining paused undoing paused ${REBOOTS}`],
  ['turn-passed', `waiting queued paused ${REBOOTS}`],
  ['lost-then-back', 'waiting queued draining rebooting lost settling'],
  ['picked-up', 'waiting rebooting settling'],
  ['nothing-to-do', 'waiting'],
  ['drain-timed-out', 'waiting queued draining undoing'],
])('%s', (name, phases) => {
  test('its phases, one after the other without a gap', async () => {
    const story = await storyIn(eventsOf(name));
    expect(phasesOf(story)).toEqual(phases.split(' '));
    const ends = [story.beganMs, ...story.spans.map(({ toMs }) => toMs)];
    expect(story.spans.map(({ fromMs }) => fromMs)).toEqual(ends.slice(0, -1));
    expect(ends.at(-1)).toBe(story.endedMs);
  });
});

test('closed gates with their values, and who has skipped one', async () => {
  const story = await storyIn(eventsOf('held'));
  expect(story.happened.find(({ what }) => what === 'gates')?.closed).toEqual([
    { gate: 'hold', because: 'held: disk is being swapped' },
    { gate: 'window', because: 'its pool has no window' },
  ]);
  expect(story.spans[0]?.because).toEqual([
    'hold: held: disk is being swapped',
    'window: its pool has no window',
  ]);
  expect(said(story, 'said')).toEqual(['gate hold skipped by somebody: no reason given']);
});

test('who has paused it, and what both drains have evicted', async () => {
  const story = await storyIn(eventsOf('paused-while-ordering'));
  expect(said(story, 'said')).toEqual([
    'paused by ann: the API server is away',
    'resumed by somebody: no reason given',
  ]);
  expect(story.spans.find(({ phase }) => phase === 'paused')?.because).toEqual([
    'paused by ann: the API server is away',
  ]);
  expect(story.podsEvicted).toBe(2);
  expect(story.outOfService).toHaveLength(2);
});

test.each<[string, Partial<RolloutStory['end']>]>([
  ['aborted', { how: 'aborted', because: 'aborted by ann: wrong node' }],
  ['cancelled', { how: 'cancelled' }],
  [
    'drain-timed-out',
    { how: 'failed', type: 'drain-timed-out', because: 'shop/web-1: budget web' },
  ],
  ['bad-input', { how: 'failed', type: 'bad-input' }],
  ['node-gone', { how: 'node-gone' }],
  ['quarantined', { how: 'quarantined' }],
])('%s: how it ended', async (name, end) => {
  const story = await storyIn(eventsOf(name));
  expect(story.end).toMatchObject(end);
  expect(story.outOfService.filter(({ toMs }) => toMs === undefined)).toEqual([]);
});

test('a history that breaks off in mid-drain is of a rollout that runs and is out of service', async () => {
  const events = eventsOf('drain-timed-out').slice(0, 29);
  const story = await storyIn(events);
  expect(story).toMatchObject({ end: { how: 'running' }, outOfService: [{}] });
  expect(story).not.toHaveProperty('endedMs');
  expect(story.spans.at(-1)).toMatchObject({ phase: 'draining' });
  expect(story.spans.at(-1)).not.toHaveProperty('toMs');
  expect(story.outOfService[0]).not.toHaveProperty('toMs');
});

test('a run that was made by a reset tells of itself, and names the run before', async () => {
  const story = await storyIn(eventsOf('reset'));
  const resetMs = Date.parse('2026-11-29T05:13:26.077Z');
  expect(story.beganMs).toBe(resetMs);
  expect(story.spans.every(({ fromMs }) => fromMs >= resetMs)).toBe(true);
  expect(story.outOfService[0]?.fromMs).toBe(resetMs);
  expect(said(story, 'restarted')[0]).toBe(
    'reset (a test): it goes on from what run 01a225b8-ec63-7cc6-beaa-6c15ad49517f had done by then',
  );
});

const started: Entry = {
  kind: 'started',
  atMs: 1_000,
  input: { node: 'n1', requestedBy: 'ann', reason: 'a kernel', skip: ['window'] },
  carried: undefined,
  client: 'cli@host',
};
const closed = [{ gate: 'window', because: 'opens tomorrow' }];
const waits: Entry[] = [
  { kind: 'asked', atMs: 1_100, id: '5', activity: 'passGates', input: {} },
  { kind: 'answered', atMs: 1_200, id: '5', result: { kind: 'closed', closed, policy: 'p1' } },
];

describe('runs that continue as new are one rollout', () => {
  const second: Entry[] = [
    { ...started, atMs: 9_000, continues: 'run-1', carried: { startedAtMs: 1_000 } },
    { kind: 'completed', atMs: 9_500, result: { outcome: 'nothing-to-do', because: 'none' } },
  ];
  const first: Entry[] = [started, ...waits, { kind: 'continued', atMs: 8_990, as: 'run-2' }];

  test('from its first run to its last', () => {
    const story = storyOfEntries(first, second);
    expect(story).toMatchObject({
      runId: 'run-2',
      formerRunIds: ['run-1'],
      by: 'ann',
      reason: 'a kernel',
      beganMs: 1_000,
      endedMs: 9_500,
      end: { how: 'nothing-to-do' },
      spans: [
        { phase: 'waiting', fromMs: 1_000, toMs: 9_500, because: ['window: opens tomorrow'] },
      ],
    });
    expect(said(story, 'asked')).toEqual(['asked for by ann, without gate window: a kernel']);
  });

  test('of which Temporal may have forgotten the beginning', () => {
    const story = storyOfEntries(second);
    expect(story.beganMs).toBe(1_000);
    expect(said(story, 'restarted')).toEqual([
      'what it did before run run-1 ended is not in Temporal any more',
    ]);
  });

  test('or the end', () => {
    expect(storyOfEntries(first).end).toEqual({
      how: 'completed',
      because: 'it went on as run run-2, which is not in Temporal',
    });
  });
});

const drains: Entry[] = [
  started,
  { kind: 'asked', atMs: 2_000, id: '7', activity: 'cordonNode', input: {} },
  {
    kind: 'answered',
    atMs: 2_500,
    id: '7',
    // The worker's clock is ahead.
    result: { kind: 'cordoned', atMs: 99_000, record: { cordonedByUs: false, bootIdBefore: 'a' } },
  },
  { kind: 'asked', atMs: 3_000, id: '8', activity: 'drainNode', input: {} },
  {
    kind: 'said',
    atMs: 4_000,
    name: 'drainProgress',
    client: 'w',
    sent: {
      podsLeft: 2,
      evicted: 3,
      blockers: [{ what: 'shop/web-1', because: 'its budget web allows none', sinceMs: 3_500 }],
      warnings: [],
    },
  },
];

test('a drain tells which budget refuses, and how many pods it has evicted when it is given up', () => {
  const story = storyOfEntries([
    ...drains,
    { kind: 'attempted', atMs: 5_000, id: '8', attempt: 2 },
    { kind: 'given-up', atMs: 5_000, id: '8', failure: { message: 'too late' } },
    { kind: 'terminated', atMs: 6_000, failure: { message: 'terminated by ann: enough' } },
  ]);
  expect(story).toMatchObject({
    podsEvicted: 3,
    podsEvictedAtLeast: true,
    end: { how: 'terminated', because: 'terminated by ann: enough' },
  });
  expect(story.spans.at(-1)?.because).toEqual([
    'shop/web-1: its budget web allows none',
    'too late',
  ]);
  // Nobody has handed it back; when it was cordoned is within what Temporal's clock has seen.
  expect(story.outOfService).toEqual([{ fromMs: 2_500 }]);
  expect(said(story, 'cordoned')).toEqual(['it was cordoned before, and is left so afterwards']);
});

test('what was said by an update is told with its answer and the client that sent it', () => {
  const sent = { by: 'ann', reason: 'a look', for: 'ever' };
  const { happened } = storyOfEntries([
    started,
    { kind: 'said', atMs: 2_000, name: 'pause', sent, client: 'cli@host', id: 'u1' },
    { kind: 'update-answered', atMs: 2_100, id: 'u1', answer: { effect: 'done', says: 'paused' } },
  ]);
  expect(happened.at(-1)).toEqual({
    atMs: 2_000,
    what: 'said',
    says: 'paused by ann: a look (not understood: for: write a duration like 30m, not "ever")',
    name: 'pause',
    by: 'ann',
    client: 'cli@host',
    answer: 'paused',
  });
});

test('whatever others have written, a story is told', () => {
  for (const odd of [
    null,
    7,
    'x',
    [],
    { node: 7, closed: [null], place: {}, record: 3, pool: [] },
  ]) {
    const story = storyOfEntries([
      { ...started, input: odd, carried: odd },
      { kind: 'planned', atMs: 1_500, result: odd },
      ...[
        'passGates',
        'awaitTurn',
        'cordonNode',
        'drainNode',
        'orderReboot',
        'awaitReturn',
      ].flatMap((activity, at): Entry[] => [
        { kind: 'asked', atMs: 2_000, id: String(at), activity, input: odd },
        { kind: 'answered', atMs: 2_000, id: String(at), result: odd },
      ]),
      ...['pause', 'drainProgress', 'constructor'].map((name): Entry => ({
        kind: 'said',
        atMs: 3_000,
        name,
        sent: odd,
        client: '',
      })),
      { kind: 'completed', atMs: 4_000, result: odd },
    ]);
    expect(story).toMatchObject({ node: 'n1', endedMs: 4_000, end: { how: 'completed' } });
    expect(JSON.stringify(story)).not.toContain('null');
  }
});

describe('a history that is encrypted', () => {
  const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=';
  const inAFile = async (use: (codec: EncryptionCodec) => Promise<void>): Promise<void> => {
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-history-'));
    writeFileSync(join(dir, 'keys'), `k1 ${secret}\n`, { mode: 0o600 });
    try {
      await use(new EncryptionCodec(new KeyFile(join(dir, 'keys'))));
    } finally {
      await rm(dir, { recursive: true });
    }
  };

  test('is read with the key, and without it says so and guesses nothing', async () => {
    await inAFile(async (codec) => {
      const clear = eventsOf('rebooted');
      const encrypted = (await encryptedIn(clear, codec)) as readonly HistoryEvent[];
      expect(await storyIn(encrypted, [codec])).toEqual(await storyIn(clear));
      const unread = await storyIn(encrypted);
      expect(unread.unread).toEqual([expect.stringContaining('binary/encrypted')]);
      expect(unread).toMatchObject({
        node: 'n1',
        end: { how: 'completed', because: 'its result cannot be read' },
        podsEvicted: 0,
      });
      expect(unread).not.toHaveProperty('bootIdAfter');
    });
  });
});

/** Every payload in it encrypted. */
async function encryptedIn(value: unknown, codec: EncryptionCodec): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map((one) => encryptedIn(one, codec)));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  // A long number.
  if ('low' in value) return value;
  const fields = await Promise.all(
    Object.entries(value).map(async ([key, field]) => [
      key,
      key === 'payloads' ? await codec.encode(field as Payload[]) : await encryptedIn(field, codec),
    ]),
  );
  return Object.fromEntries(fields) as unknown;
}
