import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  follow,
  readEvent,
  type FollowOptions,
  type Source,
  type Update,
  type WatchRequest,
} from './follow.ts';

/** A collection whose lists and watches the test answers; at most one of them may be open. */
class FakeCollection implements Source<string> {
  readonly requests: string[] = [];
  answers: (() => Promise<unknown>)[] = [];
  open = 0;
  mostOpen = 0;
  watching: WatchRequest<string> | undefined;

  async list() {
    const given = await this.#ask('list');
    return { items: ['a', 'b'], resourceVersion: typeof given === 'string' ? given : '5' };
  }

  async watch(request: WatchRequest<string>): Promise<void> {
    this.watching = request;
    await this.#ask(`watch ${request.resourceVersion}`);
  }

  async #ask(what: string): Promise<unknown> {
    this.requests.push(what);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    try {
      const answer = this.answers.shift();
      return await (answer ? answer() : new Promise<never>(() => undefined));
    } finally {
      this.open -= 1;
    }
  }
}

let collection: FakeCollection;
let updates: Update<string>[];
let stop: AbortController;

beforeEach(() => {
  jest.useFakeTimers();
  collection = new FakeCollection();
  updates = [];
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  jest.useRealTimers();
});

const start = (options: Partial<FollowOptions> = {}) =>
  follow(collection, (update) => void updates.push(update), {
    signal: stop.signal,
    random: () => 0,
    ...options,
  });
const after = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const listed = (version: string) => async () => version;
const fails =
  (message: string, more: object = {}) =>
  async () => {
    throw Object.assign(new Error(message), more);
  };
const lasts = (ms: number, end: () => Promise<unknown>) => async () => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return end();
};
const inGoodOrder = async () => undefined;
const expired = { status: 410 };
const kinds = () => updates.map(({ kind }) => kind);

test('a list, then every change from there, and signs of life', async () => {
  collection.answers = [listed('5')];
  void start();
  await after(0);
  for (const kind of ['seen', 'gone'] as const) collection.watching?.onEvent({ kind, object: 'c' });
  collection.watching?.onEvent({ kind: 'alive' });
  expect(updates).toEqual([
    { kind: 'listed', items: ['a', 'b'], resourceVersion: '5' },
    { kind: 'seen', object: 'c' },
    { kind: 'gone', object: 'c' },
    { kind: 'alive' },
  ]);
  expect(collection.requests).toEqual(['list', 'watch 5']);
});

describe('after a watch of use', () => {
  test.each<[how: string, end: () => Promise<unknown>, next: string[], gapless?: boolean]>([
    ['ended in good order, it goes on from the last version', inGoodOrder, ['watch 9']],
    ['has expired, it lists at once', fails('old', expired), ['list', 'watch 5']],
    ['has expired without gaps, too', fails('old', expired), ['list', 'watch 5'], true],
    [
      'has expired in the words of client-node, too',
      fails('Gone', { statusCode: 410 }),
      ['list', 'watch 5'],
    ],
    ['broke, it pauses and lists', fails('cut'), ['lost watch: cut', 'list', 'watch 5']],
    [
      'broke without gaps, it pauses and goes on',
      fails('cut'),
      ['lost watch: cut', 'watch 9'],
      true,
    ],
  ])('that %s', async (_, end, next, gapless = false) => {
    collection.answers = [
      listed('5'),
      lasts(60_000, end),
      ...(next.includes('list') ? [listed('5')] : []),
    ];
    const log = collection.requests;
    void follow(
      collection,
      (update) => {
        if (update.kind === 'lost')
          log.push(`lost ${update.by}: ${(update.error as Error).message}`);
      },
      { signal: stop.signal, gapless, random: () => 0 },
    );
    await after(30_000);
    collection.watching?.onEvent({ kind: 'alive', resourceVersion: '9' });
    await after(30_000);
    const pauses = next.some((step) => step.startsWith('lost'));
    expect(log.length).toBe(pauses ? 3 : 2 + next.length);
    await after(1_000);
    expect(log.slice(2)).toEqual(next);
  });
});

test.each<[name: string, answers: (() => Promise<unknown>)[], because: string]>([
  ['lists that fail', Array.from({ length: 99 }, () => fails('no route')), 'no route'],
  [
    'watches that end at once',
    Array.from({ length: 99 }, () => [listed('5'), inGoodOrder]).flat(),
    'the watch was closed at once',
  ],
  [
    'watches that expire again and again',
    Array.from({ length: 99 }, () => [listed('5'), fails('too old', expired)]).flat(),
    'too old',
  ],
])('the pause grows over %s, and the reason is told', async (_, answers, because) => {
  collection.answers = answers;
  void start({ random: () => 1 });
  await after(1_000 * (1 + 2 + 4 + 8 + 16 + 30 + 30));
  const lost = updates.filter((update) => update.kind === 'lost');
  expect(lost.length).toBeGreaterThanOrEqual(7);
  expect(lost.length).toBeLessThanOrEqual(8);
  expect(new Set(lost.map(({ error }) => (error as Error).message))).toEqual(new Set([because]));
  expect(collection.mostOpen).toBe(1);
});

test('failures are counted anew after a watch of use', async () => {
  collection.answers = [fails('1'), fails('2'), listed('5'), lasts(60_000, fails('3')), fails('4')];
  void start();
  await after(120_000);
  expect(updates.flatMap((update) => (update.kind === 'lost' ? [update.inARow] : []))).toEqual([
    1, 2, 1, 2,
  ]);
});

test('a silent watch is dead, one with bookmarks is not', async () => {
  collection.answers = [listed('5')];
  void start();
  for (let minute = 0; minute < 5; minute += 1) {
    await after(100_000);
    collection.watching?.onEvent({ kind: 'alive' });
  }
  expect(kinds()).not.toContain('lost');
  const { signal } = collection.watching ?? {};
  await after(150_000);
  expect(updates.at(-1)).toMatchObject({ kind: 'lost', error: new Error('silent for 150 s') });
  expect(signal?.aborted).toBe(true);
});

test.each<{ during: string; answers: (() => Promise<unknown>)[] }>([
  { during: 'a list that is not answered', answers: [] },
  { during: 'a watch', answers: [listed('5')] },
  { during: 'a pause', answers: [fails('away')] },
])('it ends at once during $during, and tells nothing more', async ({ answers }) => {
  collection.answers = answers;
  const done = start();
  await after(0);
  const told = updates.length;
  stop.abort();
  await done;
  collection.watching?.onEvent({ kind: 'seen', object: 'late' });
  await after(60_000);
  expect(updates).toHaveLength(told);
  expect(collection.requests.length).toBeLessThanOrEqual(2);
});

test('what an abandoned watch still tells is not heard', async () => {
  collection.answers = [listed('5'), lasts(10_000, fails('cut')), listed('7')];
  void start();
  await after(0);
  const old = collection.watching;
  await after(20_000);
  old?.onEvent({ kind: 'seen', object: 'late' });
  expect(kinds()).toEqual(['listed', 'lost', 'listed']);
});

test('events of the API server are read, and its error is thrown with its status', () => {
  const object = { metadata: { resourceVersion: '7', name: 'n' } };
  const read = ({ metadata }: typeof object) => metadata.name;
  const resourceVersion = '7';
  expect(
    ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].map((type) => readEvent({ type, object }, read)),
  ).toEqual([
    { kind: 'seen', object: 'n', resourceVersion },
    { kind: 'seen', object: 'n', resourceVersion },
    { kind: 'gone', object: 'n', resourceVersion },
    { kind: 'alive', resourceVersion },
  ]);
  const status = { code: 410, message: 'too old' };
  expect(() => readEvent({ type: 'ERROR', object: status }, String)).toThrow(
    expect.objectContaining({ status: 410, message: 'too old' }),
  );
});
