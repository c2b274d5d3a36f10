import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aNode, read } from './a-node.fixture.ts';
import { budgetOf } from './budget.ts';
import type { NodeFacts } from './node-facts.ts';
import {
  isBackInService,
  isWell,
  troubleLeft,
  whoseTurn,
  type Candidate,
  type TurnQuestion,
  type TurnRules,
} from './turn.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;
const RULES: TurnRules = { maxUnavailable: 1, order: 'fifo', failureBudget: 1, pauseBetweenMs: 0 };

const asks = (node: string, zone?: string): Candidate => ({
  workflowId: `node-rollout/${node}`,
  runId: `run-of-${node}`,
  node,
  ...(zone === undefined ? {} : { zone }),
});
const trouble = (node: string, because = 'it is lost') => ({ node, because, sinceMs: NOW });
const nodes = (...names: string[]): NodeFacts[] => names.map((name) => aNode({ name }));
const RECORD = read({
  workflowId: 'node-rollout/n2',
  runId: 'run',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
});
const QUARANTINE = read({ bootId: 'boot-1', because: 'its sentinel survived', atMs: NOW });
const report = (wants: 'required' | 'not-required' | 'unknown') =>
  ({ wants, message: '', heardAtMs: NOW }) as const;

/** A pool of three healthy nodes of which n1 waits; a test names only what matters to it. */
const asked = (over: Partial<TurnQuestion> = {}): TurnQuestion => ({
  rules: RULES,
  nodes: nodes('n1', 'n2', 'n3'),
  before: [],
  line: [asks('n1')],
  holders: [],
  troubles: [],
  nowMs: NOW,
  ...over,
});
const grantTo = (node: string) => ({ kind: 'grant', workflowId: `node-rollout/${node}` });
const waits = (because: string) => ({ kind: 'wait', because });

describe('whoseTurn', () => {
  test('G1: it is the turn of the first in line when the budget has room', () => {
    expect(whoseTurn(asked({ line: [asks('n3'), asks('n1')] }))).toEqual(grantTo('n3'));
  });

  test.each<{ name: string; over: Partial<TurnQuestion>; because: string }>([
    {
      name: 'while another node is out of service, whoever took it out',
      over: { nodes: [...nodes('n1'), aNode({ name: 'n2', ready: false })] },
      because: '1 of at most 1 out of service: n2 is NotReady',
    },
    {
      name: 'while another has the permit, though the cluster still shows it in service',
      over: { holders: [{ node: 'n2' }] },
      because: '1 of at most 1 out of service: n2 has a permit',
    },
    {
      name: 'for who is second while the first has no room',
      over: { line: [asks('n1'), asks('n2')], holders: [{ node: 'n3' }] },
      because: '1 of at most 1 out of service: n3 has a permit',
    },
  ])("G1: it is nobody's turn $name", ({ over, because }) => {
    expect(whoseTurn(asked(over))).toEqual(waits(because));
  });

  test("it is nobody's turn when nobody waits", () => {
    expect(whoseTurn(asked({ line: [] }))).toEqual(waits('nobody waits'));
  });

  test('a percentage is taken of the whole pool', () => {
    const rules = { ...RULES, maxUnavailable: '67%' };
    expect(whoseTurn(asked({ rules, holders: [{ node: 'n2' }] }))).toEqual(grantTo('n1'));
  });
});

/** A node of which anything may be wrong. */
const anyNode = (name: string) =>
  fc
    .record({ ready: fc.boolean(), unschedulable: fc.boolean(), mid: fc.boolean() })
    .map(({ mid, ...rest }) => aNode({ name, ...rest, ...(mid ? { rollout: RECORD } : {}) }));

describe('G1: after any grant', () => {
  const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
  const zone = fc.constantFrom(undefined, 'a', 'b');
  const candidates = fc
    .subarray(NAMES)
    .chain((names) => fc.tuple(...names.map((name) => zone.map((at) => asks(name, at)))));
  const question = fc.record({
    nodes: fc.tuple(...NAMES.map(anyNode)),
    line: candidates,
    holders: fc.subarray(NAMES).map((names) => names.map((node) => ({ node }))),
    troubles: fc
      .subarray(NAMES, { maxLength: 2 })
      .map((names) => names.map((node) => trouble(node))),
    rules: fc.record({
      maxUnavailable: fc.oneof(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
      ),
      order: fc.constantFrom('fifo' as const, 'zone' as const),
      failureBudget: fc.integer({ min: 1, max: 3 }),
      pauseBetweenMs: fc.constant(0),
    }),
  });

  test('no more than the budget are out of service, and somebody who waits has it', () => {
    fc.assert(
      fc.property(question, (given) => {
        const turn = whoseTurn(asked(given));
        if (turn.kind === 'wait') {
          expect(turn.because).not.toBe('');
          return;
        }
        const chosen = given.line.find(({ workflowId }) => workflowId === turn.workflowId);
        const holding = new Set([chosen?.node, ...given.holders.map(({ node }) => node)]);
        const out = given.nodes.filter(
          ({ name, ready, unschedulable, rollout }) =>
            holding.has(name) || !ready || unschedulable || rollout !== undefined,
        );
        expect(chosen).toBeDefined();
        expect(out.length).toBeLessThanOrEqual(
          budgetOf(given.rules.maxUnavailable, given.nodes.length),
        );
      }),
      { numRuns: 500 },
    );
  });
});

const first = (...masters: NodeFacts[]) => [{ pool: 'masters', nodes: masters }];

describe('pools that go first', () => {
  const done = aNode({ name: 'm1', report: report('not-required') });

  test.each<{ name: string; node: Partial<NodeFacts> }>([
    { name: 'wants a reboot', node: { report: report('required') } },
    { name: 'is in mid-rollout', node: { report: report('not-required'), rollout: RECORD } },
    {
      name: 'is in mid-rollout, though a person holds it',
      node: { rollout: RECORD, hold: { reason: 'x' } },
    },
    {
      name: 'was held until a time that is past',
      node: { hold: { reason: 'x', untilMs: NOW } },
    },
    {
      name: 'was quarantined in an earlier boot',
      node: { bootId: 'boot-2', quarantine: QUARANTINE },
    },
  ])('are waited for while a node of theirs $name', ({ node }) => {
    const before = first(done, aNode({ name: 'm2', ...node }));
    expect(whoseTurn(asked({ before }))).toEqual(
      waits('pool masters goes first, and is not done: m2'),
    );
  });

  test.each<{ name: string; node: Partial<NodeFacts> }>([
    { name: 'wants no reboot', node: { report: report('not-required') } },
    { name: 'cannot tell whether it wants one', node: { report: report('unknown') } },
    { name: 'is held by a person', node: { hold: { reason: 'x' } } },
    { name: 'is held for a while yet', node: { hold: { reason: 'x', untilMs: NOW + 1 } } },
    { name: 'is quarantined: another reboot would not help', node: { quarantine: QUARANTINE } },
    {
      name: 'has a quarantine nobody can read',
      node: { quarantine: { ok: false, because: 'it is not JSON' } },
    },
  ])('are not waited for when their only node left $name', ({ node }) => {
    const before = first(done, aNode({ name: 'm2', ...node }));
    expect(whoseTurn(asked({ before }))).toEqual(grantTo('n1'));
  });

  test('G8: each is named with its nodes, many of them in part', () => {
    const many = nodes('m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7');
    const before = [...first(...many), { pool: 'gpu', nodes: nodes('g1') }];
    expect(whoseTurn(asked({ before }))).toEqual(
      waits(
        'pool masters goes first, and is not done: m1, m2, m3, m4, m5 and 2 more; pool gpu goes first, and is not done: g1',
      ),
    );
  });
});

describe('a pause between two nodes', () => {
  const rules = { ...RULES, pauseBetweenMs: 10 * MINUTE };
  const until = NOW + 3 * MINUTE;
  const lastReturn = { atMs: NOW - 7 * MINUTE };

  test('G8: holds the pool back, says until when, and that looking sooner is no use', () => {
    expect(whoseTurn(asked({ rules, lastReturn }))).toEqual({
      kind: 'wait',
      because: 'the pool pauses between two nodes until 2026-11-23T22:03:00.000Z',
      againAtMs: until,
    });
  });

  test.each<{ name: string; over: Partial<TurnQuestion> }>([
    { name: 'ends when it is over', over: { rules, lastReturn, nowMs: until } },
    { name: 'is none before the first node', over: { rules } },
    { name: 'is none where the policy has none', over: { lastReturn: { atMs: NOW } } },
  ])('$name', ({ over }) => {
    expect(whoseTurn(asked(over))).toEqual(grantTo('n1'));
  });
});

describe('where a node should be after its rollout:', () => {
  const fine = { report: report('not-required') };
  test.each<{ name: string; node: NodeFacts | undefined; well: boolean; back: boolean }>([
    { name: 'in service, wanting nothing', node: aNode(fine), well: true, back: true },
    { name: 'deleted', node: undefined, well: true, back: true },
    { name: 'NotReady', node: aNode({ ...fine, ready: false }), well: false, back: false },
    { name: 'in mid-rollout', node: aNode({ ...fine, rollout: RECORD }), well: false, back: false },
    {
      name: 'with a record nobody can read',
      node: aNode({ ...fine, rollout: { ok: false, because: 'it is not JSON' } }),
      well: false,
      back: false,
    },
    { name: 'still wanting a reboot', node: aNode(), well: false, back: true },
    {
      name: 'quarantined',
      node: aNode({ ...fine, quarantine: QUARANTINE }),
      well: false,
      back: true,
    },
    {
      name: "cordoned by somebody else, which is nobody's rollout",
      node: aNode({ ...fine, unschedulable: true }),
      well: true,
      back: true,
    },
  ])('G5: $name is well: $well, back in service: $back', ({ node, well, back }) => {
    expect(isWell(node)).toBe(well);
    expect(isBackInService(node)).toBe(back);
  });
});

describe('G5: what a node shows of the trouble with its latest rollout:', () => {
  const past = {
    reboots: [],
    failed: { count: 2, lastAtMs: NOW, because: 'aborted: lunch', trouble: 'budget web' },
  };
  const left = { node: 'n1', because: 'budget web', sinceMs: NOW };
  const survived = {
    node: 'n1',
    because: QUARANTINE.value.because,
    sinceMs: QUARANTINE.value.atMs,
  };
  test.each<{ name: string; over: Partial<NodeFacts>; expected: typeof left | undefined }>([
    { name: 'a try that halted its pool', over: { past }, expected: left },
    {
      name: 'the same while it is tried again',
      over: { past, rollout: RECORD, ready: false },
      expected: left,
    },
    {
      name: 'a try that halted nobody',
      over: { past: { reboots: [], failed: { count: 1, lastAtMs: NOW, because: 'aborted' } } },
      expected: undefined,
    },
    { name: 'no past', over: {}, expected: undefined },
    {
      name: 'one that wants no reboot any more',
      over: { past, report: report('not-required') },
      expected: undefined,
    },
    {
      name: 'a quarantine of this boot, whatever was before',
      over: { past, quarantine: QUARANTINE },
      expected: survived,
    },
    {
      name: 'a quarantine of an earlier boot',
      over: { quarantine: QUARANTINE, bootId: 'boot-9' },
      expected: undefined,
    },
    {
      name: 'a quarantine nobody can read',
      over: { quarantine: { ok: false, because: 'it is not JSON' } },
      expected: undefined,
    },
  ])('$name', ({ over, expected }) => {
    expect(troubleLeft(aNode(over))).toEqual(expected);
  });
});
