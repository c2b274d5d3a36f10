import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeQuarantine } from '../domain/node-contract.ts';
import { scanFleet } from './scan.ts';
import { recorded, type FakeNode } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

const idle = { wants: 'not-required', message: '', heardAtMs: 1 } as const;
const QUARANTINE = {
  [ANNOTATION.quarantine]: writeQuarantine({ bootId: 'boot-1', because: 'x', atMs: 1 }),
};

const onStage = (nodes: Record<string, Partial<FakeNode>>) => {
  const stage = new Stage();
  for (const [name, facts] of Object.entries(nodes)) stage.nodes.add(name, facts);
  return { stage, scan: () => stage.run(scanFleet, {}) };
};

describe('scanFleet', () => {
  test.each<{
    name: string;
    nodes: Record<string, Partial<FakeNode>>;
    prepare?: (stage: Stage) => void;
    started?: string[];
    unmanaged?: string[];
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
      name: 'lets a rollout that has just failed rest',
      nodes: { n1: {}, n2: {} },
      prepare: ({ temporal }) => temporal.failed.add('node-rollout/n1'),
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
      unmanaged: ['n1'],
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

  test('lifts a quarantine once the sentinel has been gone', async () => {
    const { scan, stage } = onStage({ n1: { report: idle, annotations: QUARANTINE } });
    await scan();
    expect(stage.nodes.at('n1').annotations).toEqual({});
  });

  test('keeps a quarantine while the sentinel is there or cannot be told', async () => {
    const unknown = { wants: 'unknown', message: '', heardAtMs: 1 } as const;
    const { scan, stage } = onStage({
      n1: { annotations: QUARANTINE },
      n2: { annotations: QUARANTINE, report: unknown },
      n3: { annotations: QUARANTINE, report: undefined },
    });
    await scan();
    for (const name of ['n1', 'n2', 'n3']) {
      expect(stage.nodes.at(name).annotations).toEqual(QUARANTINE);
    }
  });

  test('G6: takes away what a rollout has left behind that was ended between its last two writes', async () => {
    const { scan, stage } = onStage({ n1: { report: idle } });
    const list = stage.nodes.list.bind(stage.nodes);
    const marked = async (selector?: string) =>
      (await list(selector)).map((node) => ({ ...node, marked: true as const }));
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
