import { describe, expect, test } from '@jest/globals';
import { aNode, read } from './a-node.fixture.ts';
import { IN_TIME } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';
import { REBOOT_DEFAULTS } from './policy.ts';
import { sayHalted, troubleOf, troublesOf, type Trouble } from './trouble.ts';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;
const judged = { reboot: REBOOT_DEFAULTS, nowMs: NOW };

const fine = { wants: 'not-required', message: '', heardAtMs: NOW } as const;
const RECORD = read({
  workflowId: 'node-rollout/n1',
  runId: 'run-1',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'rebooting',
});
/** In mid-rollout, its agent having accepted the reboot so long ago. */
function acceptedAgo(ms: number): Partial<NodeFacts> {
  const atMs = NOW - ms;
  const order = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: atMs + MINUTE };
  const answer = { ...order, verdict: 'accepted', because: IN_TIME, atMs } as const;
  return { rollout: RECORD, order: read(order), answer: read(answer) };
}
const QUARANTINE = read({ bootId: 'boot-1', because: 'its sentinel survived', atMs: NOW });
const attempts = { reboots: [], trouble: { because: 'budget web', atMs: NOW } };
const FAILED = { node: 'n1', because: 'budget web', sinceMs: NOW };
const SURVIVED = { node: 'n1', because: 'its sentinel survived', sinceMs: NOW };
const LOST = {
  node: 'n1',
  because: 'it is lost: its boot id has not changed',
  sinceMs: NOW - MINUTE,
};

describe('G5: the trouble that a node shows:', () => {
  test.each<{ name: string; node: Partial<NodeFacts>; expected: Trouble | undefined }>([
    { name: 'none without a past', node: {}, expected: undefined },
    { name: 'a try that halted its pool', node: { attempts }, expected: FAILED },
    {
      name: 'none of a try that halted nobody',
      node: { attempts: { reboots: [], failed: { count: 1, lastAtMs: NOW, because: 'aborted' } } },
      expected: undefined,
    },
    {
      name: 'the same while it is tried again',
      node: { attempts, rollout: RECORD, ready: false },
      expected: FAILED,
    },
    { name: 'one that is late', node: acceptedAgo(21 * MINUTE), expected: LOST },
    {
      name: 'one that is late, before what was earlier',
      node: { ...acceptedAgo(21 * MINUTE), attempts, quarantine: QUARANTINE },
      expected: LOST,
    },
    { name: 'none of one in time', node: acceptedAgo(20 * MINUTE), expected: undefined },
    {
      name: 'none of a record nobody can read',
      node: { rollout: { ok: false, because: 'it is not JSON' } },
      expected: undefined,
    },
    {
      name: 'a quarantine of this boot, before a try of earlier',
      node: { attempts, quarantine: QUARANTINE },
      expected: SURVIVED,
    },
    {
      name: 'none of a quarantine of an earlier boot',
      node: { quarantine: QUARANTINE, bootId: 'boot-9' },
      expected: undefined,
    },
    {
      name: 'none of a quarantine nobody can read',
      node: { quarantine: { ok: false, because: 'it is not JSON' } },
      expected: undefined,
    },
    {
      name: 'none once it is in service and wants nothing',
      node: { attempts, report: fine },
      expected: undefined,
    },
    {
      name: "none once it is so under somebody else's cordon",
      node: { attempts, report: fine, unschedulable: true },
      expected: undefined,
    },
    {
      name: 'one that wants nothing, NotReady',
      node: { attempts, report: fine, ready: false },
      expected: FAILED,
    },
    {
      name: 'one that wants nothing, in mid-rollout',
      node: { attempts, report: fine, rollout: RECORD },
      expected: FAILED,
    },
    {
      name: 'one that wants nothing, quarantined',
      node: { report: fine, quarantine: QUARANTINE },
      expected: SURVIVED,
    },
  ])('$name', ({ node, expected }) => {
    expect(troubleOf(aNode(node), judged)).toEqual(expected);
  });
});

describe('G5: a trouble that a person has excused', () => {
  test.each<{ name: string; excusedAtMs: number; sinceMs: number; halts: boolean }>([
    { name: 'halts no more', excusedAtMs: NOW, sinceMs: NOW, halts: false },
    { name: 'halts by a later one', excusedAtMs: NOW - 1, sinceMs: NOW, halts: true },
    { name: 'halts by an excuse of the future', excusedAtMs: NOW + 1, sinceMs: NOW, halts: true },
  ])('$name', ({ excusedAtMs, sinceMs, halts }) => {
    const trouble = { because: 'budget web', atMs: sinceMs };
    const nodes = [
      aNode({ excusedAtMs, attempts: { reboots: [], trouble } }),
      aNode({ name: 'n2', attempts: { reboots: [], trouble } }),
    ];
    const found = troublesOf(nodes, judged).map(({ node }) => node);
    expect(found).toEqual(halts ? ['n1', 'n2'] : ['n2']);
  });
});

test('many are named in part', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((node) => ({ node, because: 'x', sinceMs: NOW }));
  expect(sayHalted(many)).toBe(
    'the pool is halted until it is resumed or the node is back: a: x, b: x, c: x, d: x, e: x and 1 more',
  );
});
