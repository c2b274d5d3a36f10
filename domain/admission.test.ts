import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aNode, read } from './a-node.fixture.ts';
import { admit, type AdmissionQuestion, type AdmissionRules, type Candidate } from './admission.ts';
import { budgetOf } from './budget.ts';
import type { NodeFacts } from './node-facts.ts';
import { REBOOT_DEFAULTS } from './policy.ts';
import { troublesOf } from './trouble.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;
const RULES: AdmissionRules = {
  maxUnavailable: 1,
  awayTaints: [],
  order: 'fifo',
  failureBudget: 1,
  pauseBetweenMs: 0,
};

const asks = (node: string, zone?: string): Candidate => ({
  workflowId: `node-rollout/${node}`,
  node,
  ...(zone === undefined ? {} : { zone }),
});
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
const troubled = (name: string): NodeFacts =>
  aNode({ name, attempts: { reboots: [], trouble: { because: 'no answer', atMs: NOW } } });
/** n1 to n4, of which these are troubled. */
const withTroubled = (...names: string[]): NodeFacts[] =>
  ['n1', 'n2', 'n3', 'n4'].map((name) => (names.includes(name) ? troubled(name) : aNode({ name })));

/** A pool of three healthy nodes of which n1 waits; a test names only what matters to it. */
const ask = ({
  rules,
  ...over
}: Omit<Partial<AdmissionQuestion>, 'rules'> & {
  rules?: Partial<AdmissionRules>;
}) =>
  admit({
    rules: { ...RULES, ...rules },
    nodes: nodes('n1', 'n2', 'n3'),
    troubles: troublesOf(over.nodes ?? [], { reboot: REBOOT_DEFAULTS, nowMs: NOW }),
    before: [],
    candidates: [asks('n1')],
    permits: [],
    nowMs: NOW,
    ...over,
  });
type Asked = Parameters<typeof ask>[0];
const grantTo = (node: string) => ({ kind: 'grant', workflowId: `node-rollout/${node}` });
const waits = (because: string) => ({ kind: 'wait', because });
const HALTED = 'the pool is halted until it is resumed or the node is back: ';

describe('G1: admitted is', () => {
  test.each<{ name: string; over: Asked; expected: object }>([
    {
      name: 'the first who waits, where the budget has room',
      over: { candidates: [asks('n3'), asks('n1')] },
      expected: grantTo('n3'),
    },
    {
      name: 'who has room by a percentage of the whole pool',
      over: { rules: { maxUnavailable: '67%' }, permits: [{ node: 'n2' }] },
      expected: grantTo('n1'),
    },
    {
      name: 'nobody while another node is out of service, whoever took it out',
      over: { nodes: [...nodes('n1'), aNode({ name: 'n2', ready: false })] },
      expected: waits('1 of at most 1 out of service: n2 is NotReady'),
    },
    {
      name: 'nobody while another has a permit, though the cluster still shows it in service',
      over: { permits: [{ node: 'n2' }] },
      expected: waits('1 of at most 1 out of service: n2 has a permit'),
    },
    {
      name: 'not the second while the first has no room',
      over: { candidates: [asks('n1'), asks('n2')], permits: [{ node: 'n3' }] },
      expected: waits('1 of at most 1 out of service: n3 has a permit'),
    },
    {
      name: 'nobody where nobody waits',
      over: { candidates: [] },
      expected: waits('nobody waits'),
    },
    {
      name: 'the next after a node of which another rollout has a permit, whatever the budget is',
      over: {
        rules: { maxUnavailable: 2 },
        candidates: [asks('n1'), asks('n2')],
        permits: [{ node: 'n1' }],
      },
      expected: grantTo('n2'),
    },
    {
      name: 'nobody while another rollout of the only node has a permit',
      over: { rules: { maxUnavailable: 2 }, permits: [{ node: 'n1' }] },
      expected: waits('another rollout of n1 has a permit'),
    },
    {
      name: 'who finishes a node that a former rollout has left out',
      over: { nodes: [aNode({ name: 'n1', unschedulable: true, rollout: RECORD })] },
      expected: grantTo('n1'),
    },
  ])('$name', ({ over, expected }) => {
    expect(ask(over)).toEqual(expected);
  });
});

/** A node of which anything may be wrong. */
const anyNode = (name: string) =>
  fc
    .record({ ready: fc.boolean(), unschedulable: fc.boolean(), mid: fc.boolean(), bad: fc.nat(9) })
    .map(({ mid, bad, ...rest }) => ({
      ...(bad === 0 ? troubled(name) : aNode({ name })),
      ...rest,
      ...(mid ? { rollout: RECORD } : {}),
    }));

test('G1: after any grant no more than the budget are out of service, and somebody who waits has it', () => {
  const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
  const zone = fc.constantFrom(undefined, 'a', 'b');
  const question = fc.record({
    nodes: fc.tuple(...NAMES.map(anyNode)),
    candidates: fc
      .subarray(NAMES)
      .chain((names) => fc.tuple(...names.map((name) => zone.map((at) => asks(name, at))))),
    permits: fc.subarray(NAMES).map((names) => names.map((node) => ({ node }))),
    rules: fc.record({
      maxUnavailable: fc.oneof(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
      ),
      order: fc.constantFrom('fifo' as const, 'zone' as const),
      failureBudget: fc.integer({ min: 1, max: 3 }),
    }),
  });
  fc.assert(
    fc.property(question, (given) => {
      const admission = ask(given);
      if (admission.kind !== 'grant') {
        expect(admission.because).not.toBe('');
        return;
      }
      const chosen = given.candidates.find(({ workflowId }) => workflowId === admission.workflowId);
      const taken = new Set([chosen?.node, ...given.permits.map(({ node }) => node)]);
      const out = given.nodes.filter(
        ({ name, ready, unschedulable, rollout }) =>
          taken.has(name) || !ready || unschedulable || rollout !== undefined,
      );
      expect(chosen).toBeDefined();
      expect(out.length).toBeLessThanOrEqual(
        budgetOf(given.rules.maxUnavailable, given.nodes.length),
      );
    }),
    { numRuns: 500 },
  );
});

describe('pools that go first', () => {
  const done = aNode({ name: 'm1', report: report('not-required') });

  test.each<{ name: string; node: Partial<NodeFacts>; waited: boolean }>([
    { name: 'wants a reboot', node: { report: report('required') }, waited: true },
    {
      name: 'is in mid-rollout, though a person holds it',
      node: { report: report('not-required'), rollout: RECORD, hold: { reason: 'x' } },
      waited: true,
    },
    {
      name: 'was held until a time that is past',
      node: { hold: { reason: 'x', untilMs: NOW } },
      waited: true,
    },
    {
      name: 'was quarantined in an earlier boot',
      node: { bootId: 'boot-2', quarantine: QUARANTINE },
      waited: true,
    },
    { name: 'wants no reboot', node: { report: report('not-required') }, waited: false },
    {
      name: 'cannot tell whether it wants one',
      node: { report: report('unknown') },
      waited: false,
    },
    { name: 'is held by a person', node: { hold: { reason: 'x' } }, waited: false },
    {
      name: 'is held for a while yet',
      node: { hold: { reason: 'x', untilMs: NOW + 1 } },
      waited: false,
    },
    {
      name: 'is quarantined: another reboot would not help',
      node: { quarantine: QUARANTINE },
      waited: false,
    },
    {
      name: 'has a quarantine nobody can read',
      node: { quarantine: { ok: false, because: 'it is not JSON' } },
      waited: false,
    },
  ])('are waited for while a node of theirs $name: $waited', ({ node, waited }) => {
    const before = [{ pool: 'masters', nodes: [done, aNode({ name: 'm2', ...node })] }];
    expect(ask({ before })).toEqual(
      waited ? waits('pool masters goes first, and is not done: m2') : grantTo('n1'),
    );
  });

  test('G8: each is named with its nodes, many of them in part', () => {
    const many = nodes('m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7');
    const before = [
      { pool: 'masters', nodes: many },
      { pool: 'gpu', nodes: nodes('g1') },
    ];
    expect(ask({ before })).toEqual(
      waits(
        'pool masters goes first, and is not done: m1, m2, m3, m4, m5 and 2 more; pool gpu goes first, and is not done: g1',
      ),
    );
  });
});

describe('a pause between two nodes', () => {
  const rules = { pauseBetweenMs: 10 * MINUTE };
  const lastReturn = { atMs: NOW - 7 * MINUTE };
  const untilMs = NOW + 3 * MINUTE;

  test.each<{ name: string; over: Asked; expected: object }>([
    {
      name: 'G8: holds the pool back, and says until when',
      over: { rules, lastReturn },
      expected: {
        kind: 'wait',
        because: 'the pool pauses between two nodes until 2026-11-23T22:03:00.000Z',
        againAtMs: untilMs,
      },
    },
    {
      name: 'ends when it is over',
      over: { rules, lastReturn, nowMs: untilMs },
      expected: grantTo('n1'),
    },
    { name: 'is none before the first node', over: { rules }, expected: grantTo('n1') },
    {
      name: 'is none where the policy has none',
      over: { lastReturn: { atMs: NOW } },
      expected: grantTo('n1'),
    },
  ])('$name', ({ over, expected }) => {
    expect(ask(over)).toEqual(expected);
  });
});

describe('G5: a pool with troubled nodes', () => {
  test('is halted, and says for which nodes and why', () => {
    expect(ask({ nodes: withTroubled('n4') })).toEqual({
      kind: 'halted',
      because: `${HALTED}n4: no answer`,
    });
  });

  test.each<{ budget: number; names: string[]; kind: string }>([
    { budget: 1, names: [], kind: 'grant' },
    { budget: 1, names: ['n4'], kind: 'halted' },
    { budget: 2, names: ['n4'], kind: 'grant' },
    { budget: 2, names: ['n3', 'n4'], kind: 'halted' },
    { budget: 2, names: ['n2', 'n3', 'n4'], kind: 'halted' },
  ])('with a failure budget of $budget and $names: $kind', ({ budget, names, kind }) => {
    const given = { rules: { failureBudget: budget }, nodes: withTroubled(...names) };
    expect(ask(given).kind).toBe(kind);
  });

  test.each<{ name: string; over: Asked; expected: object }>([
    {
      name: 'lets only the troubled node try again, whoever else was there before',
      over: {},
      expected: grantTo('n2'),
    },
    {
      name: 'has room for it as for any other',
      over: { permits: [{ node: 'n3' }] },
      expected: waits('1 of at most 1 out of service: n3 has a permit'),
    },
    {
      name: 'keeps it to the order of zones',
      over: {
        rules: { order: 'zone', maxUnavailable: 2 },
        candidates: [asks('n1', 'b'), asks('n2', 'a')],
        permits: [{ node: 'n4', zone: 'b' }],
      },
      expected: waits('zone b is not done: n4'),
    },
  ])('$name', ({ over, expected }) => {
    const candidates = [asks('n1'), asks('n2')];
    expect(ask({ nodes: withTroubled('n2'), candidates, ...over })).toEqual(expected);
  });
});

/** n4, in mid-rollout. */
const inZone = (zone?: string) =>
  aNode({ name: 'n4', rollout: RECORD, ...(zone === undefined ? {} : { zone }) });

describe('order: zone', () => {
  const candidates = [asks('n1', 'a'), asks('n2', 'b'), asks('n3', 'a')];

  test.each<{ name: string; over: Asked; expected: object }>([
    { name: 'begins with whoever is first', over: {}, expected: grantTo('n1') },
    {
      name: 'keeps to the zone of who has a permit, before others that asked sooner',
      over: { permits: [{ node: 'n4', zone: 'b' }] },
      expected: grantTo('n2'),
    },
    {
      name: 'keeps to the zone of who is in mid-rollout',
      over: { nodes: [...nodes('n1', 'n2', 'n3'), inZone('b')] },
      expected: grantTo('n2'),
    },
    {
      name: 'lets nobody of another zone go while one of this is out',
      over: { candidates: [asks('n2', 'b')], nodes: [...nodes('n2'), inZone('a')] },
      expected: waits('zone a is not done: n4'),
    },
    {
      name: 'stays in the zone of the last that came back',
      over: { lastReturn: { atMs: NOW, zone: 'b' } },
      expected: grantTo('n2'),
    },
    {
      name: 'goes on to the zone of the first when the last zone has nobody left',
      over: { lastReturn: { atMs: NOW, zone: 'c' } },
      expected: grantTo('n1'),
    },
    {
      name: 'takes nodes without a zone for a zone of their own',
      over: { candidates: [asks('n1', 'a'), asks('n2')], permits: [{ node: 'n4' }] },
      expected: grantTo('n2'),
    },
    {
      name: 'says so of nodes without a zone too',
      over: { candidates: [asks('n1', 'a')], nodes: [...nodes('n1'), inZone()] },
      expected: waits('zone unknown is not done: n4'),
    },
    {
      name: 'is of no account with order: fifo',
      over: { rules: { order: 'fifo', maxUnavailable: 2 }, permits: [{ node: 'n4', zone: 'b' }] },
      expected: grantTo('n1'),
    },
  ])('$name', ({ over, expected }) => {
    expect(
      ask({ candidates, ...over, rules: { order: 'zone', maxUnavailable: 2, ...over.rules } }),
    ).toEqual(expected);
  });
});

test('what holds a pool back is said in the order in which it ends by itself', () => {
  const all = {
    rules: { pauseBetweenMs: MINUTE },
    nodes: withTroubled('n4'),
    lastReturn: { atMs: NOW },
  };
  const before = [{ pool: 'masters', nodes: nodes('m1') }];
  expect(ask({ ...all, before })).toMatchObject({
    because: expect.stringMatching(/^pool masters/),
  });
  expect(ask(all)).toMatchObject({ because: expect.stringMatching(/^the pool pauses/) });
});
