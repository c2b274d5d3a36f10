import { describe, expect, test } from '@jest/globals';
import type { DrainProgress } from '../../domain/drain-progress.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { aNode } from '../../domain/a-node.fixture.ts';
import { Stage } from '../testing/stage.ts';
import { blockedNotifier } from './blocked.ts';
import { notifyWaits, type Remembered } from './overdue.ts';

const HOUR = 3_600_000;
const UNWANTED = { wants: 'not-required', message: '', heardAtMs: 0, sinceMs: 1 } as const;

const waiting = (sinceMs: number, changes: Partial<NodeFacts> = {}): NodeFacts =>
  aNode({
    name: 'n1',
    labels: { pool: 'workers' },
    report: { wants: 'required', message: 'libc6', heardAtMs: Date.now(), sinceMs },
    ...changes,
  });

const scan = (stage: Stage, node: NodeFacts, before: Remembered = []): Promise<Remembered> =>
  stage.environment.run(() => notifyWaits(stage.deps, [node], before)) as Promise<Remembered>;

function aStage(): Stage {
  const stage = new Stage({ waitingAfter: '1h', overdueAfter: '10h' });
  stage.notices.wants.add('waiting').add('overdue');
  return stage;
}

describe('a node that waits for its reboot', () => {
  test('is told of after waitingAfter with the reason, and only once', async () => {
    const stage = aStage();
    const node = waiting(Date.now() - 2 * HOUR);
    const first = await scan(stage, node);
    const second = await scan(stage, node, first);
    expect(stage.notices.sent).toMatchObject([
      { event: 'waiting', node: 'n1', pool: 'workers', because: 'window: closed' },
    ]);
    expect(second).toEqual(first);
  });

  test('is told of again after overdueAfter', async () => {
    const stage = aStage();
    const sinceMs = Date.now() - 11 * HOUR;
    const told = await scan(stage, waiting(sinceMs), [`n1/waiting/${sinceMs}/${sinceMs + HOUR}`]);
    expect(stage.notices.sent.map(({ event }) => event)).toEqual(['overdue']);
    const at = expect.stringMatching(new RegExp(`^n1/(overdue|waiting)/${sinceMs}/\\d+$`));
    expect(told).toEqual([at, at]);
  });

  test('is told of as overdue alone, when nobody was told before', async () => {
    const stage = aStage();
    const node = waiting(Date.now() - 11 * HOUR);
    await scan(stage, node, await scan(stage, node));
    expect(stage.notices.sent.map(({ event }) => event)).toEqual(['overdue']);
  });

  test('is told of anew when it waits anew, but not within a day', async () => {
    const stage = aStage();
    const yesterday = Date.now() - 25 * HOUR;
    const before = [`n1/waiting/${yesterday - 2 * HOUR}/${yesterday}`];
    const told = await scan(stage, waiting(Date.now() - 3 * HOUR), before);
    expect(stage.notices.sent).toHaveLength(1);
    await scan(stage, waiting(Date.now() - 2 * HOUR), told);
    expect(stage.notices.sent).toHaveLength(1);
  });

  test('is told of once a day, however often it says something else', async () => {
    const stage = aStage();
    let told: Remembered = [];
    for (let scans = 1; scans < 20; scans += 1) {
      const wants = waiting(Date.now() - 2 * HOUR - scans);
      told = await scan(stage, scans % 3 === 0 ? waiting(0, { report: UNWANTED }) : wants, told);
    }
    expect(stage.notices.sent).toHaveLength(1);
  });

  test('has not waited since before its Node was made', async () => {
    const stage = aStage();
    await scan(stage, waiting(Date.now() - 1_000 * HOUR, { createdAtMs: Date.now() - 2 * HOUR }));
    expect(stage.notices.sent.map(({ event }) => event)).toEqual(['waiting']);
  });

  test('is told of later, when nobody wants to hear of it now', async () => {
    const stage = aStage();
    stage.notices.wants.clear();
    const node = waiting(Date.now() - 2 * HOUR);
    const before = await scan(stage, node);
    expect(before).toEqual([]);
    stage.notices.wants.add('waiting');
    await scan(stage, node, before);
    expect(stage.notices.sent).toHaveLength(1);
  });

  const sinceMs = Date.now() - 11 * HOUR;
  test.each<[string, NodeFacts]>([
    ['within the time', waiting(Date.now() - HOUR / 2)],
    ['of no pool', waiting(sinceMs, { labels: {} })],
    ['that wants none', waiting(0, { report: UNWANTED })],
    ['of which nobody knows since when', waiting(0)],
  ])('is not told of: one %s', async (_, node) => {
    const stage = aStage();
    expect(await scan(stage, node)).toEqual([]);
    expect(stage.notices.sent).toEqual([]);
  });
});

const MINUTE = 60_000;
const progress = (changes: Partial<DrainProgress>): DrainProgress => ({
  podsLeft: 1,
  evicted: 0,
  blockers: [],
  warnings: [],
  ...changes,
});
const blocker = (what: string, sinceMs: number) => ({ what, because: 'its budget', sinceMs });
const noticesOf = async (...reports: DrainProgress[]) => {
  const stage = new Stage({ drain: { blockedAfter: '5m' } });
  await stage.environment.run(async () => {
    const report = blockedNotifier(stage.deps, { node: 'n1', pool: 'workers' });
    for (const one of reports) report(one);
  });
  return stage.notices.sent;
};

describe('a drain', () => {
  test('is told of once when something has been in its way for too long, naming only that', async () => {
    const now = Date.now();
    const blockers = [
      blocker('a/old', now - 6 * MINUTE),
      blocker('a/older', now - 7 * MINUTE),
      blocker('a/new', now - MINUTE),
    ];
    const told = await noticesOf(progress({ blockers }), progress({ blockers }));
    expect(told).toMatchObject([
      {
        event: 'blocked',
        node: 'n1',
        pool: 'workers',
        because: 'a/old: its budget; a/older: its budget',
        sinceMs: now - 7 * MINUTE,
      },
    ]);
  });

  test('is told of when nothing can be seen for too long', async () => {
    const trouble = {
      what: 'the API server',
      because: 'is away',
      sinceMs: Date.now() - 6 * MINUTE,
    };
    expect(await noticesOf(progress({ trouble }))).toMatchObject([
      { because: 'the API server: is away' },
    ]);
  });

  test('is not told of while it takes its usual time', async () => {
    const blockers = [blocker('a/new', Date.now() - MINUTE)];
    expect(await noticesOf(progress({ blockers }), progress({}))).toEqual([]);
  });
});
