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

describe('an order is', () => {
  test.each<{ name: string; node: Partial<NodeFacts>; nowMs?: number; expected: object }>([
    {
      name: 'waiting while the agent has said nothing',
      node: {},
      expected: { kind: 'waiting', because: 'the agent has not answered the order yet' },
    },
    {
      name: 'accepted as soon as the agent says so, at the time it says',
      node: { answer: read(ANSWER) },
      expected: { kind: 'accepted', atMs: 5_000 },
    },
    {
      name: "refused in the agent's own words",
      node: { answer: read({ ...ANSWER, verdict: 'refused', because: 'it expired' }) },
      expected: { kind: 'refused', because: 'it expired' },
    },
    {
      name: 'accepted when the boot id has changed, whatever stands on the node',
      node: { bootId: 'boot-2', answer: read({ ...ANSWER, verdict: 'refused' }) },
      expected: { kind: 'accepted', atMs: 10_000 },
    },
    {
      name: 'not accepted by a node that merely reports no boot id',
      node: { bootId: '' },
      expected: { kind: 'waiting' },
    },
    {
      name: 'G4: not accepted by the answer to another run',
      node: { answer: read({ ...ANSWER, rollout: 'node-rollout/n1/run-0' }) },
      expected: { kind: 'waiting' },
    },
    {
      name: 'G4: not accepted by the answer of an earlier boot',
      node: { answer: read({ ...ANSWER, bootId: 'boot-0' }) },
      expected: { kind: 'waiting' },
    },
    {
      name: 'not accepted by an answer that cannot be read',
      node: { answer: { ok: false, because: 'it is not JSON' } },
      expected: { kind: 'waiting' },
    },
    {
      name: 'waiting until its expiry and a margin for clocks have passed',
      node: {},
      nowMs: 75_000,
      expected: { kind: 'waiting' },
    },
    {
      name: 'unanswered after that',
      node: {},
      nowMs: 75_001,
      expected: { kind: 'silent', because: 'the agent did not answer before the order expired' },
    },
    {
      name: 'accepted however late the acceptance is seen',
      node: { answer: read(ANSWER) },
      nowMs: 900_000,
      expected: { kind: 'accepted', atMs: 5_000 },
    },
  ])('$name', ({ node, nowMs = 10_000, expected }) => {
    expect(judgeReception(aNode(node), ORDER, nowMs)).toMatchObject(expected);
  });
});

describe('G3: a node is not back', () => {
  const proof = { bootIdBefore: 'boot-1', orderedAtMs: 10_000 };
  const back = { bootId: 'boot-2', ready: true, heartbeatAtMs: 10_001 };
  test.each<{ name: string; node: Partial<NodeFacts>; because: string | undefined }>([
    {
      name: 'with the boot id it had, however Ready it is',
      node: { ...back, bootId: 'boot-1' },
      because: 'its boot id has not changed',
    },
    {
      name: 'with the boot id it had, and its agent says why',
      node: { ...back, bootId: 'boot-1', answer: read({ ...ANSWER, because: 'the bus is full' }) },
      because: 'its boot id has not changed; its agent: the bus is full',
    },
    {
      name: 'with the boot id it had, and its agent has nothing to add',
      node: { ...back, bootId: 'boot-1', answer: read({ ...ANSWER, because: IN_TIME }) },
      because: 'its boot id has not changed',
    },
    {
      name: 'without a boot id, which is not another one',
      node: { ...back, bootId: '' },
      because: 'it reports no boot id',
    },
    {
      name: 'while it is NotReady',
      node: { ...back, ready: false },
      because: 'it has a new boot id but is not Ready',
    },
    {
      name: 'by a Ready that is older than the order',
      node: { ...back, heartbeatAtMs: 10_000 },
      because: 'its kubelet has not confirmed Ready since',
    },
    {
      name: 'by a Ready that was never confirmed',
      node: { ...back, heartbeatAtMs: 0 },
      because: 'its kubelet has not confirmed Ready since',
    },
  ])('$name', ({ node, because }) => {
    expect(notBackYet(aNode(node), proof)).toBe(because);
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

describe('the agent counts as heard in the new boot', () => {
  test('when its report is as new as the first confirmation of its kubelet', () =>
    expect(heard(10_000)).toBe(true));
  test('but not when its report is from before', () => expect(heard(9_999)).toBe(false));
  test('but not when there is none', () => {
    const { report: _, ...silent } = aNode();
    expect(heardInBoot(silent, 0)).toBe(false);
  });
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

  test.each<{ name: string; node: Partial<NodeFacts>; nowMs?: number; expected?: string }>([
    { name: 'not lost while it is drained', node: {} },
    {
      name: 'lost when its reboot takes longer than it may',
      node: accepted,
      expected: 'its boot id has not changed',
    },
    { name: 'not lost as long as it is in time', node: accepted, nowMs: LATE - 1 },
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
      expected: 'it has a new boot id but is not Ready',
    },
    {
      name: 'lost when it has booted by itself and does not become Ready in time',
      node: { bootId: 'boot-2', ready: false, readySinceMs: 5_000 },
      expected: 'it has a new boot id but is not Ready',
    },
    {
      name: 'not lost when it has booted by itself a moment ago',
      node: { bootId: 'boot-2', ready: false, readySinceMs: 5_001 },
    },
    { name: 'not lost when it is back', node: { ...accepted, bootId: 'boot-2' } },
  ])('$name', ({ node, nowMs = LATE, expected }) => {
    const lost = expected && { because: expected, sinceMs: 65_000 };
    expect(whyLost(aNode(node), record, { returnWithin: 60_000, nowMs })).toEqual(lost);
  });
});

test.each<{ name: string; node: Partial<NodeFacts>; acceptedAtMs?: number; expected: number }>([
  {
    name: 'when Ready was gained, however often it was confirmed since',
    node: { ready: true, readySinceMs: 20_000, heartbeatAtMs: 90_000 },
    acceptedAtMs: 10_000,
    expected: 20_000,
  },
  {
    name: 'by its latest word where Ready was never lost',
    node: { ready: true, readySinceMs: 9_000, heartbeatAtMs: 90_000 },
    acceptedAtMs: 10_000,
    expected: 90_000,
  },
  {
    name: 'by its latest word while it is not Ready, which others may have said of it',
    node: { ready: false, readySinceMs: 20_000, heartbeatAtMs: 90_000 },
    acceptedAtMs: 10_000,
    expected: 90_000,
  },
  {
    name: 'by its latest word where nobody knows when the reboot was accepted',
    node: { ready: true, readySinceMs: 20_000, heartbeatAtMs: 90_000 },
    expected: 90_000,
  },
])('a kubelet was first heard in its boot $name', ({ node, acceptedAtMs, expected }) => {
  expect(firstHeardMs(aNode(node), acceptedAtMs)).toBe(expected);
});
