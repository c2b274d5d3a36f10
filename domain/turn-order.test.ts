import { describe, expect, test } from '@jest/globals';
import { aNode, read } from './a-node.fixture.ts';
import { sayHalted, whoseTurn, type Candidate, type TurnQuestion, type TurnRules } from './turn.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const RULES: TurnRules = { maxUnavailable: 2, order: 'fifo', failureBudget: 1, pauseBetweenMs: 0 };

const asks = (node: string, zone?: string): Candidate => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-of-${node}`,
  node,
  ...(zone === undefined ? {} : { zone }),
});
const lost = (node: string, because = 'it is lost') => ({ node, because, sinceMs: NOW });
const grantTo = (node: string) => ({ kind: 'grant', workflowId: `node-rollout/${node}` });

const ask = (over: Partial<TurnQuestion>) =>
  whoseTurn({
    rules: RULES,
    nodes: ['n1', 'n2', 'n3', 'n4'].map((name) => aNode({ name })),
    before: [],
    line: [asks('n1'), asks('n2')],
    holders: [],
    troubles: [],
    nowMs: NOW,
    ...over,
  });

describe('G5: a pool with a troubled node', () => {
  test('is halted, and says for which node and why', () => {
    expect(ask({ troubles: [lost('n4')] })).toEqual({
      kind: 'wait',
      because: 'the pool is halted until it is resumed or the node is back: n4: it is lost',
    });
  });

  test.each([
    { budget: 1, troubles: [], halted: false },
    { budget: 1, troubles: ['n4'], halted: true },
    { budget: 2, troubles: ['n4'], halted: false },
    { budget: 2, troubles: ['n3', 'n4'], halted: true },
    { budget: 2, troubles: ['n2', 'n3', 'n4'], halted: true },
  ])('halts from $budget on: $troubles, $halted', ({ budget, troubles, halted }) => {
    const turn = ask({
      rules: { ...RULES, failureBudget: budget },
      line: [asks('n1')],
      troubles: troubles.map((node) => lost(node)),
    });
    expect(turn.kind).toBe(halted ? 'wait' : 'grant');
  });

  test('lets only the troubled node itself try again, whoever else was there before', () => {
    expect(ask({ troubles: [lost('n2')] })).toEqual(grantTo('n2'));
  });

  test('counts for its next try as for any other', () => {
    const rules = { ...RULES, maxUnavailable: 1 };
    expect(ask({ rules, troubles: [lost('n2')], holders: [{ node: 'n3' }] })).toMatchObject({
      because: '1 of at most 1 out of service: n3 has a permit',
    });
  });

  test('many are named in part', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((node) => lost(node, 'x'));
    expect(sayHalted(many)).toBe(
      'the pool is halted until it is resumed or the node is back: a: x, b: x, c: x, d: x, e: x and 1 more',
    );
  });
});

describe('order: zone', () => {
  const rules = { ...RULES, order: 'zone' as const };
  const line = [asks('n1', 'a'), asks('n2', 'b'), asks('n3', 'a')];

  test.each<{ name: string; over: Partial<TurnQuestion>; expected: object }>([
    { name: 'begins with whoever is first', over: { line }, expected: grantTo('n1') },
    {
      name: 'keeps to the zone of who is out, before others that asked sooner',
      over: { line, holders: [{ node: 'n4', zone: 'b' }] },
      expected: grantTo('n2'),
    },
    {
      name: 'lets nobody of another zone go while one of this is out',
      over: { line: [asks('n2', 'b')], holders: [{ node: 'n4', zone: 'a' }] },
      expected: { kind: 'wait', because: 'zone a is not done: n4' },
    },
    {
      name: 'stays in the zone of the last that came back',
      over: { line, lastReturn: { atMs: NOW, zone: 'b' } },
      expected: grantTo('n2'),
    },
    {
      name: 'goes on to the zone of the first when the last zone has nobody left',
      over: { line, lastReturn: { atMs: NOW, zone: 'c' } },
      expected: grantTo('n1'),
    },
    {
      name: 'takes nodes without a zone for a zone of their own',
      over: { line: [asks('n1', 'a'), asks('n2')], holders: [{ node: 'n4' }] },
      expected: grantTo('n2'),
    },
    {
      name: 'says so of nodes without a zone too',
      over: { line: [asks('n1', 'a')], holders: [{ node: 'n4' }] },
      expected: { kind: 'wait', because: 'zone unknown is not done: n4' },
    },
    {
      name: 'is kept to by a troubled node too',
      over: { line, troubles: [lost('n1')], holders: [{ node: 'n4', zone: 'b' }] },
      expected: { kind: 'wait', because: 'zone b is not done: n4' },
    },
    {
      name: 'has nobody to let go when nobody waits',
      over: { line: [] },
      expected: { kind: 'wait', because: 'nobody waits' },
    },
  ])('$name', ({ over, expected }) => {
    expect(ask({ rules, ...over })).toEqual(expected);
  });

  test('is of no account with order: fifo', () => {
    expect(ask({ line, holders: [{ node: 'n4', zone: 'b' }] })).toEqual(grantTo('n1'));
  });
});

describe('G1: a node that another rollout has in hand', () => {
  test('is passed over for the next, whatever the budget is', () => {
    expect(ask({ holders: [{ node: 'n1' }] })).toEqual(grantTo('n2'));
  });

  test('is waited for when nobody else waits', () => {
    expect(ask({ line: [asks('n1')], holders: [{ node: 'n1' }] })).toEqual({
      kind: 'wait',
      because: 'n1 is in the hands of another rollout',
    });
  });

  const record = {
    workflowId: 'by-hand/n1',
    runId: 'run',
    cordonedByUs: true,
    bootIdBefore: 'boot-1',
    phase: 'rebooting',
  };
  const out = [aNode({ name: 'n1', unschedulable: true, rollout: read(record) })];
  const left = [{ node: 'n1', leftBehind: true }];

  test('is finished by the one that waits for it once the other has ended and left it out', () => {
    const line = [asks('n1')];
    expect(ask({ line, nodes: out, holders: left })).toEqual(grantTo('n1'));
  });

  test.each<{ name: string; over: Partial<TurnQuestion> }>([
    {
      name: 'the other may still come back to it',
      over: { nodes: out, holders: [{ node: 'n1' }] },
    },
    { name: 'nothing on it says that it was left', over: { holders: left } },
    {
      name: 'nobody can read what was left on it',
      over: {
        nodes: [aNode({ name: 'n1', rollout: { ok: false, because: 'it is not JSON' } })],
        holders: left,
      },
    },
  ])('is not touched while $name', ({ over }) => {
    expect(ask({ line: [asks('n1')], ...over })).toMatchObject({ kind: 'wait' });
  });
});

test('what holds a pool back is said in the order in which it ends by itself', () => {
  const masters = { pool: 'masters', nodes: [aNode({ name: 'm1' })] };
  const rules = { ...RULES, pauseBetweenMs: 60_000 };
  const all = { rules, troubles: [lost('n4')], lastReturn: { atMs: NOW } };
  expect(ask({ ...all, before: [masters] })).toMatchObject({
    because: 'pool masters goes first, and is not done: m1',
  });
  expect(ask(all)).toMatchObject({ because: expect.stringMatching(/^the pool pauses/) });
});
