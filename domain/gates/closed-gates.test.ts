import { describe, expect, test } from '@jest/globals';
import { aNode, read } from '../a-node.fixture.ts';
import { closedGates } from './closed-gates.ts';
import type { GateFacts } from './gate.ts';
import { GATES, SKIPPABLE, sameGates, sayGate } from './names.ts';
import { nothingToDo } from './node-gates.ts';
import type { NodeFacts } from '../node-facts.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;
const US = 'node-rollout/n1';
const NO_WINDOW = { kind: 'closed', because: 'its pool has no window' } as const;

const report = (over: Partial<NonNullable<NodeFacts['report']>> = {}) => ({
  report: { wants: 'required', message: 'linux-image', heardAtMs: NOW - MINUTE, ...over } as const,
});

function facts(node: Partial<NodeFacts> = {}, over: Partial<GateFacts> = {}): GateFacts {
  return {
    moment: 'waiting',
    node: aNode({ ...report(), ...node }),
    workflowId: US,
    ownerRunning: true,
    window: { kind: 'open' },
    outside: {},
    rest: { pauseMs: 10 * MINUTE, longestPauseMs: 60 * MINUTE, rebootsPerDay: 3 },
    awayTaints: ['going/*'],
    evenIfNotRequired: false,
    nowMs: NOW,
    ...over,
  };
}

const record = (workflowId: string) =>
  read({ workflowId, runId: 'run', cordonedByUs: true, bootIdBefore: 'boot-1', phase: 'draining' });

const FAILED = { reboots: [], failed: { count: 1, lastAtMs: NOW - MINUTE, because: 'no answer' } };

const quarantine = (bootId: string) =>
  read({ bootId, because: 'its sentinel survived the reboot', atMs: NOW });

test('a healthy node that wants a reboot passes every gate', () => {
  expect(closedGates(facts(), [])).toEqual([]);
});

/** Accepted in the boot that is running, and in no rollout's record. */
function orphanedOrder(expiresAtMs: number): Partial<NodeFacts> {
  const order = { bootId: 'boot-1', rollout: 'by-hand/run' };
  return {
    order: { ok: true, value: { ...order, expiresAtMs } },
    answer: { ok: true, value: { ...order, verdict: 'accepted', because: '', atMs: 1 } },
  };
}

test('G8: a rest after a rollout that ended early is told until it is over', () => {
  const restAfter = { untilMs: NOW + MINUTE, because: 'it was aborted by ann' };
  const gates = (nowMs: number) => closedGates(facts({}, { restAfter, nowMs }), []);
  expect(gates(NOW)).toEqual([{ gate: 'rest', because: 'it was aborted by ann' }]);
  expect(gates(NOW + MINUTE)).toEqual([]);
});

describe('G8: a closed gate says why:', () => {
  test.each<[name: string, node: Partial<NodeFacts>, expected: string]>([
    ['nothing asks', report({ wants: 'not-required' }), 'required: no reboot is required'],
    [
      'the clock of its host is hours ahead',
      report({ heardAtMs: NOW + 360 * MINUTE }),
      "agent: the agent's report is dated 2026-11-24T04:00:00.000Z, which is ahead: the clock of its host is wrong, or that of the worker",
    ],
    [
      'the check failed, which is never "required"',
      report({ wants: 'unknown', message: 'exit status 2' }),
      'required: the agent cannot tell whether a reboot is required: exit status 2',
    ],
    [
      'the agent was last heard too long ago',
      report({ heardAtMs: NOW - 15 * MINUTE - 1 }),
      'agent: the agent has been silent since 2026-11-23T21:44:59.999Z',
    ],
    [
      'somebody holds the node without end',
      { hold: { reason: 'new disk' } },
      'hold: held: new disk',
    ],
    [
      'somebody holds the node for a while',
      { hold: { reason: 'year end', untilMs: NOW + 1 } },
      'hold: held until 2026-11-23T22:00:00.001Z: year end',
    ],
    [
      'another rollout that runs has the node',
      { rollout: record('by-hand') },
      'owner: another rollout has the node: by-hand',
    ],
    [
      'the agent has not been heard in the boot that is running',
      { attempts: { reboots: [NOW - MINUTE / 2] } },
      'agent: the agent has not reported since the reboot of 2026-11-23T21:59:30.000Z',
    ],
    [
      'the agent has accepted an order whose record somebody has taken away',
      orphanedOrder(NOW + MINUTE),
      'owner: its agent has accepted an order of by-hand/run, which holds until 2026-11-23T22:02:00.000Z',
    ],
    [
      'nobody can say who has the node',
      { rollout: { ok: false, because: 'it is not JSON' } },
      'owner: the rollout annotation cannot be read: it is not JSON',
    ],
    [
      'this boot has come of a reboot that did not help',
      { quarantine: quarantine('boot-1') },
      'quarantine: its sentinel survived the reboot',
    ],
    [
      'a try has just failed, and the next comes after a pause',
      { attempts: FAILED },
      'rest: tried once without a reboot, next try after 2026-11-23T22:09:00.000Z; last: no answer',
    ],
    ['the node is being deleted', { deleting: true }, 'node: the node is being deleted'],
    [
      'others take the node away',
      { taints: [{ key: 'going/soon', value: '1', effect: 'NoSchedule' }] },
      'node: the node bears the taint going/soon:NoSchedule: it is being taken away, or is down',
    ],
    [
      'the node has no boot id to tell a reboot by',
      { bootId: '' },
      'node: the node reports no boot id, so a reboot could not be proved',
    ],
  ])('%s', (_, node, expected) => {
    expect(closedGates(facts(node), []).map(sayGate)).toEqual([expected]);
  });

  test('every closed gate, not just the first', () => {
    const given = facts({ hold: { reason: 'x' }, deleting: true }, { window: NO_WINDOW });
    const reasons = [
      'hold: held: x',
      'window: its pool has no window',
      'node: the node is being deleted',
    ];
    expect(closedGates(given, []).map(sayGate)).toEqual(reasons);
  });

  test('no agent has ever reported', () => {
    const { report: _, ...silent } = aNode();
    expect(closedGates({ ...facts(), node: silent }, []).map(({ gate }) => gate)).toEqual([
      'required',
      'agent',
    ]);
  });
});

describe('a gate stays open', () => {
  test.each<[name: string, node: Partial<NodeFacts>, over?: Partial<GateFacts>]>([
    ['heard since the reboot', { attempts: { reboots: [NOW - 2 * MINUTE] } }],
    ['an accepted order nobody stands for has expired', orphanedOrder(NOW - 2 * MINUTE)],
    [
      'a reboot is wanted by a person, whatever the agent says',
      report({ wants: 'not-required' }),
      { evenIfNotRequired: true },
    ],
    ['the last moment the agent counts as heard', report({ heardAtMs: NOW - 15 * MINUTE })],
    ['the moment a hold ends', { hold: { reason: 'x', untilMs: NOW } }],
    ['the record on the node is our own', { rollout: record(US) }],
    ['who has the node runs no more', { rollout: record('by-hand') }, { ownerRunning: false }],
    ['a cordon of somebody else, which is remembered and not waited for', { unschedulable: true }],
  ])('%s', (_, node, over = {}) => {
    expect(closedGates(facts(node, over), [])).toEqual([]);
  });
});

const ALL_CLOSED = facts(
  {
    ...report({ wants: 'not-required', heardAtMs: 0 }),
    hold: { reason: 'x' },
    rollout: record('by-hand'),
    quarantine: quarantine('boot-1'),
    attempts: { reboots: [], failed: { count: 1, lastAtMs: NOW, because: 'the drain timed out' } },
    deleting: true,
  },
  {
    window: NO_WINDOW,
    noPool: 'its labels match the selector of no pool',
    outside: { alerts: 'X firing', blockingPods: 'x', budgets: 'x', jobs: 'x', kuredLock: 'x' },
  },
);

test('skipping leaves out the named gates and no others', () => {
  const all = ALL_CLOSED;
  expect(closedGates(all, []).map(({ gate }) => gate)).toEqual([...GATES]);
  for (const skipped of SKIPPABLE) {
    expect(closedGates(all, [skipped]).map(({ gate }) => gate)).toEqual(
      GATES.filter((gate) => gate !== skipped),
    );
  }
  expect(closedGates(all, ['no such gate'])).toHaveLength(GATES.length);
  expect(closedGates(all, GATES).map(({ gate }) => gate)).toEqual(['pool', 'node']);
});

test.each<{ moment: GateFacts['moment']; left: readonly string[]; why: string }>([
  { moment: 'waiting', left: GATES, why: 'every gate is judged' },
  { moment: 'cordon', left: GATES, why: 'every gate is judged once more' },
  {
    moment: 'drain',
    left: ['hold', 'window', 'node'],
    why: 'only a hold, the window and whoever takes the node away end a drain',
  },
  {
    moment: 'order',
    left: GATES.filter((gate) => gate !== 'pool'),
    why: 'a node that is out of service needs no pool any more',
  },
])('at the $moment $why', ({ moment, left }) => {
  const outside = moment === 'drain' ? {} : ALL_CLOSED.outside;
  expect(closedGates({ ...ALL_CLOSED, moment, outside }, []).map(({ gate }) => gate)).toEqual(left);
});

describe('nothingToDo', () => {
  test('is not said when a person skips the need', () => {
    expect(nothingToDo(facts(report({ wants: 'not-required' })), ['required'])).toBeUndefined();
  });

  test.each<{ name: string; given: GateFacts; expected: string | undefined }>([
    {
      name: "gives the agent's fresh word that no reboot is required",
      given: facts(report({ wants: 'not-required', message: 'no sentinel' })),
      expected: 'no sentinel',
    },
    {
      name: 'has a word of its own where the agent has none',
      given: facts(report({ wants: 'not-required', message: '' })),
      expected: 'no reboot is required',
    },
    {
      name: 'does not believe an agent that is silent',
      given: facts(report({ wants: 'not-required', heardAtMs: 0 })),
      expected: undefined,
    },
    {
      name: 'is not said of a check that failed',
      given: facts(report({ wants: 'unknown' })),
      expected: undefined,
    },
    { name: 'is not said of a node that wants a reboot', given: facts(), expected: undefined },
    {
      name: 'is not said when a person wants the reboot all the same',
      given: facts(report({ wants: 'not-required' }), { evenIfNotRequired: true }),
      expected: undefined,
    },
    {
      name: 'is not said where a record cannot be read: a person has to look at it',
      given: facts({
        ...report({ wants: 'not-required' }),
        rollout: { ok: false, because: 'it is not JSON' },
      }),
      expected: undefined,
    },
  ])('$name', ({ given, expected }) => {
    expect(nothingToDo(given, [])).toBe(expected);
  });
});

describe('sameGates', () => {
  const hold = { gate: 'hold', because: 'held: x' } as const;
  const agent = { gate: 'agent', because: 'silent' } as const;
  test.each([
    ['none and none are the same', [], [], true],
    ['one and none differ', [hold], [], false],
    ['the same gate for another reason differs', [hold], [{ ...hold, because: 'held: y' }], false],
    ['a gate more differs', [hold], [hold, agent], false],
    ['the same words are the same', [hold, agent], [{ ...hold }, { ...agent }], true],
  ])('%s', (_, one, other, expected) => {
    expect(sameGates(one, other)).toBe(expected);
  });
});
