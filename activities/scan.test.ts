import { describe, expect, test } from '@jest/globals';
import {
  ANNOTATION,
  writeExcused,
  writeAttempts,
  writeQuarantine,
  type Attempts,
} from '../domain/node-contract.ts';
import { scanFleet, type ScanQuestion } from './scan.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const idle = { wants: 'not-required', message: '', heardAtMs: 1 } as const;
const HOUR = 60 * 60_000;
const failed = { count: 1, lastAtMs: Date.now(), because: 'no answer' };
const pastOf = (attempts: Attempts) => ({ [ANNOTATION.attempts]: writeAttempts(attempts) ?? '' });
const QUARANTINE = {
  [ANNOTATION.quarantine]: writeQuarantine({ bootId: 'boot-1', because: 'x', atMs: 1 }),
};

const onStage = (nodes: Record<string, Partial<FakeNode>>) => {
  const stage = new Stage();
  for (const [name, facts] of Object.entries(nodes)) stage.nodes.add(name, facts);
  return { stage, scan: (asked: ScanQuestion = {}) => stage.run(scanFleet, asked) };
};

describe('scanFleet', () => {
  test.each<{
    name: string;
    nodes: Record<string, Partial<FakeNode>>;
    prepare?: (stage: Stage) => void;
    started?: string[];
    unmanaged?: object[];
  }>([
    {
      name: 'starts a rollout for each node that wants a reboot, and for no other',
      nodes: { n1: {}, n2: { report: idle }, n3: { report: undefined }, n4: {} },
      started: ['n1', 'n4'],
    },
    {
      name: 'never takes a failed check for a wish',
      nodes: { n1: { report: { wants: 'unknown', message: 'exit status 2', heardAtMs: 1 } } },
    },
    {
      name: 'leaves alone what runs already',
      nodes: { n1: {}, n2: {} },
      prepare: ({ temporal }) => temporal.running.add('node-rollout/n1'),
      started: ['n2'],
    },
    {
      name: 'takes up a node that a lost rollout has left behind, though it wants nothing',
      nodes: { n1: { report: idle, annotations: recorded(), unschedulable: true } },
      started: ['n1'],
    },
    {
      name: 'takes up such a node even when it is in no pool any more',
      nodes: { n1: { report: idle, annotations: recorded(), labels: {} } },
      started: ['n1'],
    },
    {
      name: 'leaves a node in no pool alone, and reports it',
      nodes: { n1: { labels: {} }, n2: { labels: {}, report: idle } },
      unmanaged: [{ node: 'n1', because: 'its labels match the selector of no pool' }],
    },
  ])('$name', async ({ nodes, prepare, started = [], unmanaged = [] }) => {
    const { scan, stage } = onStage(nodes);
    prepare?.(stage);
    expect(await scan()).toMatchObject({
      nodes: Object.keys(nodes).length,
      started,
      unmanaged,
    });
    expect(stage.temporal.started.map(({ node }) => node)).toEqual(started);
  });

  test.each([
    { message: 'linux-image', reason: 'linux-image' },
    { message: '', reason: 'reboot required' },
    { message: 'x'.repeat(999), reason: 'x'.repeat(200) },
  ])('gives the reason of the agent: $reason', async ({ message, reason }) => {
    const { scan, stage } = onStage({
      n1: { report: { wants: 'required', message, heardAtMs: 1 } },
    });
    await scan();
    expect(stage.temporal.started).toEqual([{ node: 'n1', reason, requestedBy: 'fleet-scan' }]);
  });

  test('does not count a rollout that somebody else has started in the meantime', async () => {
    const { scan, stage } = onStage({ n1: {} });
    stage.temporal.startRollout = async () => false;
    expect(await scan()).toMatchObject({ started: [] });
    expect(stage.logged).toEqual([]);
  });

  test('G6: takes away what a rollout has left behind that was ended between its last two writes', async () => {
    const { scan, stage } = onStage({ n1: { report: idle } });
    const list = stage.nodes.list.bind(stage.nodes);
    const marked = async (selector?: string) =>
      (await list(selector)).map((node) => ({ ...node, hasLifecycle: true as const }));
    stage.nodes.list = marked;
    stage.nodes.lifecycle['Drained'] = true;
    stage.temporal.running.add('node-rollout/n1');
    await scan();
    expect(stage.nodes.lifecycle).toEqual({ Drained: true });
    stage.temporal.running.clear();
    await scan();
    expect(stage.nodes.lifecycle).toEqual({});
  });
});

describe('what is remembered of a node', () => {
  const now = Date.now();
  const trouble = { because: 'no answer', atMs: now };
  const excused = { [ANNOTATION.excused]: writeExcused(now) };
  const old = [now - 25 * HOUR];
  const recent = [now - HOUR];
  const troubled = { ...pastOf({ reboots: recent, failed, trouble }), ...excused };

  test.each<{ name: string; node: Partial<FakeNode>; left?: Record<string, string> }>([
    {
      name: 'is forgotten once it wants no reboot: its quarantine, excuse and failed tries',
      node: {
        report: idle,
        annotations: { ...QUARANTINE, ...excused, ...pastOf({ reboots: [], failed }) },
      },
      left: {},
    },
    {
      name: 'is forgotten when its reboots are a day old',
      node: { report: idle, annotations: pastOf({ reboots: old }) },
      left: {},
    },
    {
      name: 'are the reboots of a day',
      node: { report: idle, annotations: pastOf({ reboots: recent }) },
    },
    {
      name: 'G5: are the reboots of a day, and not what halted its pool before',
      node: { report: idle, annotations: troubled },
      left: pastOf({ reboots: recent }),
    },
    {
      name: 'G5: is all kept while it is NotReady',
      node: { report: idle, ready: false, annotations: troubled },
    },
    {
      name: 'is all kept while it wants a reboot',
      node: { annotations: { ...QUARANTINE, ...troubled } },
    },
    {
      name: 'is all kept while that cannot be told',
      node: { report: { ...idle, wants: 'unknown' }, annotations: { ...QUARANTINE, ...troubled } },
    },
    {
      name: 'is all kept while nobody has heard of it',
      node: { report: undefined, annotations: QUARANTINE },
    },
    {
      name: 'is all kept while a rollout has it',
      node: { report: idle, annotations: { ...recorded(), ...pastOf({ reboots: old }) } },
    },
  ])('$name', async ({ node, left = node.annotations }) => {
    const { scan, stage } = onStage({ n1: node });
    await scan();
    expect(stage.nodes.at('n1').annotations).toEqual(left);
  });
});

test('G8: a node whose rollout ended early is started at once: its rest is a gate, which shows', async () => {
  const { scan, stage } = onStage({ n1: {} });
  stage.temporal.earlyEnd = { because: 'it was aborted', atMs: Date.now() };
  expect(await scan()).toMatchObject({ started: ['n1'] });
});

test('a scan names the policy it was done by, and wakes nobody: workers tell of a change themselves', async () => {
  const { scan, stage } = onStage({ n1: {} });
  stage.temporal.running.add('node-rollout/n1');
  expect(await scan({ formerPolicy: 'policy-0' })).toMatchObject({ policy: 'policy-1' });
  expect(stage.temporal.rechecked).toEqual([]);
});

describe('a pool of which no node asks for a reboot', () => {
  const DAY = 24 * HOUR;
  const sinceMs = Date.now() - 31 * DAY;
  const n1 = { report: { ...idle, message: 'x is absent', sinceMs } };
  const quiet = { pool: 'workers', because: 'the agents say: x is absent', afterMs: 30 * DAY };

  test('is told of by what stands on the Nodes, with and without a scan before', async () => {
    const { scan, stage } = onStage({ n1 });
    stage.notices.wants.add('quiet');
    const first = await scan();
    expect(first.quiet).toEqual([{ ...quiet, forMs: expect.any(Number) }]);
    expect(await scan({ notified: first.notified ?? [] })).toMatchObject({
      quiet: [quiet],
      notified: first.notified,
    });
    expect(stage.notices.sent).toMatchObject([{ event: 'quiet', pool: 'workers', sinceMs }]);
  });

  test('is remembered beside the nodes that wait', async () => {
    const { scan, stage } = onStage({ n1 });
    stage.notices.wants.add('quiet').add('overdue');
    const { notified = [] } = await scan();
    stage.nodes.add('n2', { report: { ...idle, wants: 'required', sinceMs } });
    const next = await scan({ notified });
    expect(stage.notices.sent.map(({ event }) => event)).toEqual(['quiet', 'overdue']);
    expect(next).not.toHaveProperty('quiet');
    await scan({ notified: next.notified ?? [] });
    expect(stage.notices.sent).toHaveLength(2);
  });
});
