import { describe, expect, test } from '@jest/globals';
import type { DrainProgress } from '../../domain/drain-progress.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { aNode } from '../../domain/a-node.fixture.ts';
import { Stage } from '../testing/stage.ts';
import { tellingOfBlocked } from './blocked.ts';
import { tellOfWaits, type ToldWaits } from './late.ts';

const HOUR = 3_600_000;

const waiting = (sinceMs: number, changes: Partial<NodeFacts> = {}): NodeFacts =>
  aNode({
    name: 'n1',
    labels: { pool: 'workers' },
    report: { wants: 'required', message: 'libc6', heardAtMs: Date.now(), sinceMs },
    ...changes,
  });

const look = (stage: Stage, node: NodeFacts, before: ToldWaits = []): Promise<ToldWaits> =>
  stage.environment.run(() => tellOfWaits(stage.deps, [node], before)) as Promise<ToldWaits>;

function aStage(): Stage {
  const stage = new Stage({ waitingAfter: '1h', overdueAfter: '10h' });
  stage.notices.wants.add('waiting').add('overdue');
  return stage;
}

describe('a node that waits for its reboot', () => {
  test('is told of after waitingAfter with the reason, and only once', async () => {
    const stage = aStage();
    const node = waiting(Date.now() - 2 * HOUR);
    const first = await look(stage, node);
    const second = await look(stage, node, first);
    expect(stage.notices.told).toMatchObject([
      { event: 'waiting', node: 'n1', pool: 'workers', because: 'window: closed' },
    ]);
    expect(second).toEqual(first);
  });

  test('is told of again after overdueAfter', async () => {
    const stage = aStage();
    const sinceMs = Date.now() - 11 * HOUR;
    const told = await look(stage, waiting(sinceMs), [`n1/waiting/${sinceMs}`]);
    expect(stage.notices.told.map(({ event }) => event)).toEqual(['overdue']);
    expect(told).toEqual([`n1/overdue/${sinceMs}`, `n1/waiting/${sinceMs}`]);
  });

  test('is told of as overdue alone, when nobody was told before', async () => {
    const stage = aStage();
    const node = waiting(Date.now() - 11 * HOUR);
    await look(stage, node, await look(stage, node));
    expect(stage.notices.told.map(({ event }) => event)).toEqual(['overdue']);
  });

  test('is told of anew when it waits anew', async () => {
    const stage = aStage();
    const before = await look(stage, waiting(Date.now() - 3 * HOUR));
    await look(stage, waiting(Date.now() - 2 * HOUR), before);
    expect(stage.notices.told).toHaveLength(2);
  });

  test('is told of later, when nobody wants to hear of it now', async () => {
    const stage = aStage();
    stage.notices.wants.clear();
    const node = waiting(Date.now() - 2 * HOUR);
    const before = await look(stage, node);
    expect(before).toEqual([]);
    stage.notices.wants.add('waiting');
    await look(stage, node, before);
    expect(stage.notices.told).toHaveLength(1);
  });

  test.each<[string, NodeFacts]>([
    ['within the time', waiting(Date.now() - HOUR / 2)],
    ['of no pool', waiting(0 + Date.now() - 11 * HOUR, { labels: {} })],
    [
      'that wants none',
      waiting(0, {
        report: {
          wants: 'not-required',
          message: '',
          heardAtMs: 0,
          sinceMs: Date.now() - 11 * HOUR,
        },
      }),
    ],
    ['of which nobody knows since when', waiting(0)],
  ])('is not told of: one %s', async (_, node) => {
    const stage = aStage();
    expect(await look(stage, node)).toEqual([]);
    expect(stage.notices.told).toEqual([]);
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
const tellAll = async (...looks: DrainProgress[]) => {
  const stage = new Stage({ drain: { blockedAfter: '5m' } });
  await stage.environment.run(async () => {
    const people = tellingOfBlocked(stage.deps, { node: 'n1', pool: 'workers' });
    for (const one of looks) people(one);
  });
  return stage.notices.told;
};

describe('a drain', () => {
  test('is told of once when something has been in its way for too long, naming only that', async () => {
    const now = Date.now();
    const blockers = [
      blocker('a/old', now - 6 * MINUTE),
      blocker('a/older', now - 7 * MINUTE),
      blocker('a/new', now - MINUTE),
    ];
    const told = await tellAll(progress({ blockers }), progress({ blockers }));
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
    expect(await tellAll(progress({ trouble }))).toMatchObject([
      { because: 'the API server: is away' },
    ]);
  });

  test('is not told of while it takes its usual time', async () => {
    const blockers = [blocker('a/new', Date.now() - MINUTE)];
    expect(await tellAll(progress({ blockers }), progress({}))).toEqual([]);
  });
});
