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

describe('G8: a closed gate says why:', () => {
  test.each<{ name: string; given: GateFacts; expected: string[] }>([
    {
      name: 'nothing asks for a reboot',
      given: facts(report({ wants: 'not-required' })),
      expected: ['required: no reboot is required'],
    },
    {
      name: 'the check failed, which is never "required"',
      given: facts(report({ wants: 'unknown', message: 'exit status 2' })),
      expected: ['required: the agent cannot tell whether a reboot is required: exit status 2'],
    },
    {
      name: 'the agent was last heard too long ago',
      given: facts(report({ heardAtMs: NOW - 15 * MINUTE - 1 })),
      expected: ['agent: the agent has been silent since 2026-11-23T21:44:59.999Z'],
    },
    {
      name: 'somebody holds the node without end',
      given: facts({ hold: { reason: 'disk is being replaced' } }),
      expected: ['hold: held: disk is being replaced'],
    },
    {
      name: 'somebody holds the node for a while',
      given: facts({ hold: { reason: 'year end', untilMs: NOW + 1 } }),
      expected: ['hold: held until 2026-11-23T22:00:00.001Z: year end'],
    },
    {
      name: 'the window is not open',
      given: facts({}, { window: NO_WINDOW }),
      expected: ['window: its pool has no window'],
    },
    {
      name: 'another rollout that runs has the node',
      given: facts({ rollout: record('by-hand') }),
      expected: ['owner: another rollout has the node: by-hand'],
    },
    {
      name: 'the agent has not been heard in the boot that is running',
      given: facts({ attempts: { reboots: [NOW - MINUTE / 2] } }),
      expected: ['agent: the agent has not reported since the reboot of 2026-11-23T21:59:30.000Z'],
    },
    {
      name: 'the agent has accepted an order whose record somebody has taken away',
      given: facts(orphanedOrder(NOW + MINUTE)),
      expected: [
        'owner: its agent has accepted an order of by-hand/run, which holds until 2026-11-23T22:02:00.000Z',
      ],
    },
    {
      name: 'nobody can say who has the node',
      given: facts({ rollout: { ok: false, because: 'it is not JSON' } }),
      expected: ['owner: the rollout annotation cannot be read: it is not JSON'],
    },
    {
      name: 'this boot has come of a reboot that did not help',
      given: facts({ quarantine: quarantine('boot-1') }),
      expected: ['quarantine: its sentinel survived the reboot'],
    },
    {
      name: 'a try has just failed, and the next comes after a pause',
      given: facts({ attempts: FAILED }),
      expected: [
        'rest: tried once without a reboot, next try after 2026-11-23T22:09:00.000Z; last: no answer',
      ],
    },
    {
      name: 'the node is being deleted',
      given: facts({ deleting: true }),
      expected: ['node: the node is being deleted'],
    },
    {
      name: 'the node has no boot id to tell a reboot by',
      given: facts({ bootId: '' }),
      expected: ['node: the node reports no boot id, so a reboot could not be proved'],
    },
    {
      name: 'every closed gate, not just the first',
      given: facts({ hold: { reason: 'x' }, deleting: true }, { window: NO_WINDOW }),
      expected: [
        'hold: held: x',
        'window: its pool has no window',
        'node: the node is being deleted',
      ],
    },
  ])('$name', ({ given, expected }) => {
    expect(closedGates(given, []).map(sayGate)).toEqual(expected);
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
  test.each<{ name: string; given: GateFacts }>([
    {
      name: 'when the agent has been heard since the reboot',
      given: facts({ attempts: { reboots: [NOW - 2 * MINUTE] } }),
    },
    {
      name: 'when an accepted order nobody stands for has expired',
      given: facts(orphanedOrder(NOW - 2 * MINUTE)),
    },
    {
      name: 'when a reboot is wanted by a person, whatever the agent says',
      given: facts(report({ wants: 'not-required' }), { evenIfNotRequired: true }),
    },
    {
      name: 'up to the last moment the agent counts as heard',
      given: facts(report({ heardAtMs: NOW - 15 * MINUTE })),
    },
    { name: 'from the moment a hold ends', given: facts({ hold: { reason: 'x', untilMs: NOW } }) },
    { name: 'when the record on the node is our own', given: facts({ rollout: record(US) }) },
    {
      name: 'when the rollout that has the node runs no more',
      given: facts({ rollout: record('by-hand') }, { ownerRunning: false }),
    },
    {
      name: 'when somebody else has cordoned the node: that is remembered, not waited for',
      given: facts({ unschedulable: true }),
    },
  ])('$name', ({ given }) => {
    expect(closedGates(given, [])).toEqual([]);
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
    outside: { alerts: 'X firing', blockingPods: 'x', jobs: 'x', kuredLock: 'x' },
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
  { moment: 'drain', left: ['hold', 'window'], why: 'only a hold and the window end a drain' },
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
