import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writePast } from '../domain/node-contract.ts';
import { scanFleet, type ScanQuestion } from './scan.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const idle = { wants: 'not-required', message: '', heardAtMs: 1 } as const;
const failed = (lastAtMs: number) => ({ count: 1, lastAtMs, because: 'no answer' });
const pastOf = (past: Parameters<typeof writePast>[0]) => ({
  [ANNOTATION.past]: writePast(past) ?? '',
});

const onStage = (nodes: Record<string, Partial<FakeNode>>, ...running: string[]) => {
  const stage = new Stage();
  for (const [name, facts] of Object.entries(nodes)) stage.nodes.add(name, facts);
  for (const id of running) stage.temporal.running.add(id);
  return { stage, scan: (asked: ScanQuestion = {}) => stage.run(scanFleet, asked) };
};

describe('a lock that was ended from outside', () => {
  const nodes = { n1: {}, n2: {}, n3: {}, m1: { labels: { pool: 'masters' } }, x1: { labels: {} } };
  const busy = ['n1', 'n2', 'm1', 'x1'].map((node) => `node-rollout/${node}`);
  const lost = (agoMs: number | undefined, ...running: string[]) => {
    const scene = onStage(nodes, ...busy, ...running);
    if (agoMs !== undefined) scene.stage.temporal.formerLockEndedMs = Date.now() - agoMs;
    return scene;
  };

  test('is healed: the rollouts of its pool that run ask anew, and no others', async () => {
    const { scan, stage } = lost(MINUTE);
    expect(await scan()).toMatchObject({ healed: ['workers'] });
    expect(stage.temporal.rechecked).toEqual(['node-rollout/n1', 'node-rollout/n2']);
    expect(stage.logged).toContain('a lock was lost; its rollouts ask anew');
  });

  test('is healed also when one of them has asked since, which has started another', async () => {
    const { scan, stage } = lost(MINUTE, 'pool-lock/workers');
    expect(await scan({ formerAtMs: Date.now() - MINUTE })).toMatchObject({ healed: ['workers'] });
    expect(stage.temporal.rechecked).toEqual(['node-rollout/n1', 'node-rollout/n2']);
  });

  test('is healed as long as no other runs, and is known by the next scan when it was', async () => {
    const formerAtMs = Date.now() - 3 * MINUTE;
    const { atMs } = await lost(5 * MINUTE).scan({ formerAtMs });
    expect(atMs).toBeGreaterThan(formerAtMs);
    expect(await lost(5 * MINUTE).scan({ formerAtMs })).toMatchObject({ healed: ['workers'] });
    const again = lost(5 * MINUTE, 'pool-lock/workers');
    expect(await again.scan({ formerAtMs })).toMatchObject({ healed: [] });
  });

  test.each([
    { name: 'none was ended', scene: () => lost(undefined) },
    { name: 'it was long ago: whoever waited has been woken', scene: () => lost(11 * MINUTE) },
  ])('is none where $name', async ({ scene }) => {
    const { scan, stage } = scene();
    expect(await scan()).toMatchObject({ healed: [] });
    expect(stage.temporal.rechecked).toEqual([]);
  });

  test('leaves nobody to wake where none of its rollouts runs', async () => {
    const { scan, stage } = onStage({ n1: {} });
    stage.temporal.formerLockEndedMs = Date.now() - MINUTE;
    expect(await scan()).toMatchObject({ healed: [] });
    expect(stage.temporal.rechecked).toEqual([]);
  });
});

describe('a policy that has changed', () => {
  const running = ['node-rollout/n1', 'node-rollout/m1'];
  const scene = () =>
    onStage(
      { n1: { report: idle }, m1: { report: idle, labels: { pool: 'masters' } } },
      ...running,
    );

  test('makes every rollout and every lock look again', async () => {
    const { scan, stage } = scene();
    expect(await scan({ formerPolicy: 'policy-0' })).toMatchObject({ policy: 'policy-1' });
    expect(stage.temporal.rechecked).toEqual([...running, 'pool-lock/workers']);
    expect(stage.logged).toEqual(['policy has changed']);
  });

  test.each([
    { name: 'the same policy', asked: { formerPolicy: 'policy-1' } },
    { name: 'the first scan of all, which knows no other', asked: {} },
  ])('is not $name', async ({ asked }) => {
    const { scan, stage } = scene();
    expect(await scan(asked)).toMatchObject({ policy: 'policy-1' });
    expect(stage.temporal.rechecked).toEqual([]);
  });
});

describe('the past of a node that wants no reboot', () => {
  const now = Date.now();
  test.each<{ name: string; node: Partial<FakeNode>; kept: boolean }>([
    {
      name: 'is forgotten when its reboots are a day old',
      node: { report: idle, annotations: pastOf({ reboots: [now - 25 * HOUR] }) },
      kept: false,
    },
    {
      name: 'is forgotten when it is of failed tries alone: the next wish is a new one',
      node: { report: idle, annotations: pastOf({ reboots: [], failed: failed(now) }) },
      kept: false,
    },
    {
      name: 'is kept while reboots of today count',
      node: { report: idle, annotations: pastOf({ reboots: [now - HOUR] }) },
      kept: true,
    },
    {
      name: 'is kept while the node wants a reboot',
      node: { annotations: pastOf({ reboots: [], failed: failed(now) }) },
      kept: true,
    },
    {
      name: 'is kept while a rollout has the node',
      node: {
        report: idle,
        annotations: { ...recorded(), ...pastOf({ reboots: [now - 25 * HOUR] }) },
      },
      kept: true,
    },
  ])('$name', async ({ node, kept }) => {
    const { scan, stage } = onStage({ n1: node });
    await scan();
    expect(ANNOTATION.past in stage.nodes.at('n1').annotations).toBe(kept);
  });
});

const ended = (facts: Partial<FakeNode>) => {
  const scene = onStage({ n1: facts });
  scene.stage.temporal.failed.add('node-rollout/n1');
  return scene;
};

describe('a node whose rollout ended early', () => {
  test.each<{ name: string; node: Partial<FakeNode>; started: string[] }>([
    { name: 'is let rest', node: {}, started: [] },
    {
      name: 'and that remembers its failed tries is started at once: its rest is a gate, which shows',
      node: { annotations: pastOf({ reboots: [], failed: failed(Date.now()) }) },
      started: ['n1'],
    },
    {
      name: 'and was left in the middle is not left there',
      node: { annotations: recorded() },
      started: ['n1'],
    },
  ])('$name', async ({ node, started }) => {
    expect(await ended(node).scan()).toMatchObject({ started });
  });

  test('rests for ten minutes', async () => {
    const { scan, stage } = ended({});
    const since: number[] = [];
    stage.temporal.endedEarlySince = async (...asked: number[]) => {
      since.push(...asked);
      return new Set<string>();
    };
    const before = Date.now();
    expect(await scan()).toMatchObject({ started: ['n1'] });
    expect(since[0]).toBeGreaterThanOrEqual(before - 10 * MINUTE);
    expect(since[0]).toBeLessThanOrEqual(Date.now() - 10 * MINUTE);
  });
});
