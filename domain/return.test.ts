import { describe, expect, test } from '@jest/globals';
import { aNode, read } from './a-node.fixture.ts';
import { IN_TIME } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';
import { firstHeardMs, heardInBoot, judgeReception, notBackYet, whyLost } from './return.ts';

const ORDER = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: 60_000 };
const ANSWER = {
  bootId: ORDER.bootId,
  rollout: ORDER.rollout,
  verdict: 'accepted',
  because: IN_TIME,
  atMs: 5_000,
} as const;

const answered = (over: object = {}): Partial<NodeFacts> => ({
  answer: read({ ...ANSWER, ...over }),
});
const WAITING = { kind: 'waiting' };
const TIMES = { orderExpires: 59_000, returnWithin: 60_000 };

describe('an order is', () => {
  test.each<[name: string, node: Partial<NodeFacts>, expected: object, nowMs?: number]>([
    [
      'waiting while the agent has said nothing',
      {},
      { ...WAITING, because: 'the agent has not answered the order yet' },
    ],
    ['accepted at the time the agent says', answered(), { kind: 'accepted', atMs: 5_000 }],
    [
      'accepted before it expires, whatever the agent says',
      answered({ atMs: Date.parse('9999-01-01') }),
      { kind: 'accepted', atMs: 60_000 },
    ],
    [
      'accepted after it was written, whatever the agent says',
      answered({ atMs: Date.parse('1970-01-01') }),
      { kind: 'accepted', atMs: 1_000 },
    ],
    [
      "refused in the agent's own words",
      answered({ verdict: 'refused', because: 'it expired' }),
      { kind: 'refused', because: 'it expired' },
    ],
    [
      'accepted when the boot id has changed, whatever stands on the node',
      { bootId: 'boot-2', ...answered({ verdict: 'refused' }) },
      { kind: 'accepted', atMs: 10_000 },
    ],
    ['not accepted by a node that merely reports no boot id', { bootId: '' }, WAITING],
    ['G4: not accepted by the answer to another run', answered({ rollout: 'x/run-0' }), WAITING],
    ['G4: not accepted by the answer of an earlier boot', answered({ bootId: 'boot-0' }), WAITING],
    ['not accepted by what cannot be read', { answer: { ok: false, because: 'x' } }, WAITING],
    ['waiting until its expiry and a margin for clocks have passed', {}, WAITING, 75_000],
    [
      'unanswered after that',
      {},
      { kind: 'silent', because: 'the agent did not answer before the order expired' },
      75_001,
    ],
    ['accepted however late that is seen', answered(), { kind: 'accepted', atMs: 5_000 }, 900_000],
  ])('%s', (_, node, expected, nowMs = 10_000) => {
    expect(judgeReception(aNode(node), ORDER, { orderedAtMs: 1_000, nowMs })).toMatchObject(
      expected,
    );
  });
});

describe('G3: a node is not back', () => {
  const proof = { bootIdBefore: 'boot-1', orderedAtMs: 10_000 };
  const back = { bootId: 'boot-2', ready: true, heartbeatAtMs: 10_001 };
  const SAME_BOOT = 'its boot id has not changed';
  const UNCONFIRMED = 'its kubelet has not confirmed Ready since';
  test.each<[name: string, node: Partial<NodeFacts>, because: string]>([
    ['with the boot id it had, however Ready it is', { bootId: 'boot-1' }, SAME_BOOT],
    [
      'with the boot id it had, and its agent says why',
      { bootId: 'boot-1', ...answered({ because: 'the bus is full' }) },
      `${SAME_BOOT}; its agent: the bus is full`,
    ],
    ['and its agent has nothing to add', { bootId: 'boot-1', ...answered() }, SAME_BOOT],
    ['without a boot id, which is not another one', { bootId: '' }, 'it reports no boot id'],
    [
      'while it is NotReady, and since when',
      { ready: false, readySinceMs: Date.parse('2026-11-23T01:28:57Z') },
      'not Ready since 2026-11-23T01:28:57.000Z, it has a new boot id',
    ],
    [
      'while it is dead, which is told before its boot id',
      { ready: false, readySinceMs: Date.parse('2026-11-23T01:28:57Z'), bootId: 'boot-1' },
      `not Ready since 2026-11-23T01:28:57.000Z, ${SAME_BOOT}`,
    ],
    [
      'while nothing is known of it',
      { ready: false, readySinceMs: 0, bootId: '' },
      'not Ready, it reports no boot id',
    ],
    ['by a Ready that is older than the order', { heartbeatAtMs: 10_000 }, UNCONFIRMED],
    ['by a Ready that was never confirmed', { heartbeatAtMs: 0 }, UNCONFIRMED],
  ])('%s', (_, node, because) => {
    expect(notBackYet(aNode({ ...back, ...node }), proof)).toBe(because);
  });

  test('as long as nobody has seen it', () => {
    expect(notBackYet(undefined, proof)).toBe('its Node object has not been seen yet');
  });

  test('until everything holds at once', () => {
    expect(notBackYet(aNode(back), proof)).toBeUndefined();
  });
});

const heard = (heardAtMs: number) =>
  heardInBoot(aNode({ report: { wants: 'required', message: '', heardAtMs } }), 10_000);

test('the agent counts as heard by a report as new as the first word of its kubelet', () => {
  expect([heard(9_999), heard(10_000)]).toEqual([false, true]);
  const { report: _, ...silent } = aNode();
  expect(heardInBoot(silent, 0)).toBe(false);
});

describe('G5: a node that a rollout has out of service is', () => {
  const record = {
    workflowId: 'node-rollout/n1',
    runId: 'run-1',
    cordonedByUs: true,
    bootIdBefore: 'boot-1',
    phase: 'rebooting',
  };
  const accepted = { order: read(ORDER), answer: read(ANSWER) };
  const LATE = 5_000 + 60_001;

  test.each<{ name: string; node: Partial<NodeFacts>; nowMs?: number; expected?: unknown }>([
    { name: 'not lost while it is drained', node: {} },
    {
      name: 'lost when its reboot takes longer than it may',
      node: accepted,
      expected: 'its boot id has not changed',
    },
    { name: 'not lost as long as it is in time', node: accepted, nowMs: LATE - 1 },
    {
      name: 'not lost by a slow clock: what it says is dated before the order',
      node: { ...accepted, answer: read({ ...ANSWER, atMs: 0 }) },
      nowMs: 61_000,
    },
    {
      name: 'not lost by an order it has refused',
      node: { ...accepted, answer: read({ ...ANSWER, verdict: 'refused' }) },
    },
    {
      name: "not lost by another run's order",
      node: { ...accepted, order: read({ ...ORDER, rollout: 'x' }) },
    },
    {
      name: 'lost when it has booted and does not become Ready in time',
      node: { ...accepted, bootId: 'boot-2', ready: false, readySinceMs: LATE },
      expected: expect.stringMatching(/^not Ready since .*, it has a new boot id$/),
    },
    {
      name: 'lost when it has booted by itself and does not become Ready in time',
      node: { bootId: 'boot-2', ready: false, readySinceMs: 5_000 },
      expected: expect.stringMatching(/^not Ready since .*, it has a new boot id$/),
    },
    {
      name: 'not lost when it has booted by itself a moment ago',
      node: { bootId: 'boot-2', ready: false, readySinceMs: 5_001 },
    },
    { name: 'not lost when it is back', node: { ...accepted, bootId: 'boot-2' } },
  ])('$name', ({ node, nowMs = LATE, expected }) => {
    const lost = expected === undefined ? undefined : { because: expected, sinceMs: 65_000 };
    expect(whyLost(aNode(node), record, { reboot: TIMES, nowMs })).toEqual(lost);
  });
});

test.each<[name: string, node: Partial<NodeFacts>, acceptedAtMs: number | undefined, ms: number]>([
  ['when Ready was gained, however often it was confirmed since', {}, 10_000, 20_000],
  ['by its latest word where Ready was never lost', { readySinceMs: 9_000 }, 10_000, 90_000],
  ['by its latest word while others may have said NotReady', { ready: false }, 10_000, 90_000],
  ['by its latest word where nobody knows of an accepted reboot', {}, undefined, 90_000],
])('a kubelet was first heard in its boot %s', (_, node, acceptedAtMs, expected) => {
  const seen = { ready: true, readySinceMs: 20_000, heartbeatAtMs: 90_000, ...node };
  expect(firstHeardMs(aNode(seen), acceptedAtMs)).toBe(expected);
});
